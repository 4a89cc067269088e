/*
 * status.h - a status as a Python exception.
 */
#ifndef SHAREABLE__PYTHON_STATUS_H
#define SHAREABLE__PYTHON_STATUS_H

#include <Python.h>

#include "shareable.h"

/* What is known about a call when it fails, for the sentence to show. Nothing in it is owned. */
typedef struct status_context {
  shareable_error error;      /* what the function said itself, or no text */
  const shareable_list *list; /* the list it was about, or NULL */
  int64_t index;              /* of the item it was about */
  const size_t *damaged;      /* where the function put the index of a damaged item, or NULL */
  const char *name;           /* the block's, or NULL */
  PyObject *value;            /* that was looked for, or NULL */
} status_context;

/* The wrappers of SWIG declare theirs with it. */
#define STATUS_CONTEXT_NONE ((status_context){.list = NULL})

/* Raises what the status stands for. */
void status_raise(shareable_status status, const status_context *context);

/* The same for a list as a whole, and for an item of it. All return what stands for an error, so that they can be returned. */
PyObject *status_raise_list(shareable_status status, const shareable_list *list);
PyObject *status_raise_item(shareable_status status, const shareable_list *list, int64_t index);
int status_raise_assignment(shareable_status status, const shareable_list *list, int64_t index);

#endif
