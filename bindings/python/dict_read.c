/*
 * dict_read.c - reads the values of a dict as Python objects.
 */
#include "dict.h"
#include "gil.h"
#include "guard.h"
#include "list_item.h"
#include "value.h"

/* A text of at most this many bytes is read without an allocation. */
enum { STACK_SIZE = 512 };

/* If a str is not UTF-8, Python's decoder raises an exception with the position and the reason. */
static SLOW_PATH PyObject *read_result(const shareable_dict *dict, PyObject *object, const shareable_value *key,
                                       shareable_status status, const shareable_value *value) {
  if (status == SHAREABLE_OK || status == SHAREABLE_E_UTF8)
    return value_to(value);
  return dict_is_absent(status) ? NULL : dict_raise_lookup(status, dict, object, key);
}

/* The buffer has the size of the longest value, because another process may write one first. */
static SLOW_PATH PyObject *read_long_text(shareable_dict *dict, PyObject *object, const shareable_value *key) {
  size_t size = shareable_dict_value_size(dict);
  shareable_value value = shareable_none();
  char *buffer = PyMem_Malloc(size);
  PyThreadState *thread = NULL;
  shareable_status status;
  PyObject *result;

  if (buffer == NULL)
    return PyErr_NoMemory();
  shareable_dict_ref(dict);
  if (size > GIL_TEXT_MAX)
    thread = gil_release(shareable_dict_list(dict));
  status = shareable_dict_get(dict, key, &value, buffer, size);
  gil_acquire(shareable_dict_list(dict), thread);
  result = read_result(dict, object, key, status, &value);
  shareable_dict_unref(dict);
  PyMem_Free(buffer);
  return result;
}

static inline PyObject *read_value(shareable_dict *dict, PyObject *object, const shareable_value *key) {
  char buffer[STACK_SIZE];
  shareable_value value;
  shareable_status status = shareable_dict_get(dict, key, &value, buffer, sizeof buffer);

  if (status == SHAREABLE_OK && value.type == SHAREABLE_TYPE_INT)
    return PyLong_FromLongLong(value.integer);
  if (status == SHAREABLE_OK && value.type == SHAREABLE_TYPE_FLOAT)
    return PyFloat_FromDouble(value.real);
  if (status == SHAREABLE_E_BUFFER)
    return read_long_text(dict, object, key);
  return read_result(dict, object, key, status, &value);
}

PyObject *dict_read(shareable_dict *dict, PyObject *object, const shareable_value *key) {
  return read_value(dict, object, key);
}

PyObject *dict_subscript(PyObject *self, PyObject *object) {
  shareable_value key;
  PyObject *value;

  if (dict_key_for_lookup_from(object, &key) < 0)
    return NULL;
  guard_enter();
  value = read_value(dict_of(self), object, &key);
  guard_leave();
  if (value == NULL && !PyErr_Occurred())
    PyErr_SetObject(PyExc_KeyError, object);
  return value;
}

PyObject *dict_get(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  shareable_value key;
  PyObject *value;

  if (count < 1 || count > 2) {
    PyErr_Format(PyExc_TypeError, "get expected 1 or 2 arguments, got %zd", count);
    return NULL;
  }
  if (dict_key_for_lookup_from(arguments[0], &key) < 0)
    return NULL;
  guard_enter();
  value = read_value(dict_of(self), arguments[0], &key);
  guard_leave();
  if (value != NULL || PyErr_Occurred())
    return value;
  value = count == 2 ? arguments[1] : Py_None;
  Py_INCREF(value);
  return value;
}

/* In the guard. */
static PyObject *read_stale(shareable_dict *dict, PyObject *object, const shareable_value *key) {
  size_t size = shareable_dict_value_size(dict);
  shareable_value value = shareable_none();
  PyObject *result = NULL;
  shareable_status status;
  int is_stale = 0;
  char *buffer = PyMem_Malloc(size);

  if (buffer == NULL)
    return PyErr_NoMemory();
  status = shareable_dict_get_stale(dict, key, &value, buffer, size, &is_stale);
  if (status == SHAREABLE_OK || status == SHAREABLE_E_UTF8)
    result = value_to(&value);
  else
    dict_raise_lookup(status, dict, object, key);
  PyMem_Free(buffer);
  return result == NULL ? NULL : Py_BuildValue("(NO)", result, is_stale ? Py_True : Py_False);
}

PyObject *dict_get_stale(PyObject *self, PyObject *object) {
  shareable_value key;
  PyObject *result;

  if (dict_key_for_lookup_from(object, &key) < 0)
    return NULL;
  guard_enter();
  result = read_stale(dict_of(self), object, &key);
  guard_leave();
  return result;
}

/* A key whose value cannot be read is in the dict. An object that cannot be a key is not. */
int dict_contains(PyObject *self, PyObject *object) {
  shareable_status status;
  shareable_value key, value;
  int result = 1;

  if (!PyUnicode_Check(object) && !PyBytes_Check(object))
    return 0;
  if (dict_key_for_lookup_from(object, &key) < 0)
    return -1;
  guard_enter();
  status = shareable_dict_get(dict_of(self), &key, &value, NULL, 0);
  if (dict_is_absent(status))
    result = 0;
  else if (status == SHAREABLE_E_CLOSED || status == SHAREABLE_E_BUSY)
    result = dict_raise_lookup(status, dict_of(self), object, &key) == NULL ? -1 : 0;
  guard_leave();
  return result;
}

Py_ssize_t dict_length(PyObject *self) {
  shareable_status status;
  size_t length = 0;

  guard_enter();
  status = shareable_dict_length(dict_of(self), &length);
  if (status != SHAREABLE_OK)
    dict_raise(status, dict_of(self), NULL, NULL);
  guard_leave();
  return status == SHAREABLE_OK ? (Py_ssize_t)length : -1;
}

static bool has_expiries(const shareable_dict *dict) {
  shareable_dict_addresses addresses;

  return shareable_dict_access(dict, &addresses, sizeof addresses) == SHAREABLE_OK && addresses.has_expiries != NULL &&
         __atomic_load_n((const uint32_t *)addresses.has_expiries, __ATOMIC_ACQUIRE) != 0;
}

/* Looks for a key from the place on, and then from the first place on. A key that is busy is a key. */
static bool has_key(const shareable_dict *dict, size_t place) {
  char buffer[SHAREABLE_DICT_KEY_MAX];
  shareable_dict_item item = {.key_buffer = buffer, .key_buffer_size = sizeof buffer};

  if (shareable_dict_next(dict, &place, &item) != SHAREABLE_E_NO_KEY)
    return true;
  place = 0;
  return shareable_dict_next(dict, &place, &item) != SHAREABLE_E_NO_KEY;
}

/* If keys expire, a length reads all places. This search begins where popitem() begins, for loops that call both. */
int dict_bool(PyObject *self) {
  shareable_status status = SHAREABLE_OK;
  size_t length = 0;
  int result;

  guard_enter();
  if (has_expiries(dict_of(self)))
    length = has_key(dict_of(self), __atomic_load_n(&((dict_object *)self)->next_popped, __ATOMIC_RELAXED));
  else
    status = shareable_dict_length(dict_of(self), &length);
  result = length != 0;
  if (status != SHAREABLE_OK) {
    dict_raise(status, dict_of(self), NULL, NULL);
    result = -1;
  }
  guard_leave();
  return result;
}

PyObject *dict_ttl(PyObject *self, PyObject *object) {
  shareable_status status;
  shareable_value key;
  PyObject *result = NULL;
  int64_t ttl = 0;

  if (dict_key_for_lookup_from(object, &key) < 0)
    return NULL;
  guard_enter();
  status = shareable_dict_ttl(dict_of(self), &key, &ttl);
  if (status != SHAREABLE_OK)
    dict_raise_lookup(status, dict_of(self), object, &key);
  else
    result = ttl == 0 ? Py_BuildValue("") : PyFloat_FromDouble((double)ttl / 1e9);
  guard_leave();
  return result;
}
