/*
 * list_search.h - searches a list for a Python value.
 */
#ifndef SHAREABLE__PYTHON_LIST_SEARCH_H
#define SHAREABLE__PYTHON_LIST_SEARCH_H

#include <Python.h>

#include "shareable.h"

/*
 * Call shareable_list_count() and shareable_list_index() with the object's value (value_from()).
 * Return a new int, or NULL with an exception: list_index() raises ValueError if no item is equal.
 * The caller must be in the guard, which these functions leave for a time.
 */
PyObject *list_count(shareable_list *list, PyObject *object);
PyObject *list_index(shareable_list *list, PyObject *object);

#endif
