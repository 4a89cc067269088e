/*
 * list_search.c - searches a list for a Python value.
 */
#include "list_search.h"

#include <stdbool.h>

#include "gil.h"
#include "handle.h"
#include "list_item.h"
#include "raw_slots.h"
#include "status.h"
#include "value.h"

typedef shareable_status search_call(const shareable_list *list, const shareable_value *value, size_t *result);

static shareable_status search(search_call *call, shareable_list *list, const shareable_value *value, size_t *result) {
  PyThreadState *thread = shareable_list_length(list) > GIL_ITEMS_MAX ? gil_release(list) : NULL;
  shareable_status status = call(list, value, result);

  gil_acquire(list, thread);
  return status;
}

static PyObject *raise(shareable_status status, const shareable_list *list, PyObject *object, size_t bad_index) {
  status_context context = STATUS_CONTEXT_NONE;

  context.list = list;
  context.name = shareable_memory_name(shareable_list_memory(list));
  context.bad_index = &bad_index;
  context.value = object;
  status_raise(status, &context);
  return NULL;
}

/* The conversion may run any Python code. */
static int value_from_outside_guard(PyObject *object, shareable_value *value, PyObject **owner) {
  int result;

  guard_leave();
  result = value_from(object, 0, value, owner);
  guard_enter();
  return result;
}

static PyObject *search_for(search_call *call, shareable_list *list, PyObject *object) {
  PyObject *owner, *number = NULL;
  shareable_value value;
  shareable_status status;
  size_t result = 0;

  shareable_list_ref(list);
  if (value_from_outside_guard(object, &value, &owner) == 0) {
    status = search(call, list, &value, &result);
    number = status == SHAREABLE_OK ? PyLong_FromSize_t(result) : raise(status, list, object, result);
    Py_XDECREF(owner);
  }
  shareable_list_unref(list);
  return number;
}

PyObject *list_count(shareable_list *list, PyObject *object) {
  return search_for(shareable_list_count, list, object);
}

PyObject *list_index(shareable_list *list, PyObject *object) {
  return search_for(shareable_list_index, list, object);
}

/*
 * Compares each item in Python: the object may define its own ==, and a subclass of the list its
 * own __getitem__() or __iter__().
 */
static int contains_by_comparison(PyObject *self, PyObject *object) {
  PyObject *iterator = PyObject_GetIter(self), *item = NULL;
  int found = iterator == NULL ? -1 : 0;

  while (found == 0 && (item = PyIter_Next(iterator)) != NULL) {
    found = PyObject_RichCompareBool(item, object, Py_EQ);
    Py_DECREF(item);
  }
  Py_XDECREF(iterator);
  return found == 0 && PyErr_Occurred() ? -1 : found;
}

static bool is_read_by_subclass(PyObject *self) {
  return Py_TYPE(self)->tp_iter != list_iter || Py_TYPE(self)->tp_as_mapping->mp_subscript != list_subscript;
}

int list_contains(PyObject *self, PyObject *object) {
  shareable_list *list;
  shareable_status status;
  shareable_value value;
  PyObject *owner;
  size_t index = 0;

  if (!value_is_exact_builtin(object) || is_read_by_subclass(self))
    return contains_by_comparison(self, object);
  if (value_from(object, 0, &value, &owner) < 0) { /* not a possible value, but a float may equal a large int */
    PyErr_Clear();
    return contains_by_comparison(self, object);
  }
  guard_enter();
  list = shareable_list_ref(handle_of(self));
  status = search(shareable_list_index, list, &value, &index);
  if (status != SHAREABLE_OK && status != SHAREABLE_E_ABSENT)
    status_raise_item(status, list, (int64_t)index);
  shareable_list_unref(list);
  guard_leave();
  Py_XDECREF(owner);
  if (status == SHAREABLE_E_ABSENT)
    return 0;
  return status == SHAREABLE_OK ? 1 : -1;
}
