/*
 * array.h - converts the shapes and the items of arrays from Python, and their descriptions to Python.
 */
#ifndef SHAREABLE__PYTHON_ARRAY_H
#define SHAREABLE__PYTHON_ARRAY_H

#include <Python.h>

#include "shareable.h"

typedef struct array_shape {
  size_t ndim;
  uint64_t lengths[SHAREABLE_NDIM_MAX]; /* of the dimensions */
} array_shape;

/* Converts an int, or a sequence of ints. Returns -1 with an exception on failure. */
int array_shape_from(PyObject *object, array_shape *shape);

/* Calls shareable_array_create_from(). SWIG would cast the lengths to another type of 64 bits. */
shareable_status array_create_from(shareable_array **array, const char *name, const char *descr,
                                   const array_shape *shape, const void *items, size_t size, uint32_t flags,
                                   uint32_t mode, shareable_error *error);

/* Gets the buffer of the items, which must be contiguous in C order. None is an empty buffer. */
int array_items_from(PyObject *object, Py_buffer *items);

/*
 * Returns the tuple (memory, offset, shape, is_fortran_order, descr, format, item_size), or NULL with
 * an exception. It takes over the reference to `memory`, the object of the array's block. `offset` is
 * that of the first item in the block, in bytes; `format` is that of a memoryview.
 */
PyObject *array_description(const shareable_array *array, PyObject *memory);

#endif
