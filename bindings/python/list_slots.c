/*
 * list_slots.c - the slots of the raw type List.
 */
#include "gil.h"
#include "handle.h"
#include "list_item.h"
#include "list_iterator.h"
#include "raw_slots.h"
#include "status.h"
#include "value.h"

int list_init(PyObject *self, PyObject *arguments, PyObject *keywords) {
  PyObject *other = handle_from_arguments(self, arguments, keywords);

  if (other == NULL)
    return -1;
  guard_enter();
  shareable_list_unref(handle_exchange(self, shareable_list_ref(handle_of(other))));
  guard_leave();
  return 0;
}

/* In the guard: another thread may close the block through another object. */
void list_dealloc(PyObject *self) {
  guard_enter();
  shareable_list_unref(handle_of(self));
  guard_leave();
  handle_free(self);
}

Py_ssize_t list_length(PyObject *self) {
  Py_ssize_t length;

  guard_enter();
  length = (Py_ssize_t)shareable_list_length(handle_of(self));
  guard_leave();
  return length;
}

/* The items of a list that a slice selects. */
typedef struct range {
  Py_ssize_t start, step, count;
} range;

/* Fails if the list is closed, even if the slice is empty. */
static int range_from_slice(const shareable_list *list, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t step,
                            range *result) {
  if (shareable_memory_address(shareable_list_memory(list)) == NULL)
    return status_raise_assignment(SHAREABLE_E_CLOSED, list, 0);
  result->count = PySlice_AdjustIndices((Py_ssize_t)shareable_list_length(list), &start, &stop, step);
  result->start = start;
  result->step = step;
  return 0;
}

/* Reads the items from the handle that the object has when each is read. */
static PyObject *get_range(PyObject *self, const range *items) {
  PyObject *objects = PyList_New(items->count);

  for (Py_ssize_t i = 0; objects != NULL && i < items->count; i++) {
    PyObject *object = list_get(handle_of(self), items->start + i * items->step);
    if (object == NULL)
      Py_CLEAR(objects);
    else
      PyList_SET_ITEM(objects, i, object);
  }
  return objects;
}

static SLOW_PATH PyObject *get_slice(PyObject *self, PyObject *slice) {
  Py_ssize_t start, stop, step;
  PyObject *objects = NULL;
  range items;

  if (PySlice_Unpack(slice, &start, &stop, &step) < 0)
    return NULL;
  guard_enter();
  if (range_from_slice(handle_of(self), start, stop, step, &items) == 0)
    objects = get_range(self, &items);
  guard_leave();
  return objects;
}

/*
 * Stores all values, or none if a slot is too small for its value. On failure, *index is the
 * failing item.
 */
static shareable_status assign_checked(shareable_list *list, const range *items, const shareable_value *values,
                                       int64_t *index) {
  shareable_status status = SHAREABLE_OK;

  for (Py_ssize_t i = 0; status == SHAREABLE_OK && i < items->count; i++) {
    size_t capacity = 0;

    *index = items->start + i * items->step;
    status = shareable_list_capacity(list, *index, &capacity);
    if (status == SHAREABLE_OK && values[i].length > capacity)
      status = SHAREABLE_E_CAPACITY;
  }
  for (Py_ssize_t i = 0; status == SHAREABLE_OK && i < items->count; i++) {
    *index = items->start + i * items->step;
    status = shareable_list_set(list, *index, &values[i]);
  }
  return status;
}

static int set_range(shareable_list *list, const range *items, const value_array *values) {
  PyThreadState *thread = NULL;
  shareable_status status;
  int64_t index = 0;
  int result;

  if (values->count != (size_t)items->count) {
    PyErr_Format(PyExc_ValueError,
                 "attempt to assign sequence of size %zu to slice of size %zd: the length of a list is fixed",
                 values->count, items->count);
    return -1;
  }
  shareable_list_ref(list);
  if (items->count > GIL_ITEMS_MAX)
    thread = gil_release(list);
  status = assign_checked(list, items, values->items, &index);
  gil_acquire(list, thread);
  result = status == SHAREABLE_OK ? 0 : status_raise_assignment(status, list, index);
  shareable_list_unref(list);
  return result;
}

/*
 * Takes the handle only after the values are converted: the conversion may run any Python code,
 * which may give the object another list.
 */
static SLOW_PATH int set_slice(PyObject *self, PyObject *slice, PyObject *objects) {
  Py_ssize_t start, stop, step;
  value_array values = VALUES_NONE;
  range items;
  int result = -1;

  if (PySlice_Unpack(slice, &start, &stop, &step) < 0)
    return -1;
  if (values_from(objects, &values) < 0)
    goto done;
  guard_enter();
  if (range_from_slice(handle_of(self), start, stop, step, &items) == 0)
    result = set_range(handle_of(self), &items, &values);
  guard_leave();
done:
  values_free(&values);
  return result;
}

/* Converts a key of any type. Replaces the OverflowError of an int that does not fit. */
static SLOW_PATH int index_from_any(PyObject *key, Py_ssize_t *index) {
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

/* The interpreter has added the length: if the index is still negative, it is out of range. */
static SLOW_PATH PyObject *raise_before_first(const shareable_list *list, Py_ssize_t index) {
  return status_raise_item(SHAREABLE_E_INDEX, list, index - (Py_ssize_t)shareable_list_length(list));
}

PyObject *list_item(PyObject *self, Py_ssize_t index) {
  PyObject *object;

  guard_enter();
  object = index < 0 ? raise_before_first(handle_of(self), index) : list_get(handle_of(self), index);
  guard_leave();
  return object;
}

PyObject *list_subscript(PyObject *self, PyObject *key) {
  PyObject *object;
  Py_ssize_t index;

  if (PySlice_Check(key))
    return get_slice(self, key);
  if (index_from(key, &index) < 0)
    return NULL;
  guard_enter();
  object = list_get(handle_of(self), index);
  guard_leave();
  return object;
}

/*
 * Writes an int or a float without making a value. Returns SHAREABLE_E_VALUE_TYPE if the object has
 * another type, or does not fit in 64 bits.
 */
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

/*
 * The reference keeps the list if another thread calls __init__() of the object, which then has
 * another list.
 */
static shareable_status set_without_gil(shareable_list *list, int64_t index, const shareable_value *value) {
  PyThreadState *thread = gil_release(shareable_list_ref(list));
  shareable_status status = shareable_list_set(list, index, value);

  gil_acquire(list, thread);
  shareable_list_unref(list);
  return status;
}

static int set_result(PyObject *self, int64_t index, shareable_status status) {
  return status == SHAREABLE_OK ? 0 : status_raise_assignment(status, handle_of(self), index);
}

static int set_any(PyObject *self, int64_t index, PyObject *object) {
  shareable_status status;
  shareable_value value;
  PyObject *owner;
  int result;

  if (value_from(object, index, &value, &owner) < 0)
    return -1;
  guard_enter();
  status = (value.length > GIL_TEXT_MAX ? set_without_gil : shareable_list_set)(handle_of(self), index, &value);
  result = set_result(self, index, status);
  guard_leave();
  Py_XDECREF(owner);
  return result;
}

static int set(PyObject *self, int64_t index, PyObject *object) {
  shareable_status status;
  int result = 0;

  guard_enter();
  status = set_number(handle_of(self), index, object);
  if (status != SHAREABLE_E_VALUE_TYPE)
    result = set_result(self, index, status);
  guard_leave();
  return status == SHAREABLE_E_VALUE_TYPE ? set_any(self, index, object) : result;
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

/* If a subclass overrides __getitem__(), iteration calls it. */
PyObject *list_iter(PyObject *self) {
  PyObject *iterator;

  if (Py_TYPE(self)->tp_as_mapping->mp_subscript != list_subscript)
    return PySeqIter_New(self);
  guard_enter();
  iterator = list_iterator_new(handle_of(self));
  guard_leave();
  return iterator;
}
