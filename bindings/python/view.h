/*
 * view.h - memoryviews of blocks, lists and arrays.
 */
#ifndef SHAREABLE__PYTHON_VIEW_H
#define SHAREABLE__PYTHON_VIEW_H

#include <Python.h>
#include <stdbool.h>

#include "shareable.h"

/* Must be called once, before the first view. Returns -1 with an exception on failure. */
int view_type_init(void);

/*
 * Returns a new memoryview of the block's bytes. It is read-only if the block is attached
 * read-only. Returns NULL with ValueError if the block is closed.
 */
PyObject *memory_view(shareable_memory *memory);

/*
 * Returns a new memoryview of the items of an array, which begin at byte `offset` of the block. The
 * format has at most 23 characters. Returns NULL with an exception on failure: ValueError if the
 * items are not in the block, or the block is closed.
 */
PyObject *memory_items(shareable_memory *memory, Py_ssize_t offset, PyObject *shape, bool is_fortran_order,
                       const char *format, Py_ssize_t item_size);

/*
 * Returns a new memoryview of the list's numbers, which must all be ints or all be floats. Returns
 * NULL with an exception on failure: TypeError or ValueError names the first item that prevents it.
 */
PyObject *list_view(shareable_list *list);

#endif
