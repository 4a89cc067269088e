/*
 * view.h - memoryviews of blocks and lists.
 */
#ifndef SHAREABLE__PYTHON_VIEW_H
#define SHAREABLE__PYTHON_VIEW_H

#include <Python.h>

#include "shareable.h"

/* Must be called once, before the first view. Returns -1 with an exception on failure. */
int view_type_init(void);

/*
 * Returns a new memoryview of the block's bytes. It is read-only if the block is attached
 * read-only. Returns NULL with ValueError if the block is closed.
 */
PyObject *memory_view(shareable_memory *memory);

/*
 * Returns a new memoryview of the list's numbers, which must all be ints or all be floats. Returns
 * NULL with an exception on failure: TypeError or ValueError names the first item that prevents it.
 */
PyObject *list_view(shareable_list *list);

#endif
