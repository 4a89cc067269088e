/*
 * dict_iterator.h - the iterators over the keys, the values and the items of a dict.
 */
#ifndef SHAREABLE__PYTHON_DICT_ITERATOR_H
#define SHAREABLE__PYTHON_DICT_ITERATOR_H

#include <Python.h>

#include "shareable.h"

/* Must be called once, before the first iterator. Returns -1 with an exception on failure. */
int dict_iterator_type_init(void);

/*
 * Reads the next key as shareable_dict_next() does. A value that the buffer cannot hold, or that is
 * corrupt, is no error. On failure, the item contains the key only if it was read, and otherwise None.
 */
shareable_status dict_next_key(const shareable_dict *dict, size_t *cursor, shareable_dict_item *item);

/*
 * Return a new iterator over a Dict, which holds a reference to the dict and reads each key when it
 * gets there. Return NULL with an exception if the object is not a Dict, or the dict is closed.
 */
PyObject *dict_keys(PyObject *dict);
PyObject *dict_values(PyObject *dict);
PyObject *dict_items(PyObject *dict);

#endif
