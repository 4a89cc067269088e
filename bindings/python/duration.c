/*
 * duration.c - converts seconds in Python to nanoseconds in C.
 */
#include "duration.h"

#include <stdbool.h>

/* 146 years. A longer time becomes this one. */
#define MAX_NS (INT64_C(1) << 62)

/* Converts an int, a float, or an object with __float__(). A text is not a number. */
static int seconds_from(PyObject *object, const char *parameter, const char *rule, double *seconds) {
  if (PyFloat_CheckExact(object)) {
    *seconds = PyFloat_AS_DOUBLE(object);
    return 0;
  }
  *seconds = PyNumber_Check(object) ? PyFloat_AsDouble(object) : -1.0;
  if (PyNumber_Check(object) && !PyErr_Occurred())
    return 0;
  if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError)) { /* an int that no float can have */
    PyErr_Clear();
    *seconds = PyObject_RichCompareBool(object, Py_False, Py_GT) == 1 ? (double)MAX_NS : -1.0;
    return PyErr_Occurred() ? -1 : 0;
  }
  if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError))
    return -1;
  PyErr_Format(PyExc_TypeError, "'%s' must be None or %s, not %.200s", parameter, rule, Py_TYPE(object)->tp_name);
  return -1;
}

/* Rounds up, so that a wait is not shorter than its timeout. */
static int64_t nanoseconds_of(double seconds) {
  double exact = seconds * 1e9;
  int64_t whole;

  if (exact >= (double)MAX_NS)
    return MAX_NS;
  whole = (int64_t)exact;
  return (double)whole < exact ? whole + 1 : whole;
}

static int raise_value(PyObject *object, const char *parameter, const char *rule) {
  PyErr_Format(PyExc_ValueError, "'%s' must be None or %s, not %R", parameter, rule, object);
  return -1;
}

int duration_timeout(PyObject *object, int64_t *nanoseconds) {
  double seconds;

  *nanoseconds = object == NULL ? DURATION_TIMEOUT_NS : -1;
  if (object == NULL || object == Py_None)
    return 0;
  if (seconds_from(object, "timeout", "a number of seconds", &seconds) < 0)
    return -1;
  if (!(seconds >= 0)) /* also if it is a NaN */
    return raise_value(object, "timeout", "0 seconds or more");
  *nanoseconds = nanoseconds_of(seconds);
  return 0;
}

int duration_ttl(PyObject *object, int64_t *nanoseconds) {
  double seconds;

  *nanoseconds = 0;
  if (object == NULL || object == Py_None)
    return 0;
  if (seconds_from(object, "ttl", "a number of seconds", &seconds) < 0)
    return -1;
  if (!(seconds > 0))
    return raise_value(object, "ttl", "more than 0 seconds");
  *nanoseconds = nanoseconds_of(seconds);
  return 0;
}
