/*
 * manager.h - the slots of the raw type Manager.
 */
#ifndef SHAREABLE__PYTHON_MANAGER_H
#define SHAREABLE__PYTHON_MANAGER_H

#include <Python.h>

#include "shareable.h"

/* __init__() takes another Manager and shares its handle. */
int manager_init(PyObject *self, PyObject *arguments, PyObject *keywords);
void manager_dealloc(PyObject *self);

#endif
