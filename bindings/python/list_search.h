/*
 * list_search.h - searching a list for a value, as Python does.
 */
#ifndef SHAREABLE__PYTHON_LIST_SEARCH_H
#define SHAREABLE__PYTHON_LIST_SEARCH_H

#include <Python.h>

#include "shareable.h"

/*
 * As shareable_list_count() and shareable_list_index(), of what value_from() makes of the object. A new int; NULL with an
 * exception, which is ValueError where the value is not there.
 */
PyObject *list_count(shareable_list *list, PyObject *object);
PyObject *list_index(shareable_list *list, PyObject *object);

#endif
