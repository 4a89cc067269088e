/*
 * manager.h - what Python is told of a manager's handle.
 */
#ifndef SHAREABLE__PYTHON_MANAGER_H
#define SHAREABLE__PYTHON_MANAGER_H

#include <Python.h>

#include "shareable.h"

/* The slots of the raw type Manager: made of another, whose handle it then shares. */
int manager_init(PyObject *self, PyObject *arguments, PyObject *keywords);
void manager_dealloc(PyObject *self);

#endif
