/*
 * dict_write.c - changes the values of a dict.
 */
#include "arguments.h"
#include "dict.h"
#include "duration.h"
#include "gil.h"
#include "guard.h"
#include "list_item.h"
#include "value.h"

static shareable_status call_set(dict_call *call, int64_t timeout) {
  return shareable_dict_set(call->dict, call->key, &call->value, call->flags, call->ttl, timeout);
}

/* Writes a value that was converted. A long text is copied without the GIL. In the guard. */
static int set_value(dict_call *call, PyObject *object, int64_t timeout, shareable_status *status) {
  int result;

  if (call->value.length > GIL_TEXT_MAX && timeout != 0)
    result = dict_call_waiting(call, call_set, timeout, status);
  else
    result = dict_call_trying(call, call_set, timeout, status);
  if (result < 0)
    return -1;
  if (*status == SHAREABLE_OK ||
      (call->flags != SHAREABLE_DICT_ANY && (*status == SHAREABLE_E_KEY_EXISTS || *status == SHAREABLE_E_NO_KEY)))
    return 0;
  dict_raise(*status, call->dict, object, call->key);
  return -1;
}

/* Converts and writes any value. */
static int set_any(PyObject *self, PyObject *object, PyObject *value, uint32_t flags, int64_t ttl, int64_t timeout,
                   shareable_status *status) {
  shareable_value key;
  dict_call call = {.key = &key, .flags = flags, .ttl = ttl};
  PyObject *owner;
  int result;

  if (dict_key_from(object, &key) < 0 || value_from(value, VALUE_NO_ITEM, &call.value, &owner) < 0)
    return -1;
  guard_enter();
  call.dict = dict_of(self);
  result = set_value(&call, object, timeout, status);
  dict_call_end(&call);
  guard_leave();
  Py_XDECREF(owner);
  return result;
}

/* Makes a value of an int or a float without a check of other types. */
static inline bool number_from(PyObject *object, shareable_value *value) {
  int overflow = 0;

  if (PyLong_CheckExact(object))
    *value = shareable_int(PyLong_AsLongLongAndOverflow(object, &overflow));
  else if (PyFloat_CheckExact(object))
    *value = shareable_float(PyFloat_AS_DOUBLE(object));
  else
    return false;
  return overflow == 0;
}

int dict_ass_subscript(PyObject *self, PyObject *object, PyObject *value) {
  shareable_status status = SHAREABLE_E_TIMED_OUT;
  shareable_value key, number;

  if (value == NULL)
    return dict_delete(self, object);
  if (dict_key_from(object, &key) < 0)
    return -1;
  if (number_from(value, &number)) {
    guard_enter();
    status = shareable_dict_set(dict_of(self), &key, &number, SHAREABLE_DICT_ANY, 0, 0);
    guard_leave();
  }
  if (status == SHAREABLE_OK)
    return 0;
  return set_any(self, object, value, SHAREABLE_DICT_ANY, 0, DURATION_TIMEOUT_NS, &status);
}

/* Adds the flag of the argument `evict`, which is NULL if it was not passed. */
static int add_evict(PyObject *evict, uint32_t *flags) {
  int evicts = evict == NULL ? 1 : PyObject_IsTrue(evict);

  if (evicts == 0)
    *flags |= SHAREABLE_DICT_NO_EVICT;
  return evicts < 0 ? -1 : 0;
}

/* The methods that set a value have the parameters (key, value, *, ttl, timeout), and some have evict. */
static int set_with(const parameters *expected, PyObject *self, PyObject *const *arguments, Py_ssize_t count,
                    PyObject *names, uint32_t flags, shareable_status *status) {
  PyObject *values[ARGUMENTS_MAX];
  int64_t ttl, timeout;

  if (arguments_parse(expected, arguments, count, names, values) < 0 || duration_ttl(values[2], &ttl) < 0 ||
      duration_timeout(values[3], &timeout) < 0 || add_evict(values[4], &flags) < 0)
    return -1;
  return set_any(self, values[0], values[1], flags, ttl, timeout, status);
}

static const char *const set_names[] = {"key", "value", "ttl", "timeout", "evict", NULL};

PyObject *dict_set(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const parameters expected = {"set", set_names, 2, 2};
  shareable_status status;

  if (set_with(&expected, self, arguments, count, names, SHAREABLE_DICT_ANY, &status) < 0)
    return NULL;
  Py_RETURN_NONE;
}

PyObject *dict_set_if_absent(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const parameters expected = {"set_if_absent", set_names, 2, 2};
  shareable_status status;

  if (set_with(&expected, self, arguments, count, names, SHAREABLE_DICT_IF_ABSENT, &status) < 0)
    return NULL;
  return PyBool_FromLong(status == SHAREABLE_OK);
}

/* It inserts no key, so it evicts none. */
PyObject *dict_set_if_present(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const char *const without_evict[] = {"key", "value", "ttl", "timeout", NULL};
  static const parameters expected = {"set_if_present", without_evict, 2, 2};
  shareable_status status;

  if (set_with(&expected, self, arguments, count, names, SHAREABLE_DICT_IF_PRESENT, &status) < 0)
    return NULL;
  return PyBool_FromLong(status == SHAREABLE_OK);
}

/* The most times that a key is there for one step and absent for the other. A damaged dict is always so. */
#define TRIES 1000

/*
 * Reads the value, or inserts the key. Begins again if the key was inserted or deleted between the
 * two. Returns the value as it is stored.
 */
static PyObject *read_or_insert(dict_call *call, PyObject *object, int64_t timeout) {
  shareable_status status = SHAREABLE_E_KEY_EXISTS;
  PyObject *value = NULL;

  for (int tries = 0; tries < TRIES && status == SHAREABLE_E_KEY_EXISTS; tries++) {
    value = dict_read(call->dict, object, call->key);
    if (value != NULL || PyErr_Occurred())
      return value;
    if (set_value(call, object, timeout, &status) < 0)
      return NULL;
  }
  return status == SHAREABLE_OK ? value_to(&call->value) : dict_raise(SHAREABLE_E_BUSY, call->dict, object, call->key);
}

PyObject *dict_setdefault(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const char *const expected[] = {"key", "default", "ttl", "timeout", "evict", NULL};
  PyObject *values[ARGUMENTS_MAX], *owner, *result;
  shareable_value key;
  dict_call call = {.key = &key, .flags = SHAREABLE_DICT_IF_ABSENT};
  int64_t timeout;

  if (arguments_parse(&(parameters){"setdefault", expected, 1, 2}, arguments, count, names, values) < 0 ||
      duration_ttl(values[2], &call.ttl) < 0 || duration_timeout(values[3], &timeout) < 0 ||
      add_evict(values[4], &call.flags) < 0 || dict_key_from(values[0], &key) < 0 ||
      value_from(values[1] == NULL ? Py_None : values[1], VALUE_NO_ITEM, &call.value, &owner) < 0)
    return NULL;
  guard_enter();
  call.dict = shareable_dict_ref(dict_of(self));
  result = read_or_insert(&call, values[0], timeout);
  dict_call_end(&call);
  shareable_dict_unref(call.dict);
  guard_leave();
  Py_XDECREF(owner);
  return result;
}

static shareable_status call_add(dict_call *call, int64_t timeout) {
  return shareable_dict_add(call->dict, call->key, call->integer, call->integer2, 0, call->ttl, timeout,
                            &call->integer2);
}

static shareable_status call_add_float(dict_call *call, int64_t timeout) {
  return shareable_dict_add_float(call->dict, call->key, call->real, call->real2, 0, call->ttl, timeout, &call->real2);
}

/* In the guard. */
static PyObject *add(dict_call *call, dict_call_function *function, PyObject *object, int64_t timeout) {
  shareable_status status;

  if (dict_call_trying(call, function, timeout, &status) < 0)
    return NULL;
  if (status != SHAREABLE_OK)
    return dict_raise(status, call->dict, object, call->key);
  return function == call_add ? PyLong_FromLongLong(call->integer2) : PyFloat_FromDouble(call->real2);
}

static int real_from(PyObject *object, double missing, const char *parameter, double *real) {
  *real = missing;
  if (object == NULL)
    return 0;
  if (!value_is_float(object) && !PyIndex_Check(object)) {
    PyErr_Format(PyExc_TypeError, "'%s' must be an int or a float, not %.200s", parameter, Py_TYPE(object)->tp_name);
    return -1;
  }
  *real = PyFloat_AsDouble(object);
  return *real == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static int integer_from(PyObject *object, int64_t missing, const char *parameter, int64_t *integer) {
  *integer = missing;
  if (object != NULL && !PyIndex_Check(object)) {
    PyErr_Format(PyExc_TypeError, "'%s' must be an int or a float, not %.200s", parameter, Py_TYPE(object)->tp_name);
    return -1;
  }
  return object == NULL ? 0 : value_signed(object, parameter, integer);
}

/* Adds 1 without options: the most frequent call. Returns NULL without an exception if it must wait. */
static inline PyObject *add_one(PyObject *self, PyObject *object) {
  shareable_status status;
  shareable_value key;
  int64_t sum = 0;

  if (dict_key_from(object, &key) < 0)
    return NULL;
  guard_enter();
  status = shareable_dict_add(dict_of(self), &key, 1, 0, 0, 0, 0, &sum);
  guard_leave();
  return status == SHAREABLE_OK ? PyLong_FromLongLong(sum) : NULL;
}

static bool is_float(PyObject *object) {
  return object != NULL && value_is_float(object);
}

PyObject *dict_add(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const char *const expected[] = {"key", "amount", "initial", "ttl", "timeout", NULL};
  PyObject *values[ARGUMENTS_MAX], *result;
  dict_call_function *function = call_add;
  shareable_value key;
  dict_call call = {.key = &key};
  int64_t timeout;

  if (count == 1 && names == NULL) {
    result = add_one(self, arguments[0]);
    if (result != NULL || PyErr_Occurred())
      return result;
  }
  if (arguments_parse(&(parameters){"add", expected, 1, 2}, arguments, count, names, values) < 0 ||
      duration_ttl(values[3], &call.ttl) < 0 || duration_timeout(values[4], &timeout) < 0 ||
      dict_key_from(values[0], &key) < 0)
    return NULL;
  if (is_float(values[1]) || is_float(values[2])) {
    function = call_add_float;
    if (real_from(values[1], 1, "amount", &call.real) < 0 || real_from(values[2], 0, "initial", &call.real2) < 0)
      return NULL;
  } else if (integer_from(values[1], 1, "amount", &call.integer) < 0 ||
             integer_from(values[2], 0, "initial", &call.integer2) < 0) {
    return NULL;
  }
  guard_enter();
  call.dict = dict_of(self);
  result = add(&call, function, values[0], timeout);
  dict_call_end(&call);
  guard_leave();
  return result;
}

static shareable_status call_compare_exchange(dict_call *call, int64_t timeout) {
  int64_t expected = call->integer;

  return shareable_dict_compare_exchange(call->dict, call->key, &expected, call->integer2, timeout, &call->is_done);
}

PyObject *dict_compare_exchange(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const char *const expected[] = {"key", "expected", "desired", "timeout", NULL};
  PyObject *values[ARGUMENTS_MAX], *result = NULL;
  shareable_status status;
  shareable_value key;
  dict_call call = {.key = &key};
  int64_t timeout;

  if (arguments_parse(&(parameters){"compare_exchange", expected, 3, 3}, arguments, count, names, values) < 0 ||
      duration_timeout(values[3], &timeout) < 0 || dict_key_for_lookup_from(values[0], &key) < 0 ||
      value_signed(values[1], "expected", &call.integer) < 0 || value_signed(values[2], "desired", &call.integer2) < 0)
    return NULL;
  guard_enter();
  call.dict = dict_of(self);
  if (dict_call_trying(&call, call_compare_exchange, timeout, &status) == 0)
    result =
      status == SHAREABLE_OK ? PyBool_FromLong(call.is_done) : dict_raise_lookup(status, call.dict, values[0], &key);
  dict_call_end(&call);
  guard_leave();
  return result;
}

static shareable_status call_expire(dict_call *call, int64_t timeout) {
  return shareable_dict_expire(call->dict, call->key, call->ttl, timeout);
}

PyObject *dict_expire(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const char *const expected[] = {"key", "ttl", "timeout", NULL};
  PyObject *values[ARGUMENTS_MAX], *result = NULL;
  shareable_status status;
  shareable_value key;
  dict_call call = {.key = &key};
  int64_t timeout;

  if (arguments_parse(&(parameters){"expire", expected, 2, 2}, arguments, count, names, values) < 0 ||
      duration_ttl(values[1], &call.ttl) < 0 || duration_timeout(values[2], &timeout) < 0 ||
      dict_key_for_lookup_from(values[0], &key) < 0)
    return NULL;
  guard_enter();
  call.dict = dict_of(self);
  if (dict_call_trying(&call, call_expire, timeout, &status) == 0)
    result = status == SHAREABLE_OK ? Py_BuildValue("") : dict_raise_lookup(status, call.dict, values[0], &key);
  dict_call_end(&call);
  guard_leave();
  return result;
}
