/*
 * handle.c - the C handle in a Python object, and the raw types that contain one.
 */
#include "handle.h"

#include <stdbool.h>

static PyTypeObject *python_type(const swig_type_info *type) {
  return ((SwigPyClientData *)type->clientdata)->pytype;
}

int handle_from(PyObject *object, swig_type_info *type, const char *parameter, void **handle) {
  if (!PyObject_TypeCheck(object, python_type(type))) {
    PyErr_Format(PyExc_TypeError, "'%s' must be a %s, not %.200s", parameter, python_type(type)->tp_name,
                 Py_TYPE(object)->tp_name);
    return -1;
  }
  *handle = handle_of(object);
  return 0;
}

/* Returns the raw type that the object's class derives from. */
static PyTypeObject *raw_type(PyObject *object) {
  PyTypeObject *type = Py_TYPE(object);

  while (type->tp_flags & Py_TPFLAGS_HEAPTYPE)
    type = type->tp_base;
  return type;
}

PyObject *handle_from_arguments(PyObject *self, PyObject *arguments, PyObject *keywords) {
  static char name[] = "handle", *names[] = {name, NULL};
  PyObject *other = NULL;

  PyArg_ParseTupleAndKeywords(arguments, keywords, "O!", names, raw_type(self), &other);
  return other;
}

/* Only another thread's use of a previous handle is a reason to wait. */
void *handle_exchange_at(void **place, void *handle) {
  void *previous = NULL;

  if (__atomic_compare_exchange_n(place, &previous, handle, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return NULL;
  guard_lock();
  previous = __atomic_exchange_n(place, handle, __ATOMIC_ACQ_REL);
  guard_unlock();
  return previous;
}

void *handle_exchange(PyObject *object, void *handle) {
  return handle_exchange_at(&((SwigPyObject *)object)->ptr, handle);
}

void handle_free(PyObject *object) {
  Py_TYPE(object)->tp_free(object);
}

void handle_base_init(PyTypeObject *base) {
  base->tp_as_number = NULL;
  base->tp_repr = PyBaseObject_Type.tp_repr;
  base->tp_hash = PyBaseObject_Type.tp_hash;
  base->tp_richcompare = PyBaseObject_Type.tp_richcompare;
  base->tp_weaklistoffset = 0; /* our classes support weak references themselves */
  PyDict_Clear(base->tp_dict);
  PyType_Modified(base);
}

/*
 * SWIG's metaclass would refuse to set an attribute of a subclass, and to combine it with an
 * abstract class. Each type adds fields to its base (handle_companions()). So Python refuses a
 * class that derives from two of them: such a class would have one handle for both.
 */
int handle_type_init(PyTypeObject *type, const char *name) {
  type->tp_name = name;
  type->tp_basicsize += HANDLE_COMPANIONS * (Py_ssize_t)sizeof(PyObject *);
  Py_SET_TYPE(type, &PyType_Type);
  if (PyDict_DelItemString(type->tp_dict, "this") < 0 || PyDict_DelItemString(type->tp_dict, "thisown") < 0)
    return -1;
  PyType_Modified(type);
  return 0;
}

int handle_type_make_generic(PyTypeObject *type) {
  PyObject *method = PyClassMethod_New((PyObject *)&Py_GenericAliasType);
  int result = method == NULL ? -1 : PyDict_SetItemString(type->tp_dict, "__class_getitem__", method);

  Py_XDECREF(method);
  PyType_Modified(type);
  return result;
}
