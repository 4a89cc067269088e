/*
 * dict_iterator.c - the iterators over the keys, the values and the items of a dict.
 */
#include "dict_iterator.h"

#include "dict.h"
#include "guard.h"
#include "status.h"
#include "value.h"

/* What an iterator yields. */
typedef enum yields { KEYS, VALUES, ITEMS } yields;

typedef struct dict_iterator {
  PyObject_HEAD shareable_dict *dict;
  size_t cursor;
  yields kind;
  char *buffer; /* for a value; NULL for keys */
  size_t size;
} dict_iterator;

static void dealloc(PyObject *self) {
  dict_iterator *iterator = (dict_iterator *)self;

  guard_enter();
  shareable_dict_unref(iterator->dict);
  guard_leave();
  PyMem_Free(iterator->buffer);
  PyObject_Free(self);
}

/*
 * Reads the next key. It keeps the GIL, because another thread may use the iterator, too. The
 * cursor is then after its place, also if only its value cannot be read.
 */
static shareable_status read_next(dict_iterator *iterator, shareable_dict_item *item) {
  shareable_status status = shareable_dict_next(iterator->dict, &iterator->cursor, item);

  if (iterator->kind != KEYS || (status != SHAREABLE_E_BUFFER && status != SHAREABLE_E_CORRUPT))
    return status;
  ++iterator->cursor;
  return SHAREABLE_OK;
}

static PyObject *pair_of(const shareable_dict_item *item) {
  PyObject *key = value_to(&item->key), *value = key == NULL ? NULL : value_to(&item->value);
  PyObject *pair = value == NULL ? NULL : PyTuple_Pack(2, key, value);

  Py_XDECREF(key);
  Py_XDECREF(value);
  return pair;
}

/* After the last key or an error, the iterator is exhausted. */
static PyObject *next_in_guard(dict_iterator *iterator) {
  char key[SHAREABLE_DICT_KEY_MAX];
  shareable_dict_item item = {.key_buffer = key,
                              .key_buffer_size = sizeof key,
                              .value_buffer = iterator->buffer,
                              .value_buffer_size = iterator->size};
  shareable_status status = read_next(iterator, &item);

  if (status == SHAREABLE_OK && iterator->kind == KEYS)
    return value_to(&item.key);
  if (status == SHAREABLE_OK)
    return iterator->kind == VALUES ? value_to(&item.value) : pair_of(&item);
  iterator->cursor = SIZE_MAX;
  return status == SHAREABLE_E_NO_KEY ? NULL : status_raise_dict(status, iterator->dict, &item.key);
}

/* If several threads use the iterator, one of them reads at a time. */
static PyObject *next(PyObject *self) {
  PyObject *result;

  Py_BEGIN_CRITICAL_SECTION(self);
  guard_enter();
  result = next_in_guard((dict_iterator *)self);
  guard_leave();
  Py_END_CRITICAL_SECTION();
  return result;
}

static PyTypeObject type = {
  PyVarObject_HEAD_INIT(NULL, 0).tp_name = "shareable._raw.DictIterator",
  .tp_doc = "An iterator over the keys, the values or the items of a dict.",
  .tp_basicsize = sizeof(dict_iterator),
  .tp_dealloc = dealloc,
  .tp_flags = Py_TPFLAGS_DEFAULT,
  .tp_iter = PyObject_SelfIter,
  .tp_iternext = next,
};

int dict_iterator_type_init(void) {
  return PyType_Ready(&type);
}

/* In the guard. */
static PyObject *new_iterator(shareable_dict *dict, yields kind) {
  dict_iterator *iterator;
  size_t length;
  shareable_status status = shareable_dict_length(dict, &length);

  if (status != SHAREABLE_OK)
    return status_raise_dict(status, dict, NULL);
  iterator = PyObject_New(dict_iterator, &type);
  if (iterator == NULL)
    return NULL;
  iterator->dict = shareable_dict_ref(dict);
  iterator->cursor = 0;
  iterator->kind = kind;
  iterator->size = kind == KEYS ? 0 : shareable_dict_value_size(dict);
  iterator->buffer = kind == KEYS ? NULL : PyMem_Malloc(iterator->size);
  if (kind == KEYS || iterator->buffer != NULL)
    return (PyObject *)iterator;
  PyErr_NoMemory();
  guard_leave();
  Py_DECREF(iterator);
  guard_enter();
  return NULL;
}

static PyObject *iterate(PyObject *object, yields kind) {
  PyObject *iterator;

  if (dict_check(object, "dict") < 0)
    return NULL;
  guard_enter();
  iterator = new_iterator(dict_of(object), kind);
  guard_leave();
  return iterator;
}

PyObject *dict_keys(PyObject *dict) {
  return iterate(dict, KEYS);
}

PyObject *dict_values(PyObject *dict) {
  return iterate(dict, VALUES);
}

PyObject *dict_items(PyObject *dict) {
  return iterate(dict, ITEMS);
}
