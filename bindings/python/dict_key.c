/*
 * dict_key.c - keys of a dict as Python objects, and the exceptions about them.
 */
#include "dict.h"
#include "status.h"

int dict_key_from_any(PyObject *object, shareable_value *key) {
  Py_ssize_t length;
  const char *text;

  if (PyBytes_Check(object)) {
    *key = shareable_bytes(PyBytes_AS_STRING(object), (size_t)PyBytes_GET_SIZE(object));
    return 0;
  }
  if (!PyUnicode_Check(object)) {
    PyErr_Format(PyExc_TypeError, "a key must be a str or bytes, not %.200s", Py_TYPE(object)->tp_name);
    return -1;
  }
  text = PyUnicode_AsUTF8AndSize(object, &length);
  if (text == NULL)
    return -1;
  *key = shareable_strn(text, (size_t)length);
  return 0;
}

int dict_key_for_lookup_from_any(PyObject *object, shareable_value *key) {
  if (dict_key_from_any(object, key) == 0)
    return 0;
  if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
    return -1;
  PyErr_Clear();
  *key = shareable_strn("", 0);
  return 0;
}

PyObject *dict_raise(shareable_status status, const shareable_dict *dict, PyObject *object,
                     const shareable_value *key) {
  if (status == SHAREABLE_E_NO_KEY) {
    PyErr_SetObject(PyExc_KeyError, object);
    return NULL;
  }
  return status_raise_dict(status, dict, key);
}

PyObject *dict_raise_lookup(shareable_status status, const shareable_dict *dict, PyObject *object,
                            const shareable_value *key) {
  return dict_raise(dict_is_absent(status) ? SHAREABLE_E_NO_KEY : status, dict, object, key);
}
