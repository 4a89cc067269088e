/*
 * arguments.c - the arguments of a method that Python calls without a tuple or a dict for them.
 */
#include "arguments.h"

/* Returns the number of the parameter, or -1 if there is none of that name. */
static Py_ssize_t find(const parameters *expected, PyObject *name) {
  for (Py_ssize_t i = 0; expected->names[i] != NULL; i++)
    if (PyUnicode_CompareWithASCIIString(name, expected->names[i]) == 0)
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
