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
  shareable_dict_item buffers; /* in one allocation at key_buffer; none for a value if it yields keys */
} dict_iterator;

static void dealloc(PyObject *self) {
  dict_iterator *iterator = (dict_iterator *)self;

  guard_enter();
  shareable_dict_unref(iterator->dict);
  guard_leave();
  PyMem_Free(iterator->buffers.key_buffer);
  PyObject_Free(self);
}

/*
 * Reads the next place that has a key. In a list of stock Python, a key gets longer than the buffer
 * if another process changes the offsets of the list: then the key was not read.
 */
static shareable_status next_place(const shareable_dict *dict, size_t *cursor, shareable_dict_item *item) {
  shareable_status status;

  item->key = shareable_none();
  status = shareable_dict_next(dict, cursor, item);
  if (status != SHAREABLE_E_BUFFER || item->key.length <= item->key_buffer_size)
    return status;
  item->key = shareable_none();
  return SHAREABLE_E_CORRUPT;
}

shareable_status dict_next_key(const shareable_dict *dict, size_t *cursor, shareable_dict_item *item) {
  shareable_status status = next_place(dict, cursor, item);

  if (item->key.type == SHAREABLE_TYPE_NONE || (status != SHAREABLE_E_BUFFER && status != SHAREABLE_E_CORRUPT))
    return status;
  ++*cursor;
  return SHAREABLE_OK;
}

/* Keeps the GIL, because another thread may use the iterator, too. */
static shareable_status read_next(dict_iterator *iterator, shareable_dict_item *item) {
  return (iterator->kind == KEYS ? dict_next_key : next_place)(iterator->dict, &iterator->cursor, item);
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
  shareable_dict_item item = iterator->buffers;
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

/* A key of a list of stock Python may be longer than SHAREABLE_DICT_KEY_MAX. */
static bool add_buffers(dict_iterator *iterator) {
  shareable_dict_item *buffers = &iterator->buffers;

  *buffers = (shareable_dict_item){
    .key_buffer_size = shareable_dict_key_size(iterator->dict),
    .value_buffer_size = iterator->kind == KEYS ? 0 : shareable_dict_value_size(iterator->dict),
  };
  buffers->key_buffer = PyMem_Malloc(buffers->key_buffer_size + buffers->value_buffer_size);
  if (buffers->key_buffer == NULL)
    return false;
  if (iterator->kind != KEYS)
    buffers->value_buffer = (char *)buffers->key_buffer + buffers->key_buffer_size;
  return true;
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
  if (add_buffers(iterator))
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
