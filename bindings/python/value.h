/*
 * value.h - converts between Python objects and C values.
 */
#ifndef SHAREABLE__PYTHON_VALUE_H
#define SHAREABLE__PYTHON_VALUE_H

#include <Python.h>
#include <stdbool.h>

#include "shareable.h"

/* The number of the item for value_from(), if the value is not that of an item of a list. */
#define VALUE_NO_ITEM INT64_MIN

/*
 * Converts an int, float, bool, str, bytes, None, an object with __index__, a NumPy number, or any
 * buffer to a value. The value's text is in the object, or in *owner, whose reference the caller
 * must release; otherwise *owner is NULL. Returns -1 with an exception on failure, which names the
 * item if its type or size is wrong.
 */
int value_from(PyObject *object, int64_t item, shareable_value *value, PyObject **owner);

/*
 * Returns the value as a new object, or NULL with an exception: UnicodeDecodeError if a str is not
 * UTF-8.
 */
PyObject *value_to(const shareable_value *value);

/* Returns whether the object is stored as a float. */
bool value_is_float(PyObject *object);

/*
 * Returns whether the object's type is exactly one that items are read as. Then the library
 * compares it as == does; a subclass may define another ==.
 */
bool value_is_exact_builtin(PyObject *object);

/* Values, and the objects that contain their texts. */
typedef struct value_array {
  shareable_value *items;
  size_t count;
  PyObject *objects;   /* a tuple of the converted objects */
  PyObject *owners;    /* a list of copied buffers */
  void *numbers;       /* an int64_t or double per item, instead of `items`; otherwise NULL */
  shareable_type type; /* of the numbers */
} value_array;

/* An empty array, which values_free() accepts. */
#define VALUES_NONE ((value_array){.items = NULL})

/*
 * Converts the objects of an iterable. Returns -1 with an exception on failure. The caller must
 * call values_free(), also after a failure.
 */
int values_from(PyObject *iterable, value_array *result);

/*
 * Like values_from(), for a new list: each value gets a capacity in bytes, from one int for all
 * values or a sequence with an int for each. If the capacity is 0, these become an array of
 * numbers: a range, a list or tuple of only ints or only floats, and a one-dimensional buffer of
 * 64-bit ints or floats, such as an array.array or a NumPy array.
 */
int values_from_with_capacity(PyObject *iterable, PyObject *capacity, value_array *result);

void values_free(value_array *result);

/*
 * Encodes a name, which must be a str, as UTF-8 with surrogateescape, like CPython's shm_open().
 * None becomes NULL. Returns -1 with an exception on failure. The exception names the parameter, or
 * contains the rule if there is a NUL in the name.
 */
int value_name(PyObject *object, const char *parameter, const char *rule, PyObject **bytes);

/* Convert an int. Return -1 with an exception that names the parameter on failure. */
int value_signed(PyObject *object, const char *parameter, int64_t *number);
int value_unsigned(PyObject *object, const char *parameter, uint64_t max, uint64_t *number);

#endif
