/*
 * list_lock.h - the lock of a list as Python waits for it.
 */
#ifndef SHAREABLE__PYTHON_LIST_LOCK_H
#define SHAREABLE__PYTHON_LIST_LOCK_H

#include <Python.h>

#include "shareable.h"

/*
 * Locks a list, as shareable_list_lock() with the same timeout. Returns whether the owner before died; NULL with an exception,
 * which may be what a signal's handler raised meanwhile: then the lock is not taken.
 */
PyObject *list_lock(shareable_list *list, int64_t timeout);

#endif
