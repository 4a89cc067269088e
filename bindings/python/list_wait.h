/*
 * list_wait.h - waits for a change in a list for Python.
 */
#ifndef SHAREABLE__PYTHON_LIST_WAIT_H
#define SHAREABLE__PYTHON_LIST_WAIT_H

#include <Python.h>

#include "shareable.h"

/*
 * Wait like shareable_list_wait() and shareable_list_wait_any(), with the same timeout.
 * list_wait() returns None, and list_wait_any() the new hash. Both return NULL with an exception
 * on failure, or if a signal handler raised one.
 */
PyObject *list_wait(shareable_list *list, int64_t index, const shareable_value *value, int64_t timeout);
PyObject *list_wait_any(shareable_list *list, uint64_t hash, int64_t timeout);

/* Returns whether the item differs from the value, or NULL with an exception. Does not wait. */
PyObject *list_differs(shareable_list *list, int64_t index, const shareable_value *value);

#endif
