/*
 * memory_attributes.h - the attributes of a block's object that programs read often.
 */
#ifndef SHAREABLE__PYTHON_MEMORY_ATTRIBUTES_H
#define SHAREABLE__PYTHON_MEMORY_ATTRIBUTES_H

#include <Python.h>

/*
 * Returns a dict of descriptors for a subclass of the type Memory: buf, name, size and _size.
 *
 * The getter of buf returns the kept view. If that is a memoryview that is released, it first calls
 * the object's method _keep_view(), which keeps a new one, or None. size and _size are the size of
 * the block, or the object that a program has set as _size, as in the standard library.
 *
 * A property of Python calls a function of Python, which takes longer than the work.
 */
PyObject *memory_attributes(PyTypeObject *memory_type);

/* Returns the object that memory_keep_view() has stored last, or None. */
PyObject *memory_kept_view(PyObject *memory);

/* Drops what an object keeps, for another block or at its end. */
void memory_attributes_reset(PyObject *memory);

/* Stores an object, usually a view. Returns None. */
PyObject *memory_keep_view(PyObject *memory, PyObject *view);

#endif
