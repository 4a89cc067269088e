/*
 * arguments.h - the arguments of a method that Python calls without a tuple or a dict for them.
 */
#ifndef SHAREABLE__PYTHON_ARGUMENTS_H
#define SHAREABLE__PYTHON_ARGUMENTS_H

#include <Python.h>

/* The parameters of a method. The first ones may be passed by position, all of them by name. */
typedef struct parameters {
  const char *method;
  const char *const *names; /* with NULL at the end */
  Py_ssize_t required;
  Py_ssize_t positional;
} parameters;

/* The most parameters of a method. */
enum { ARGUMENTS_MAX = 6 };

/*
 * Stores the argument for each parameter as a borrowed reference, or NULL. Returns -1 with TypeError
 * on failure.
 */
int arguments_parse(const parameters *expected, PyObject *const *arguments, Py_ssize_t count, PyObject *names,
                    PyObject *values[ARGUMENTS_MAX]);

#endif
