/*
 * arguments.c - the arguments of a method that Python calls without a tuple or a dict for them.
 */
#include "arguments.h"

#include <stdbool.h>
#include <string.h>

/* The names in a call are compact, unless they come from a dict with a subclass of str. */
static bool is_named(PyObject *name, const char *expected) {
  size_t length = strlen(expected);

  if (!PyUnicode_IS_COMPACT_ASCII(name))
    return PyUnicode_CompareWithASCIIString(name, expected) == 0;
  return (size_t)PyUnicode_GET_LENGTH(name) == length && memcmp(PyUnicode_1BYTE_DATA(name), expected, length) == 0;
}

/* Returns the number of the parameter, or -1 if there is none of that name. */
static Py_ssize_t find(const parameters *expected, PyObject *name) {
  for (Py_ssize_t i = 0; expected->names[i] != NULL; i++)
    if (is_named(name, expected->names[i]))
      return i;
  return -1;
}

static int store_named(const parameters *expected, PyObject *name, PyObject *value, PyObject *values[ARGUMENTS_MAX]) {
  Py_ssize_t i = find(expected, name);

  if (i < 0)
    PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", expected->method, name);
  else if (values[i] != NULL)
    PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", expected->method, name);
  else
    values[i] = value;
  return PyErr_Occurred() ? -1 : 0;
}

int arguments_parse(const parameters *expected, PyObject *const *arguments, Py_ssize_t count, PyObject *names,
                    PyObject *values[ARGUMENTS_MAX]) {
  Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names);

  if (count > expected->positional) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zd positional arguments (%zd given)", expected->method,
                 expected->positional, count);
    return -1;
  }
  for (Py_ssize_t i = 0; i < ARGUMENTS_MAX; i++)
    values[i] = i < count ? arguments[i] : NULL;
  for (Py_ssize_t i = 0; i < named; i++)
    if (store_named(expected, PyTuple_GET_ITEM(names, i), arguments[count + i], values) < 0)
      return -1;
  for (Py_ssize_t i = 0; i < expected->required; i++)
    if (values[i] == NULL) {
      PyErr_Format(PyExc_TypeError, "%s() missing required argument: '%s'", expected->method, expected->names[i]);
      return -1;
    }
  return 0;
}
