/*
 * memory_attributes.h - the attributes of a block's object that programs read often.
 */
#ifndef SHAREABLE__PYTHON_MEMORY_ATTRIBUTES_H
#define SHAREABLE__PYTHON_MEMORY_ATTRIBUTES_H

#include <Python.h>

#include "shareable.h"

/*
 * Returns a dict of descriptors for a subclass of the type Memory: buf, name, size and _size.
 *
 * The getter of buf returns the kept view. If there is none, or it is a memoryview that is released,
 * the getter first calls the object's method _new_view(), and keeps what it returns: a view, or
 * None. size and _size are the size of the block, or the object that a program has set as _size, as
 * in the standard library.
 *
 * A property of Python calls a function of Python, which takes longer than the work.
 */
PyObject *memory_attributes(PyTypeObject *memory_type);

/* Returns the kept view. If there is none, calls _new_view() as the getter of buf does. */
PyObject *memory_kept_view(PyObject *memory);

/*
 * Gives the caller a descriptor of the block that no other thread closes, and that the caller must
 * close. Returns the errors of shareable_memory_fd(), or E_SYSTEM.
 *
 * The descriptor of the block itself is only safe to use while no other thread can close the block:
 * afterwards its number may be another file's.
 */
shareable_status memory_duplicate_fd(shareable_memory *memory, int *fd, shareable_error *error);

/* Drops what an object keeps, for another block or at its end. */
void memory_attributes_reset(PyObject *memory);

/* Stores an object, usually a view. Returns None. */
PyObject *memory_keep_view(PyObject *memory, PyObject *view);

#endif
