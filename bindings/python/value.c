/*
 * value.c - converts between Python objects and C values.
 */
#include "value.h"

#include "guard.h"

/* Raises an exception with a message of the library, and the item that it is about. */
static int raise_about_item(PyObject *class, int64_t item, shareable_status status, const char *end, const char *type) {
  const char *message = shareable_status_message(status);

  if (item == VALUE_NO_ITEM)
    PyErr_Format(class, "%s%s%.200s", message, end, type);
  else
    PyErr_Format(class, "item %lld: %s%s%.200s", (long long)item, message, end, type);
  return -1;
}

static int from_int(PyObject *object, int64_t item, shareable_value *value) {
  int overflow;
  long long integer = PyLong_AsLongLongAndOverflow(object, &overflow);

  if (overflow != 0)
    return raise_about_item(PyExc_OverflowError, item, SHAREABLE_E_OVERFLOW, "", "");
  *value = shareable_int(integer);
  return 0;
}

static int from_str(PyObject *object, shareable_value *value) {
  Py_ssize_t length;
  const char *text = PyUnicode_AsUTF8AndSize(object, &length);

  if (text == NULL)
    return -1;
  *value = shareable_strn(text, (size_t)length);
  return 0;
}

static int from_bytes(PyObject *object, shareable_value *value) {
  *value = shareable_bytes(PyBytes_AS_STRING(object), (size_t)PyBytes_GET_SIZE(object));
  return 0;
}

/* Copies the buffer, which may change or be resized while the value is in use. */
static int from_buffer(PyObject *object, shareable_value *value, PyObject **owner) {
  *owner = PyBytes_FromObject(object);
  return *owner == NULL ? -1 : from_bytes(*owner, value);
}

static int from_index(PyObject *object, int64_t item, shareable_value *value) {
  PyObject *integer = PyNumber_Index(object);
  int result = integer == NULL ? -1 : from_int(integer, item, value);

  Py_XDECREF(integer);
  return result;
}

/* Compares names of types, so that NumPy need not be imported. */
static bool is_numpy(PyObject *object, const char *name) {
  return strcmp(Py_TYPE(object)->tp_name, name) == 0;
}

static bool is_numpy_scalar(PyObject *object) {
  return strncmp(Py_TYPE(object)->tp_name, "numpy.", 6) == 0 && !is_numpy(object, "numpy.ndarray");
}

bool value_is_float(PyObject *object) {
  return PyFloat_Check(object) || is_numpy(object, "numpy.float32") || is_numpy(object, "numpy.float16");
}

static int from_float(PyObject *object, shareable_value *value) {
  double real = PyFloat_AsDouble(object);

  *value = shareable_float(real);
  return real == -1.0 && PyErr_Occurred() ? -1 : 0;
}

/*
 * An object may have __index__() and raise TypeError in it, such as a NumPy array: then its bytes
 * are stored.
 */
static int from_index_or_buffer(PyObject *object, int64_t item, shareable_value *value, PyObject **owner) {
  if (from_index(object, item, value) == 0)
    return 0;
  if (!PyErr_ExceptionMatches(PyExc_TypeError) || !PyObject_CheckBuffer(object))
    return -1;
  PyErr_Clear();
  return from_buffer(object, value, owner);
}

/* Converts an object of a type that no item is read as. */
static int from_other(PyObject *object, int64_t item, shareable_value *value, PyObject **owner) {
  if (is_numpy(object, "numpy.bool_") || is_numpy(object, "numpy.bool")) {
    *value = shareable_bool(PyObject_IsTrue(object));
    return 0;
  }
  if (value_is_float(object))
    return from_float(object, value);
  if (PyIndex_Check(object))
    return from_index_or_buffer(object, item, value, owner);
  if (PyObject_CheckBuffer(object) && !is_numpy_scalar(object))
    return from_buffer(object, value, owner);
  return raise_about_item(PyExc_TypeError, item, SHAREABLE_E_VALUE_TYPE, ", not ", Py_TYPE(object)->tp_name);
}

int value_from(PyObject *object, int64_t item, shareable_value *value, PyObject **owner) {
  *owner = NULL;
  if (PyLong_CheckExact(object))
    return from_int(object, item, value);
  if (PyBool_Check(object))
    *value = shareable_bool(object == Py_True);
  else if (object == Py_None)
    *value = shareable_none();
  else if (PyUnicode_Check(object))
    return from_str(object, value);
  else if (PyBytes_Check(object))
    return from_bytes(object, value);
  else if (PyFloat_Check(object)) /* after the others: for other types, this check is slow */
    *value = shareable_float(PyFloat_AS_DOUBLE(object));
  else
    return PyLong_Check(object) ? from_int(object, item, value) : from_other(object, item, value, owner);
  return 0;
}

static bool is_ascii(const char *text, size_t length) {
  uint64_t word, seen = 0;

  for (; length >= sizeof word; text += sizeof word, length -= sizeof word) {
    memcpy(&word, text, sizeof word);
    seen |= word;
  }
  while (length > 0)
    seen |= (unsigned char)text[--length];
  return (seen & UINT64_C(0x8080808080808080)) == 0;
}

/* Most texts are short and ASCII: these need no decoder. */
static PyObject *str_to(const char *text, size_t length) {
  PyObject *str;

  if (length > 64 || !is_ascii(text, length))
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, NULL);
  str = PyUnicode_New((Py_ssize_t)length, 0x7f);
  if (str != NULL && length > 0)
    memcpy(PyUnicode_1BYTE_DATA(str), text, length);
  return str;
}

PyObject *value_to(const shareable_value *value) {
  switch ((shareable_type)value->type) {
  case SHAREABLE_TYPE_INT:
    return PyLong_FromLongLong(value->integer);
  case SHAREABLE_TYPE_FLOAT:
    return PyFloat_FromDouble(value->real);
  case SHAREABLE_TYPE_BOOL:
    return PyBool_FromLong(value->boolean);
  case SHAREABLE_TYPE_STR:
    return str_to(value->text, (size_t)value->length);
  case SHAREABLE_TYPE_BYTES:
    return PyBytes_FromStringAndSize(value->text, (Py_ssize_t)value->length);
  case SHAREABLE_TYPE_NONE:
    break;
  }
  Py_RETURN_NONE;
}

bool value_is_exact_builtin(PyObject *object) {
  return PyLong_CheckExact(object) || PyFloat_CheckExact(object) || PyUnicode_CheckExact(object) ||
         PyBytes_CheckExact(object) || PyBool_Check(object) || object == Py_None;
}

/* Appends the owner to the array, which takes over the reference. */
static int keep_owner(value_array *result, PyObject *owner) {
  int failed = PyList_Append(result->owners, owner);

  Py_DECREF(owner);
  return failed;
}

int values_from(PyObject *iterable, value_array *result) {
  result->objects = PySequence_Tuple(iterable);
  result->owners = PyList_New(0);
  if (result->objects == NULL || result->owners == NULL)
    return -1;
  result->count = (size_t)PyTuple_GET_SIZE(result->objects);
  result->items = PyMem_New(shareable_value, result->count);
  if (result->items == NULL) {
    PyErr_NoMemory();
    return -1;
  }
  for (size_t i = 0; i < result->count; i++) {
    PyObject *owner;

    if (value_from(PyTuple_GET_ITEM(result->objects, (Py_ssize_t)i), (int64_t)i, &result->items[i], &owner) < 0 ||
        (owner != NULL && keep_owner(result, owner) < 0))
      return -1;
  }
  return 0;
}

void values_free(value_array *result) {
  PyMem_Free(result->numbers);
  PyMem_Free(result->items);
  Py_XDECREF(result->objects);
  Py_XDECREF(result->owners);
}

static int set_capacities(value_array *result, PyObject *capacities) {
  if ((size_t)PyTuple_GET_SIZE(capacities) != result->count) {
    PyErr_Format(PyExc_ValueError, "'capacity' must have one int per item: got %zd for %zu items",
                 PyTuple_GET_SIZE(capacities), result->count);
    return -1;
  }
  for (size_t i = 0; i < result->count; i++) {
    uint64_t bytes;

    if (value_unsigned(PyTuple_GET_ITEM(capacities, (Py_ssize_t)i), "capacity", UINT32_MAX, &bytes) < 0)
      return -1;
    result->items[i].capacity = (uint32_t)bytes;
  }
  return 0;
}

static int set_capacity(value_array *result, PyObject *capacity) {
  PyObject *capacities;
  uint64_t bytes;
  int failed;

  if (!PyIndex_Check(capacity) && !PySequence_Check(capacity) && Py_TYPE(capacity)->tp_iter == NULL) {
    PyErr_Format(PyExc_TypeError, "'capacity' must be an int or a sequence of ints, not %.200s",
                 Py_TYPE(capacity)->tp_name);
    return -1;
  }
  if (!PyIndex_Check(capacity)) {
    capacities = PySequence_Tuple(capacity);
    failed = capacities == NULL ? -1 : set_capacities(result, capacities);
    Py_XDECREF(capacities);
    return failed;
  }
  if (value_unsigned(capacity, "capacity", UINT32_MAX, &bytes) < 0)
    return -1;
  for (size_t i = 0; i < result->count; i++)
    result->items[i].capacity = (uint32_t)bytes;
  return 0;
}

/*
 * The array_*() functions return 1 if they made an array of numbers, 0 if the values are not ints
 * or floats of 64 bits, all of one type, or -1 with an exception.
 */
static int array_allocate(value_array *result, size_t count, shareable_type type) {
  result->numbers = PyMem_New(uint64_t, count);
  result->count = count;
  result->type = type;
  if (result->numbers != NULL)
    return 1;
  PyErr_NoMemory();
  return -1;
}

/* Returns false if there is no such attribute, or it does not fit in 64 bits. */
static bool int_attribute(PyObject *object, const char *name, long long *number) {
  PyObject *value = PyObject_GetAttrString(object, name);
  int overflow;

  if (value == NULL) {
    PyErr_Clear();
    return false;
  }
  *number = PyLong_AsLongLongAndOverflow(value, &overflow);
  Py_DECREF(value);
  PyErr_Clear();
  return overflow == 0;
}

static int array_from_range(PyObject *range, value_array *result) {
  long long start, step, last;
  Py_ssize_t count = PyObject_Size(range);
  int made;

  if (count <= 0 || !int_attribute(range, "start", &start) || !int_attribute(range, "step", &step) ||
      __builtin_mul_overflow(step, (long long)count - 1, &last) || __builtin_add_overflow(last, start, &last)) {
    PyErr_Clear();
    return 0;
  }
  made = array_allocate(result, (size_t)count, SHAREABLE_TYPE_INT);
  for (Py_ssize_t i = 0; made > 0 && i < count; i++)
    ((int64_t *)result->numbers)[i] = start + i * step;
  return made;
}

static int array_from_buffer(PyObject *array, value_array *result) {
  Py_buffer buffer;
  int made = 0;

  if (PyObject_GetBuffer(array, &buffer, PyBUF_FORMAT | PyBUF_ND | PyBUF_C_CONTIGUOUS) < 0) {
    PyErr_Clear();
    return 0;
  }
  if (buffer.ndim == 1 && buffer.itemsize == 8 && buffer.format != NULL && strchr("qld", buffer.format[0]) != NULL &&
      buffer.format[0] != '\0' && buffer.format[1] == '\0')
    made = array_allocate(result, (size_t)buffer.len / 8,
                          buffer.format[0] == 'd' ? SHAREABLE_TYPE_FLOAT : SHAREABLE_TYPE_INT);
  if (made > 0)
    memcpy(result->numbers, buffer.buf, (size_t)buffer.len);
  PyBuffer_Release(&buffer);
  return made;
}

/* Returns false if the object has another type, or does not fit in 64 bits. */
static bool number_bits(PyObject *object, PyTypeObject *type, uint64_t *bits) {
  int overflow = 0;
  long long integer;
  double real;

  if (Py_TYPE(object) != type)
    return false;
  if (type == &PyFloat_Type) {
    real = PyFloat_AS_DOUBLE(object);
    memcpy(bits, &real, sizeof *bits);
    return true;
  }
  integer = PyLong_AsLongLongAndOverflow(object, &overflow);
  *bits = (uint64_t)integer;
  return overflow == 0;
}

static int array_from_sequence_locked(PyObject *sequence, value_array *result) {
  Py_ssize_t count = PySequence_Fast_GET_SIZE(sequence);
  PyObject **objects = PySequence_Fast_ITEMS(sequence);
  PyTypeObject *type = count == 0 ? NULL : Py_TYPE(objects[0]);
  int made;

  if (type != &PyLong_Type && type != &PyFloat_Type)
    return 0;
  made = array_allocate(result, (size_t)count, type == &PyFloat_Type ? SHAREABLE_TYPE_FLOAT : SHAREABLE_TYPE_INT);
  for (Py_ssize_t i = 0; made > 0 && i < count; i++)
    if (!number_bits(objects[i], type, (uint64_t *)result->numbers + i)) {
      PyMem_Free(result->numbers);
      result->numbers = NULL;
      return 0;
    }
  return made;
}

/* Converts a list or tuple. No Python code runs in between, so the sequence cannot change. */
static int array_from_sequence(PyObject *sequence, value_array *result) {
  int made;

  Py_BEGIN_CRITICAL_SECTION(sequence);
  made = array_from_sequence_locked(sequence, result);
  Py_END_CRITICAL_SECTION();
  return made;
}

static int array_from_iterable(PyObject *iterable, value_array *result) {
  if (PyList_CheckExact(iterable) || PyTuple_CheckExact(iterable))
    return array_from_sequence(iterable, result);
  if (Py_TYPE(iterable) == &PyRange_Type)
    return array_from_range(iterable, result);
  return PyObject_CheckBuffer(iterable) ? array_from_buffer(iterable, result) : 0;
}

int values_from_with_capacity(PyObject *iterable, PyObject *capacity, value_array *result) {
  int made = 0;

  if (PyLong_CheckExact(capacity) && PyObject_Not(capacity))
    made = array_from_iterable(iterable, result);
  if (made != 0)
    return made < 0 ? -1 : 0;
  return values_from(iterable, result) < 0 ? -1 : set_capacity(result, capacity);
}

/* Replaces the codec's reason by one that names the parameter. */
static void set_encoding_reason(const char *parameter) {
  PyObject *type, *error, *traceback;
  char reason[64];

  if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
    return;
  snprintf(reason, sizeof reason, "'%s' must not contain this surrogate", parameter);
  PyErr_Fetch(&type, &error, &traceback);
  PyErr_NormalizeException(&type, &error, &traceback);
  if (PyUnicodeEncodeError_SetReason(error, reason) < 0)
    PyErr_Clear();
  PyErr_Restore(type, error, traceback);
}

int value_name(PyObject *object, const char *parameter, const char *rule, PyObject **bytes) {
  *bytes = NULL;
  if (object == Py_None)
    return 0;
  if (!PyUnicode_Check(object)) {
    PyErr_Format(PyExc_TypeError, "'%s' must be a str or None, not %.200s", parameter, Py_TYPE(object)->tp_name);
    return -1;
  }
  *bytes = PyUnicode_AsEncodedString(object, "utf-8", "surrogateescape");
  if (*bytes == NULL) {
    set_encoding_reason(parameter);
    return -1;
  }
  if (strlen(PyBytes_AS_STRING(*bytes)) == (size_t)PyBytes_GET_SIZE(*bytes))
    return 0;
  Py_CLEAR(*bytes);
  PyErr_Format(PyExc_ValueError, "%R: %s", object, rule);
  return -1;
}

static int raise_not_int(PyObject *object, const char *parameter) {
  PyErr_Format(PyExc_TypeError, "'%s' must be an int, not %.200s", parameter, Py_TYPE(object)->tp_name);
  return -1;
}

int value_signed(PyObject *object, const char *parameter, int64_t *number) {
  PyObject *integer;

  if (!PyIndex_Check(object))
    return raise_not_int(object, parameter);
  integer = PyNumber_Index(object);
  if (integer == NULL)
    return -1;
  *number = PyLong_AsLongLong(integer);
  Py_DECREF(integer);
  if (*number != -1 || !PyErr_Occurred())
    return 0;
  PyErr_Format(PyExc_OverflowError, "'%s' must fit in 64 bits, sign included", parameter);
  return -1;
}

int value_unsigned(PyObject *object, const char *parameter, uint64_t max, uint64_t *number) {
  PyObject *integer;

  if (!PyIndex_Check(object))
    return raise_not_int(object, parameter);
  integer = PyNumber_Index(object);
  if (integer == NULL)
    return -1;
  *number = PyLong_AsUnsignedLongLong(integer);
  Py_DECREF(integer);
  if (PyErr_Occurred() ? PyErr_ExceptionMatches(PyExc_OverflowError) : *number > max)
    PyErr_Format(PyExc_ValueError, "'%s' must be between 0 and %llu, not %R", parameter, (unsigned long long)max,
                 object);
  return PyErr_Occurred() ? -1 : 0;
}
