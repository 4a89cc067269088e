/*
 * raw_slots.h - the slots of the raw types Memory and List, which python.i gives to SWIG.
 */
#ifndef SHAREABLE__PYTHON_RAW_SLOTS_H
#define SHAREABLE__PYTHON_RAW_SLOTS_H

#include <Python.h>

#include "shareable.h"

/* __init__() takes another Memory and shares its handle. */
int memory_init(PyObject *self, PyObject *arguments, PyObject *keywords);
void memory_dealloc(PyObject *self);

/* __init__() takes another List and shares its handle. */
int list_init(PyObject *self, PyObject *arguments, PyObject *keywords);
void list_dealloc(PyObject *self);
Py_ssize_t list_length(PyObject *self);
PyObject *list_item(PyObject *self, Py_ssize_t index);
PyObject *list_subscript(PyObject *self, PyObject *key);
int list_ass_subscript(PyObject *self, PyObject *key, PyObject *object);
PyObject *list_iter(PyObject *self);
int list_contains(PyObject *self, PyObject *object);

#endif
