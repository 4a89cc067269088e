/*
 * duration.h - converts seconds in Python to nanoseconds in C.
 */
#ifndef SHAREABLE__PYTHON_DURATION_H
#define SHAREABLE__PYTHON_DURATION_H

#include <Python.h>

/* The timeout of a function of dicts if the caller passes none. */
#define DURATION_TIMEOUT_NS INT64_C(10000000000)

/*
 * Converts a timeout: None, which becomes -1, or a number of seconds, 0 or more. NULL becomes
 * DURATION_TIMEOUT_NS. Returns -1 with an exception on failure.
 */
int duration_timeout(PyObject *object, int64_t *nanoseconds);

/*
 * Converts a TTL: None or NULL, which become 0, or a number of seconds that is more than 0. Returns
 * -1 with an exception on failure.
 */
int duration_ttl(PyObject *object, int64_t *nanoseconds);

#endif
