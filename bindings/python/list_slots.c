/*
 * list_slots.c - a list as Python's interpreter uses it: made, freed, and its items read and written.
 */
#include "handle.h"
#include "list_iterator.h"
#include "slots.h"
#include "status.h"
#include "value.h"
#include "waiting.h"

/* A function of its own: the registers it needs would be saved by the short ways too. */
#define NOT_HOT __attribute__((noinline))

/* A text up to this many bytes is read without a malloc. */
enum { STACK_SIZE = 512 };

int list_init(PyObject *self, PyObject *arguments, PyObject *keywords) {
  void *list;

  if (handle_from_arguments(self, arguments, keywords, &list) < 0)
    return -1;
  shareable_list_unref(handle_exchange(self, shareable_list_ref(list)));
  return 0;
}

void list_dealloc(PyObject *self) {
  shareable_list_unref(handle_of(self));
  handle_free(self);
}

Py_ssize_t list_length(PyObject *self) {
  return (Py_ssize_t)shareable_list_length(handle_of(self));
}

static NOT_HOT PyObject *object_of(const shareable_list *list, int64_t index, shareable_status status,
                                   const shareable_value *value) {
  /* Of a str that is not UTF-8, Python itself raises where and why. */
  return status == SHAREABLE_OK || status == SHAREABLE_E_UTF8 ? value_to(value)
                                                              : status_raise_item(status, list, index);
}

/* A text of more bytes is copied, and more items are stored at once, while other threads run. */
enum { LONG_SIZE = 65536, LONG_COUNT = 4096 };

/* With room for the whole slot: meanwhile, another process may have written a longer text. */
static NOT_HOT PyObject *get_long(shareable_list *list, int64_t index) {
  shareable_value value = shareable_none();
  size_t size = 0;
  shareable_status status = shareable_list_capacity(list, index, &size);
  char *buffer = PyMem_Malloc(size);
  PyThreadState *thread = NULL;
  PyObject *object;

  if (buffer == NULL)
    return PyErr_NoMemory();
  shareable_list_ref(list);
  if (size > LONG_SIZE)
    thread = waiting_begin(list);
  if (status == SHAREABLE_OK)
    status = shareable_list_get(list, index, &value, buffer, size);
  waiting_end(list, thread);
  object = object_of(list, index, status, &value);
  shareable_list_unref(list);
  PyMem_Free(buffer);
  return object;
}

PyObject *list_get(const shareable_list *list, int64_t index) {
  char buffer[STACK_SIZE];
  shareable_value value;
  shareable_status status = shareable_list_get(list, index, &value, buffer, sizeof buffer);

  if (status == SHAREABLE_OK && value.type == SHAREABLE_TYPE_INT)
    return PyLong_FromLongLong(value.integer);
  if (status == SHAREABLE_OK && value.type == SHAREABLE_TYPE_FLOAT)
    return PyFloat_FromDouble(value.real);
  if (status == SHAREABLE_E_BUFFER)
    return get_long((shareable_list *)(uintptr_t)list, index);
  return object_of(list, index, status, &value);
}

/* What a slice's indices are in a list. The closed list is refused even where the slice is empty. */
typedef struct range {
  Py_ssize_t start, step, count;
} range;

static int range_of(const shareable_list *list, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t step, range *result) {
  if (shareable_memory_address(shareable_list_memory(list)) == NULL)
    return status_raise_assignment(SHAREABLE_E_CLOSED, list, 0);
  result->count = PySlice_AdjustIndices((Py_ssize_t)shareable_list_length(list), &start, &stop, step);
  result->start = start;
  result->step = step;
  return 0;
}

static NOT_HOT PyObject *get_slice(PyObject *self, PyObject *slice) {
  Py_ssize_t start, stop, step;
  PyObject *objects;
  range items;

  if (PySlice_Unpack(slice, &start, &stop, &step) < 0 || range_of(handle_of(self), start, stop, step, &items) < 0)
    return NULL;
  objects = PyList_New(items.count);
  for (Py_ssize_t i = 0; objects != NULL && i < items.count; i++) {
    PyObject *object = list_get(handle_of(self), items.start + i * items.step);
    if (object == NULL)
      Py_CLEAR(objects);
    else
      PyList_SET_ITEM(objects, i, object);
  }
  return objects;
}

/* All or none: whether each value has room is seen before the first is written. *at is the item of a failure. */
static shareable_status store(shareable_list *list, const range *items, const shareable_value *values, int64_t *at) {
  shareable_status status = SHAREABLE_OK;

  for (Py_ssize_t i = 0; status == SHAREABLE_OK && i < items->count; i++) {
    size_t room = 0;

    *at = items->start + i * items->step;
    status = shareable_list_capacity(list, *at, &room);
    if (status == SHAREABLE_OK && values[i].length > room)
      status = SHAREABLE_E_SLOT;
  }
  for (Py_ssize_t i = 0; status == SHAREABLE_OK && i < items->count; i++) {
    *at = items->start + i * items->step;
    status = shareable_list_set(list, *at, &values[i]);
  }
  return status;
}

static int set_range(shareable_list *list, const range *items, const shareable_value *values) {
  PyThreadState *thread = NULL;
  shareable_status status;
  int64_t at = 0;
  int result;

  shareable_list_ref(list);
  if (items->count > LONG_COUNT)
    thread = waiting_begin(list);
  status = store(list, items, values, &at);
  waiting_end(list, thread);
  result = status == SHAREABLE_OK ? 0 : status_raise_assignment(status, list, at);
  shareable_list_unref(list);
  return result;
}

/* The list is looked at only when the values are there: to make them may run any Python code. */
static NOT_HOT int set_slice(PyObject *self, PyObject *slice, PyObject *objects) {
  Py_ssize_t start, stop, step;
  value_array values = VALUES_NONE;
  range items;
  int result = -1;

  if (PySlice_Unpack(slice, &start, &stop, &step) < 0)
    return -1;
  if (values_from(objects, &values) < 0 || range_of(handle_of(self), start, stop, step, &items) < 0)
    goto done;
  if (values.count != (size_t)items.count)
    PyErr_Format(PyExc_ValueError, "attempt to assign %zu values to a slice of %zd items: a list keeps its length",
                 values.count, items.count);
  else
    result = set_range(handle_of(self), &items, values.items);
done:
  values_free(&values);
  return result;
}

/* Of an object of any type; an int that does not fit has raised what is said better here. */
static NOT_HOT int index_from_any(PyObject *key, Py_ssize_t *index) {
  PyErr_Clear();
  if (!PyIndex_Check(key)) {
    PyErr_Format(PyExc_TypeError, "list indices must be integers or slices, not %.200s", Py_TYPE(key)->tp_name);
    return -1;
  }
  *index = PyNumber_AsSsize_t(key, PyExc_IndexError);
  return *index == -1 && PyErr_Occurred() ? -1 : 0;
}

static inline int index_from(PyObject *key, Py_ssize_t *index) {
  if (PyLong_CheckExact(key)) {
    *index = PyLong_AsSsize_t(key);
    if (*index != -1 || !PyErr_Occurred())
      return 0;
  }
  return index_from_any(key, index);
}

PyObject *list_item(PyObject *self, Py_ssize_t index) {
  /* The interpreter has added the length to a negative index: what is negative still is past the end. */
  if (index < 0)
    return status_raise_item(SHAREABLE_E_INDEX, handle_of(self), index - list_length(self));
  return list_get(handle_of(self), index);
}

PyObject *list_subscript(PyObject *self, PyObject *key) {
  Py_ssize_t index;

  if (PySlice_Check(key))
    return get_slice(self, key);
  return index_from(key, &index) < 0 ? NULL : list_get(handle_of(self), index);
}

/* An int or a float, which need not be made a value first; E_VALUE_TYPE where it is something else, or beyond 64 bits. */
static shareable_status set_number(shareable_list *list, int64_t index, PyObject *object) {
  if (PyFloat_CheckExact(object))
    return shareable_list_set_float(list, index, PyFloat_AS_DOUBLE(object));
  if (PyLong_CheckExact(object)) {
    int overflow;
    long long integer = PyLong_AsLongLongAndOverflow(object, &overflow);

    if (overflow == 0)
      return shareable_list_set_int(list, index, integer);
  }
  return SHAREABLE_E_VALUE_TYPE;
}

/* The reference outlives an __init__() in another thread that gives the object another list. */
static shareable_status set_long(shareable_list *list, int64_t index, const shareable_value *value) {
  PyThreadState *thread = waiting_begin(shareable_list_ref(list));
  shareable_status status = shareable_list_set(list, index, value);

  waiting_end(list, thread);
  shareable_list_unref(list);
  return status;
}

static int set(PyObject *self, int64_t index, PyObject *object) {
  shareable_status status = set_number(handle_of(self), index, object);
  shareable_value value;
  PyObject *owner;

  if (status == SHAREABLE_E_VALUE_TYPE) {
    if (value_from(object, index, &value, &owner) < 0)
      return -1;
    status = (value.length > LONG_SIZE ? set_long : shareable_list_set)(handle_of(self), index, &value);
    Py_XDECREF(owner);
  }
  return status == SHAREABLE_OK ? 0 : status_raise_assignment(status, handle_of(self), index);
}

int list_ass_subscript(PyObject *self, PyObject *key, PyObject *object) {
  Py_ssize_t index;

  if (object == NULL) {
    PyErr_Format(PyExc_TypeError, "'%.200s' object doesn't support item deletion", Py_TYPE(self)->tp_name);
    return -1;
  }
  if (PySlice_Check(key))
    return set_slice(self, key, object);
  return index_from(key, &index) < 0 ? -1 : set(self, index, object);
}

/* A subclass that has a __getitem__ of its own is stepped through by that. */
PyObject *list_iter(PyObject *self) {
  if (Py_TYPE(self)->tp_as_mapping->mp_subscript != list_subscript)
    return PySeqIter_New(self);
  return list_iterator_new(handle_of(self));
}
