/*
 * list_wait.h - waiting for a change in a list, as Python does.
 */
#ifndef SHAREABLE__PYTHON_LIST_WAIT_H
#define SHAREABLE__PYTHON_LIST_WAIT_H

#include <Python.h>

#include "shareable.h"

/*
 * As shareable_list_wait() and shareable_list_wait_any(), with the same timeout. They return None, and the new digest; NULL
 * with an exception, which may be what a signal's handler raised meanwhile.
 */
PyObject *list_wait(shareable_list *list, int64_t index, const shareable_value *value, int64_t timeout);
PyObject *list_wait_any(shareable_list *list, uint64_t digest, int64_t timeout);

#endif
