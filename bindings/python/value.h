/*
 * value.h - Python objects as C values, one or many, and back.
 */
#ifndef SHAREABLE__PYTHON_VALUE_H
#define SHAREABLE__PYTHON_VALUE_H

#include <Python.h>
#include <stdbool.h>

#include "shareable.h"

/*
 * Makes a value of an int, float, bool, str, bytes, None, an object with __index__, a number of NumPy's, or any buffer. Its
 * text lies in the object, or in *owner, which becomes a reference that is the caller's to drop, else NULL. -1 with an
 * exception that names the item.
 */
int value_from(PyObject *object, int64_t item, shareable_value *value, PyObject **owner);

/* A new object of the value. A str that is not UTF-8 raises UnicodeDecodeError. */
PyObject *value_to(const shareable_value *value);

/* Whether == of the object means what it means to the library: it is exactly of a type that items are read as. */
bool value_is_plain(PyObject *object);

/* Many values, and what their texts lie in. */
typedef struct value_array {
  shareable_value *items;
  size_t count;
  PyObject *objects; /* a tuple */
  PyObject *owners;  /* a list */
  void *words;       /* where all are numbers of one type: those instead of `items`, else NULL */
  shareable_type type;
} value_array;

/* No values; values_free() may be called on it. */
#define VALUES_NONE ((value_array){.items = NULL})

/* Makes values of what an iterable yields. -1 with an exception, and then too values_free() is to be called. */
int values_from(PyObject *iterable, value_array *result);

/*
 * The same for a new list, each value with a capacity in bytes: one int for all, or a sequence of as many ints. A range, a list
 * or tuple of ints alone or of floats alone, and an array of those of 64 bits, of array's or NumPy's, become words.
 */
int values_from_with(PyObject *iterable, PyObject *capacity, value_array *result);

void values_free(value_array *result);

/*
 * The bytes of a block's name, which is a str: as CPython's shm_open() encodes them, and bytes that are not UTF-8 as
 * os.fsdecode() shows them. None gives NULL. -1 with an exception, which names the parameter, or says that a NUL breaks
 * the rule.
 */
int value_name(PyObject *object, const char *parameter, const char *rule, PyObject **bytes);

/* An int, or -1 with an exception that names the parameter. */
int value_signed(PyObject *object, const char *parameter, int64_t *number);
int value_unsigned(PyObject *object, const char *parameter, uint64_t most, uint64_t *number);

#endif
