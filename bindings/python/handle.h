/*
 * handle.h - the handle in a Python object, and the two types of object that hold one.
 */
#ifndef SHAREABLE__PYTHON_HANDLE_H
#define SHAREABLE__PYTHON_HANDLE_H

#include <Python.h>

#include "shareable.h"

#ifndef SWIG_RUNTIME_VERSION /* the wrapper has SWIG's runtime in itself */
#define SWIGPYTHON_BUILTIN
#include "swigpyrun.h"
#endif

/* The handle, a shareable_memory or a shareable_list; NULL before __init__(). The caller has checked the object's type. */
static inline void *handle_of(PyObject *object) {
  return ((SwigPyObject *)object)->ptr;
}

/* The same of an object that may be anything: -1 with TypeError where it is not of the type that SWIG knows as `type`. */
int handle_from(PyObject *object, swig_type_info *type, const char *parameter, void **handle);

/* What Memory(other) and List(other) do with their arguments: finds the other's handle, which may be NULL. */
int handle_from_arguments(PyObject *self, PyObject *arguments, PyObject *keywords, void **handle);

/* Gives the object another handle, with its reference, and returns the one that it had. */
void *handle_exchange(PyObject *object, void *handle);

/* A new object of the raw type that the object's class derives from, without a handle. NULL with an exception. */
PyObject *handle_allocate(PyObject *like);

/* Frees an object, once its handle's reference is dropped. */
void handle_free(PyObject *object);

/*
 * SWIG's types are made for C pointers: they add, compare and convert them, and own them or not. Ours are to be subclassed
 * by what people use, so these two take that away: from the common base before it is inherited, and from each type then.
 */
void handle_base_settle(PyTypeObject *base);
int handle_type_settle(PyTypeObject *type, const char *name);

#endif
