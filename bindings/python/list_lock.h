/*
 * list_lock.h - locks a list for Python.
 */
#ifndef SHAREABLE__PYTHON_LIST_LOCK_H
#define SHAREABLE__PYTHON_LIST_LOCK_H

#include <Python.h>

#include "shareable.h"

/*
 * Locks a list like shareable_list_lock(), with the same timeout. Returns True if the previous
 * owner died while it held the lock, otherwise False. Returns NULL with an exception on failure,
 * or if a signal handler raised one; then the lock is not taken.
 */
PyObject *list_lock(shareable_list *list, int64_t timeout);

#endif
