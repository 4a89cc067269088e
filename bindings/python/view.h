/*
 * view.h - a block's bytes as Python sees them.
 */
#ifndef SHAREABLE__PYTHON_VIEW_H
#define SHAREABLE__PYTHON_VIEW_H

#include <Python.h>

#include "shareable.h"

/* Prepares the type of what stands behind a view. Once, before the first view. -1 with an exception. */
int view_prepare(void);

/* A new memoryview of the block's bytes, writable unless it is attached read-only. ValueError where it is closed. */
PyObject *view_of(shareable_memory *memory);

/* A new memoryview of the list's numbers, all ints or all floats; TypeError, or ValueError, says which item is in the way. */
PyObject *list_view(shareable_list *list);

#endif
