/*
 * list_iterator.h - stepping through a list.
 */
#ifndef SHAREABLE__PYTHON_LIST_ITERATOR_H
#define SHAREABLE__PYTHON_LIST_ITERATOR_H

#include <Python.h>

#include "shareable.h"

/* Prepares the type. Once, before the first iterator. -1 with an exception. */
int list_iterator_prepare(void);

/*
 * A new iterator over the items, each as it is when it is stepped to. It keeps the list. NULL with an
 * exception where that is NULL, or closed.
 */
PyObject *list_iterator_new(shareable_list *list);

#endif
