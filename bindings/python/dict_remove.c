/*
 * dict_remove.c - deletes keys of a dict, with or without reading their values.
 */
#include "arguments.h"
#include "dict.h"
#include "dict_iterator.h"
#include "duration.h"
#include "guard.h"
#include "value.h"

/* A text of at most this many bytes is read without an allocation. */
enum { STACK_SIZE = 512 };

static shareable_status call_delete(dict_call *call, int64_t timeout) {
  return shareable_dict_delete(call->dict, call->key, timeout);
}

int dict_delete(PyObject *self, PyObject *object) {
  shareable_value key;
  dict_call call = {.key = &key};
  shareable_status status;
  int result;

  if (dict_key_for_lookup_from(object, &key) < 0)
    return -1;
  guard_enter();
  call.dict = dict_of(self);
  result = dict_call_trying(&call, call_delete, DURATION_TIMEOUT_NS, &status);
  if (result == 0 && status != SHAREABLE_OK) {
    dict_raise_lookup(status, call.dict, object, &key);
    result = -1;
  }
  dict_call_end(&call);
  guard_leave();
  return result;
}

static shareable_status call_pop(dict_call *call, int64_t timeout) {
  return shareable_dict_pop(call->dict, call->key, &call->value, call->buffer, call->size, timeout);
}

/* Returns the value, or NULL: without an exception if the key is absent. */
static PyObject *pop_result(dict_call *call, PyObject *object, shareable_status status) {
  if (status == SHAREABLE_OK)
    return value_to(&call->value);
  return dict_is_absent(status) ? NULL : dict_raise_lookup(status, call->dict, object, call->key);
}

/* The buffer has the size of the longest value, because another process may write one first. */
static PyObject *pop_long_text(dict_call *call, PyObject *object, int64_t timeout) {
  shareable_status status;
  PyObject *result = NULL;

  call->size = shareable_dict_value_size(call->dict);
  call->buffer = PyMem_Malloc(call->size);
  if (call->buffer == NULL)
    return PyErr_NoMemory();
  if (dict_call_trying(call, call_pop, timeout, &status) == 0)
    result = pop_result(call, object, status);
  PyMem_Free(call->buffer);
  return result;
}

/*
 * Deletes a key. Returns its value, or NULL: without an exception if the key is absent. The caller
 * must be in the guard.
 */
static PyObject *pop(shareable_dict *dict, PyObject *object, const shareable_value *key, int64_t timeout) {
  char buffer[STACK_SIZE];
  dict_call call = {.dict = shareable_dict_ref(dict), .key = key, .buffer = buffer, .size = sizeof buffer};
  PyObject *result = NULL;
  shareable_status status;

  if (dict_call_trying(&call, call_pop, timeout, &status) == 0)
    result = status == SHAREABLE_E_BUFFER ? pop_long_text(&call, object, timeout) : pop_result(&call, object, status);
  dict_call_end(&call);
  shareable_dict_unref(dict);
  return result;
}

PyObject *dict_pop(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const char *const expected[] = {"key", "default", "timeout", NULL};
  PyObject *values[ARGUMENTS_MAX], *result;
  shareable_value key;
  int64_t timeout;

  if (arguments_parse(&(parameters){"pop", expected, 1, 2}, arguments, count, names, values) < 0 ||
      duration_timeout(values[2], &timeout) < 0 || dict_key_for_lookup_from(values[0], &key) < 0)
    return NULL;
  guard_enter();
  result = pop(dict_of(self), values[0], &key, timeout);
  guard_leave();
  if (result != NULL || PyErr_Occurred())
    return result;
  if (values[1] == NULL)
    PyErr_SetObject(PyExc_KeyError, values[0]);
  Py_XINCREF(values[1]);
  return values[1];
}

/* Deletes a key that was found. Returns NULL without an exception if another process has deleted it. */
static PyObject *pop_pair(shareable_dict *dict, const shareable_value *key, int64_t timeout) {
  PyObject *object = value_to(key), *value, *pair;

  if (object == NULL)
    return NULL;
  value = pop(dict, object, key, timeout);
  pair = value == NULL ? NULL : PyTuple_Pack(2, object, value);
  Py_XDECREF(value);
  Py_DECREF(object);
  return pair;
}

/* Returns NULL without an exception if there is no key. The item has a buffer for the key. */
static PyObject *pop_any(shareable_dict *dict, size_t *place, shareable_dict_item *item, int64_t timeout) {
  bool is_second_round = false;

  for (;;) {
    shareable_status status = dict_next_key(dict, place, item);
    PyObject *pair;

    if (status == SHAREABLE_E_NO_KEY && is_second_round)
      return NULL;
    if (status == SHAREABLE_E_NO_KEY) {
      is_second_round = true;
      *place = 0;
      continue;
    }
    if (status != SHAREABLE_OK)
      return dict_raise_lookup(status, dict, Py_None, &item->key);
    pair = pop_pair(dict, &item->key, timeout);
    if (pair != NULL || PyErr_Occurred())
      return pair;
  }
}

/* A dict that can be written has no longer keys than the buffer. */
static PyObject *pop_first(shareable_dict *dict, size_t *place, int64_t timeout) {
  char buffer[SHAREABLE_DICT_KEY_MAX];
  shareable_dict_item item = {.key_buffer = buffer, .key_buffer_size = sizeof buffer};
  shareable_memory *memory = shareable_list_memory(shareable_dict_list(dict));

  if (shareable_memory_address(memory) != NULL && shareable_memory_is_read_only(memory))
    return dict_raise(SHAREABLE_E_READ_ONLY, dict, NULL, NULL);
  return pop_any(dict, place, &item, timeout);
}

/* Each call begins where the last one has ended, so that emptying a dict reads each place once. */
PyObject *dict_popitem(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const char *const expected[] = {"timeout", NULL};
  size_t *next = &((dict_object *)self)->next_popped, place;
  PyObject *values[ARGUMENTS_MAX], *pair;
  shareable_dict *dict;
  int64_t timeout;

  if (arguments_parse(&(parameters){"popitem", expected, 0, 0}, arguments, count, names, values) < 0 ||
      duration_timeout(values[0], &timeout) < 0)
    return NULL;
  guard_enter();
  dict = shareable_dict_ref(dict_of(self));
  place = __atomic_load_n(next, __ATOMIC_RELAXED);
  pair = pop_first(dict, &place, timeout);
  __atomic_store_n(next, place, __ATOMIC_RELAXED);
  shareable_dict_unref(dict);
  guard_leave();
  if (pair == NULL && !PyErr_Occurred())
    PyErr_SetString(PyExc_KeyError, "popitem(): the dict is empty");
  return pair;
}
