/*
 * list_item.h - reads an item of a list as a Python object.
 */
#ifndef SHAREABLE__PYTHON_LIST_ITEM_H
#define SHAREABLE__PYTHON_LIST_ITEM_H

#include <Python.h>

#include "shareable.h"

/* Marks a slow path. As a separate function, it does not make the fast path save more registers. */
#define SLOW_PATH __attribute__((noinline))

/*
 * Returns the item as a new object, or NULL with an exception. The caller must be in the guard,
 * which this function may leave for a time.
 */
PyObject *list_get(const shareable_list *list, int64_t index);

#endif
