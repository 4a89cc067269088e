/*
 * dict_all.c - changes that read or write all keys of a dict.
 */
#include "arguments.h"
#include "dict.h"
#include "duration.h"
#include "gil.h"
#include "guard.h"
#include "status.h"
#include "value.h"

static const char *const timeout_only[] = {"timeout", NULL};

/* Calls a function that takes only a timeout, without the GIL. Returns None. */
static PyObject *call_all(PyObject *self, const char *method, dict_call_function *function, PyObject *const *arguments,
                          Py_ssize_t count, PyObject *names) {
  PyObject *values[ARGUMENTS_MAX], *result = NULL;
  shareable_status status;
  dict_call call = {.dict = NULL};
  int64_t timeout;
  int failed;

  if (arguments_parse(&(parameters){method, timeout_only, 0, 0}, arguments, count, names, values) < 0 ||
      duration_timeout(values[0], &timeout) < 0)
    return NULL;
  guard_enter();
  call.dict = dict_of(self);
  failed = (timeout == 0 ? dict_call_trying : dict_call_waiting)(&call, function, timeout, &status);
  if (failed == 0)
    result = status == SHAREABLE_OK ? Py_BuildValue("") : dict_raise(status, call.dict, NULL, NULL);
  dict_call_end(&call);
  guard_leave();
  return result;
}

static shareable_status call_clear(dict_call *call, int64_t timeout) {
  return shareable_dict_clear(call->dict, timeout);
}

PyObject *dict_clear(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  return call_all(self, "clear", call_clear, arguments, count, names);
}

static shareable_status call_reindex(dict_call *call, int64_t timeout) {
  return shareable_dict_reindex(call->dict, timeout);
}

PyObject *dict_reindex(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  return call_all(self, "reindex", call_reindex, arguments, count, names);
}

/* Deletes up to `size` keys in all calls: each call continues where the last one has timed out. */
static shareable_status call_delete_expired(dict_call *call, int64_t timeout) {
  size_t deleted = 0;
  shareable_status status =
    shareable_dict_delete_expired(call->dict, call->size == 0 ? 0 : call->size - call->count, timeout, &deleted);

  call->count += deleted;
  return call->size != 0 && call->count == call->size ? SHAREABLE_OK : status;
}

/* Converts the most keys to delete: None is 0 for C, which means all. */
static int max_from(PyObject *object, size_t *max) {
  int64_t number;

  *max = 0;
  if (object == NULL || object == Py_None)
    return 0;
  if (value_signed(object, "max", &number) < 0)
    return -1;
  *max = (uint64_t)number > SIZE_MAX ? SIZE_MAX : (size_t)number;
  if (number > 0)
    return 0;
  PyErr_Format(PyExc_ValueError, "'max' must be None or at least 1, not %R", object);
  return -1;
}

PyObject *dict_delete_expired(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const char *const expected[] = {"max", "timeout", NULL};
  PyObject *values[ARGUMENTS_MAX], *result = NULL;
  shareable_status status;
  dict_call call = {.dict = NULL};
  int64_t timeout;
  int failed;

  if (arguments_parse(&(parameters){"delete_expired", expected, 0, 1}, arguments, count, names, values) < 0 ||
      max_from(values[0], &call.size) < 0 || duration_timeout(values[1], &timeout) < 0)
    return NULL;
  guard_enter();
  call.dict = dict_of(self);
  failed = (timeout == 0 ? dict_call_trying : dict_call_waiting)(&call, call_delete_expired, timeout, &status);
  if (failed == 0)
    result = status == SHAREABLE_OK ? PyLong_FromSize_t(call.count) : dict_raise(status, call.dict, NULL, NULL);
  dict_call_end(&call);
  guard_leave();
  return result;
}

static const char *name_of(const shareable_dict *dict) {
  return shareable_memory_name(shareable_list_memory(shareable_dict_list(dict)));
}

/* Names both dicts if a key or a value does not fit, and otherwise the one that the status is about. */
static PyObject *raise_copy(shareable_status status, const shareable_dict *source, const shareable_dict *target) {
  bool is_key = status == SHAREABLE_E_KEY;

  if (is_key || status == SHAREABLE_E_CAPACITY)
    return PyErr_Format(PyExc_ValueError,
                        "a %s of dict '%s' is too long for dict '%s', whose %ss have at most %zu bytes",
                        is_key ? "key" : "value", name_of(source), name_of(target), is_key ? "key" : "value",
                        is_key ? shareable_dict_key_size(target) : shareable_dict_value_size(target));
  if (status == SHAREABLE_E_CORRUPT || status == SHAREABLE_E_UTF8)
    return status_raise_dict(status, source, NULL);
  return status_raise_dict(status, target, NULL);
}

/* Copies without the GIL. Both blocks stay mapped, even if another thread closes the dicts. */
static shareable_status copy(shareable_dict *source, shareable_dict *target, int64_t timeout) {
  shareable_memory *memory = shareable_list_memory(shareable_dict_list(source));
  PyThreadState *thread;
  shareable_status status = SHAREABLE_E_CLOSED;

  if (shareable_memory_pin(memory) != SHAREABLE_OK)
    return status;
  thread = gil_release(shareable_dict_list(target));
  if (thread != NULL)
    status = shareable_dict_copy(source, target, timeout);
  gil_acquire(shareable_dict_list(target), thread);
  shareable_memory_unpin(memory);
  return status;
}

PyObject *dict_copy_to(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  static const char *const expected[] = {"target", "timeout", NULL};
  PyObject *values[ARGUMENTS_MAX], *result = NULL;
  shareable_dict *source, *target;
  shareable_status status;
  int64_t timeout;

  if (arguments_parse(&(parameters){"copy_to", expected, 1, 1}, arguments, count, names, values) < 0 ||
      duration_timeout(values[1], &timeout) < 0 || dict_check(values[0], "target") < 0)
    return NULL;
  guard_enter();
  source = shareable_dict_ref(dict_of(self));
  target = shareable_dict_ref(dict_of(values[0]));
  status = source == NULL || target == NULL ? SHAREABLE_E_CLOSED : copy(source, target, timeout);
  if (status == SHAREABLE_OK)
    result = Py_BuildValue("");
  else if (status == SHAREABLE_E_CLOSED)
    status_raise_dict(
      status, source == NULL || shareable_dict_length(source, &(size_t){0}) != SHAREABLE_OK ? source : target, NULL);
  else
    raise_copy(status, source, target);
  shareable_dict_unref(source);
  shareable_dict_unref(target);
  guard_leave();
  return result;
}
