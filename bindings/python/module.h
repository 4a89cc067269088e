/*
 * module.h - the entry point of the raw module, which loads only in the main interpreter.
 */
#ifndef SHAREABLE__PYTHON_MODULE_H
#define SHAREABLE__PYTHON_MODULE_H

#include <Python.h>

PyMODINIT_FUNC PyInit__raw(void);

/* The entry point of SWIG's wrapper. Returns the module or, since SWIG 4.4, its definition. */
PyObject *wrapper_init(void);

#endif
