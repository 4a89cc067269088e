/*
 * status.h - raises a status as a Python exception.
 */
#ifndef SHAREABLE__PYTHON_STATUS_H
#define SHAREABLE__PYTHON_STATUS_H

#include <Python.h>

#include "shareable.h"

/* The details of a failed call, for the error message. It owns nothing. */
typedef struct status_context {
  shareable_error error;      /* the message from the function, or empty */
  const shareable_list *list; /* or NULL */
  int64_t index;              /* the item that the caller named */
  const size_t *bad_index;    /* the corrupt item that the function found, or NULL */
  const char *name;           /* the block's name, or NULL */
  PyObject *value;            /* the value that was searched for, or NULL; with it, in the guard */
} status_context;

/* The initial value of the context in each SWIG wrapper. */
#define STATUS_CONTEXT_NONE ((status_context){.list = NULL})

/* Raises the exception of the status. */
void status_raise(shareable_status status, const status_context *context);

/*
 * Raise the exception of a failure of a list, of reading an item, and of writing one. They return
 * NULL or -1, which the caller can return.
 */
PyObject *status_raise_list(shareable_status status, const shareable_list *list);
PyObject *status_raise_item(shareable_status status, const shareable_list *list, int64_t index);
int status_raise_assignment(shareable_status status, const shareable_list *list, int64_t index);

/* Raises the exception of a failure of a dict. `key` may be NULL. Returns NULL. */
PyObject *status_raise_dict(shareable_status status, const shareable_dict *dict, const shareable_value *key);

/* Raises the exception of a failure to transfer the ownership of blocks to the process. */
void status_raise_transfer(shareable_status status, int64_t pid);

/* Must be called once, before the other functions. Returns -1 with an exception on failure. */
int status_init(void);

#endif
