/*
 * manager.h - the slots of the raw type Manager, and its methods that are not in the C library.
 */
#ifndef SHAREABLE__PYTHON_MANAGER_H
#define SHAREABLE__PYTHON_MANAGER_H

#include <Python.h>

#include "shareable.h"

/* __init__() takes another Manager and shares its handle. */
int manager_init(PyObject *self, PyObject *arguments, PyObject *keywords);
void manager_dealloc(PyObject *self);

/* The caller of the following functions must hold a reference to the manager. */

/*
 * Gives a block to the manager: see shareable_manager_adopt(). The caller must be in the guard,
 * which this function leaves for a time. Returns None.
 */
PyObject *manager_adopt(shareable_manager *manager, shareable_memory *memory);

/*
 * Waits for at most `timeout` nanoseconds until the process of a manager that this process started
 * has ended. Returns its exit code as shareable_manager_wait() does, or None if it has not ended.
 * Signals are not handled during the wait.
 */
PyObject *manager_wait(shareable_manager *manager, int64_t timeout);

/* Returns a list of the names of the manager's blocks. */
PyObject *manager_names(shareable_manager *manager);

#endif
