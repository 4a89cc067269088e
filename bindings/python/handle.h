/*
 * handle.h - the C handle in a Python object, and the raw types that contain one.
 */
#ifndef SHAREABLE__PYTHON_HANDLE_H
#define SHAREABLE__PYTHON_HANDLE_H

#include <Python.h>

#include "guard.h"
#include "shareable.h"
#include "wrapper.h"

#ifndef SWIG_RUNTIME_VERSION /* the wrapper contains SWIG's runtime */
#define SWIGPYTHON_BUILTIN
#include "swigpyrun.h"
#endif

/*
 * Returns the handle: a shareable_memory, a shareable_list or a shareable_manager. It is NULL
 * before __init__(). The caller must have checked the object's type, and must be in the guard,
 * which keeps the handle.
 */
static inline void *handle_of(PyObject *object) {
  return __atomic_load_n(&((SwigPyObject *)object)->ptr, __ATOMIC_ACQUIRE);
}

enum { HANDLE_COMPANIONS = 2 };

/*
 * Returns the fields after the handle, for objects that the type keeps. The type's deallocator must
 * clear them. They are NULL at first: Python allocates zeros, and handle_init() is called for an
 * object that SWIG allocates.
 */
static inline PyObject **handle_companions(PyObject *object) {
  return (PyObject **)(void *)((SwigPyObject *)object + 1);
}

/*
 * Initializes the companions of a new object, which SWIG does not. Returns the object. It may be
 * NULL, or None for a handle that is NULL.
 */
static inline PyObject *handle_init(PyObject *object) {
  if (object != NULL && object != Py_None)
    for (int i = 0; i < HANDLE_COMPANIONS; i++)
      handle_companions(object)[i] = NULL;
  return object;
}

/*
 * Gets the handle from an object of any type. Returns -1 with TypeError if the object is not an
 * instance of `type`. The caller must be in the guard.
 */
int handle_from(PyObject *object, swig_type_info *type, const char *parameter, void **handle);

/*
 * Parses the arguments of Memory(handle), List(handle) and Manager(handle). Returns the argument,
 * which has the same type as `self`, as a borrowed reference, or NULL with an exception.
 */
PyObject *handle_from_arguments(PyObject *self, PyObject *arguments, PyObject *keywords);

/*
 * Gives the object another handle, with its reference. Returns the previous handle, which no other
 * thread uses through this object any more. The caller must be in the guard, which this function
 * may leave for a time.
 */
void *handle_exchange(PyObject *object, void *handle);

/* Does the same for an object that is not SWIG's, whose handle is in `*place`. */
void *handle_exchange_at(void **place, void *handle);

/* Frees an object. The caller must have released the handle's reference. */
void handle_free(PyObject *object);

/*
 * SWIG's types act like C pointers: they support addition, comparison and conversion. Users see
 * subclasses of ours, so these functions remove that behaviour: handle_base_init() from the common
 * base before it is inherited, and handle_type_init() from each type. handle_type_init() returns -1
 * with an exception on failure.
 */
void handle_base_init(PyTypeObject *base);
int handle_type_init(PyTypeObject *type, const char *name);

/*
 * Makes type[int] a types.GenericAlias, so that a class can derive from type[T]. Returns -1 with an
 * exception on failure.
 */
int handle_type_make_generic(PyTypeObject *type);

#endif
