/*
 * dict_wait.c - waits for a change of a key of a dict.
 */
#include "arguments.h"
#include "dict.h"
#include "duration.h"
#include "guard.h"
#include "value.h"

/* Without an old value, a call waits until the key appears. No value is an Ellipsis. */
static bool is_passed(PyObject *old) {
  return old != NULL && old != Py_Ellipsis;
}

/* `is_done` is true if there is a value to wait on. Otherwise, the call waits until the key appears. */
static shareable_status call_wait(dict_call *call, int64_t timeout) {
  return shareable_dict_wait(call->dict, call->key, call->is_done ? &call->value : NULL, timeout);
}

/* The wait ends when the key is absent or has another value. Then it is read as it is now. */
static PyObject *wait_and_read(dict_call *call, PyObject *object, int64_t timeout) {
  shareable_status status;
  PyObject *value = NULL;

  if (dict_call_trying(call, call_wait, timeout, &status) < 0)
    return NULL;
  if (status != SHAREABLE_OK)
    return dict_raise(status, call->dict, object, call->key);
  value = dict_read(call->dict, object, call->key);
  return value == NULL && !PyErr_Occurred() ? dict_raise(SHAREABLE_E_NO_KEY, call->dict, object, call->key) : value;
}

PyObject *dict_wait(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const char *const expected[] = {"key", "old", "timeout", NULL};
  PyObject *values[ARGUMENTS_MAX], *owner = NULL, *result;
  shareable_value key;
  dict_call call = {.key = &key};
  int64_t timeout;

  if (arguments_parse(&(parameters){"wait", expected, 1, 3}, arguments, count, names, values) < 0 ||
      duration_timeout(values[2] == NULL ? Py_None : values[2], &timeout) < 0 || dict_key_from(values[0], &key) < 0 ||
      (is_passed(values[1]) && value_from(values[1], VALUE_NO_ITEM, &call.value, &owner) < 0))
    return NULL;
  call.is_done = is_passed(values[1]);
  guard_enter();
  call.dict = shareable_dict_ref(dict_of(self));
  result = wait_and_read(&call, values[0], timeout);
  dict_call_end(&call);
  shareable_dict_unref(call.dict);
  guard_leave();
  Py_XDECREF(owner);
  return result;
}

PyObject *dict_differs(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  shareable_value key;
  dict_call call = {.key = &key};
  PyObject *owner = NULL, *result;
  shareable_status status;

  if (count != 2) {
    PyErr_Format(PyExc_TypeError, "_differs expected 2 arguments, got %zd", count);
    return NULL;
  }
  if (dict_key_from(arguments[0], &key) < 0 ||
      (is_passed(arguments[1]) && value_from(arguments[1], VALUE_NO_ITEM, &call.value, &owner) < 0))
    return NULL;
  call.is_done = is_passed(arguments[1]);
  guard_enter();
  call.dict = dict_of(self);
  status = call_wait(&call, 0);
  if (status == SHAREABLE_OK || status == SHAREABLE_E_TIMED_OUT)
    result = PyBool_FromLong(status == SHAREABLE_OK);
  else
    result = dict_raise(status, call.dict, arguments[0], &key);
  guard_leave();
  Py_XDECREF(owner);
  return result;
}
