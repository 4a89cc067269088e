/*
 * wrapper.h - definitions with which the code of each version of SWIG compiles for each CPython.
 *
 * It must be included before SWIG's code: the wrapper and swigpyrun.h.
 */
#ifndef SHAREABLE__PYTHON_WRAPPER_H
#define SHAREABLE__PYTHON_WRAPPER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Since 4.4, SWIG makes types on the heap unless this is defined. handle.c needs static types. */
#define SWIG_NO_HEAPTYPES

/* CPython 3.15 does not have PyWeakref_GET_OBJECT(), which SWIG before 4.5 calls. */
#if PY_VERSION_HEX >= 0x030f0000
static inline PyObject *wrapper_weakref_object(PyObject *reference) {
  PyObject *object = NULL;

  if (PyWeakref_GetRef(reference, &object) > 0)
    Py_DECREF(object);
  return object;
}
#define PyWeakref_GET_OBJECT wrapper_weakref_object
#endif

#endif
