/*
 * slots.h - the slots of the raw module's two types, as python.i gives them to SWIG.
 */
#ifndef SHAREABLE__PYTHON_SLOTS_H
#define SHAREABLE__PYTHON_SLOTS_H

#include <Python.h>

#include "shareable.h"

/* Memory: made of another Memory, whose handle it then shares. */
int memory_init(PyObject *self, PyObject *arguments, PyObject *keywords);
void memory_dealloc(PyObject *self);

/* List: made of another List, likewise; its items are read and written without a Python frame between. */
int list_init(PyObject *self, PyObject *arguments, PyObject *keywords);
void list_dealloc(PyObject *self);
Py_ssize_t list_length(PyObject *self);
PyObject *list_item(PyObject *self, Py_ssize_t index);
PyObject *list_subscript(PyObject *self, PyObject *key);
int list_ass_subscript(PyObject *self, PyObject *key, PyObject *object);
PyObject *list_iter(PyObject *self);
int list_contains(PyObject *self, PyObject *object);

/* A new object of an item; NULL with an exception. */
PyObject *list_get(const shareable_list *list, int64_t index);

#endif
