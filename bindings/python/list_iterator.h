/*
 * list_iterator.h - the iterator over a list.
 */
#ifndef SHAREABLE__PYTHON_LIST_ITERATOR_H
#define SHAREABLE__PYTHON_LIST_ITERATOR_H

#include <Python.h>

#include "shareable.h"

/* Must be called once, before the first iterator. Returns -1 with an exception on failure. */
int list_iterator_type_init(void);

/*
 * Returns a new iterator, which holds a reference to the list and reads each item when it gets
 * there. Returns NULL with an exception if the list is NULL or closed. The caller must be in the
 * guard.
 */
PyObject *list_iterator_new(shareable_list *list);

#endif
