/*
 * array.c - converts the shapes and the items of arrays from Python, and their descriptions to Python.
 */
#include "array.h"

#include <stdbool.h>
#include <stdio.h>

#include "value.h"

/* The formats of the struct module and, for complex numbers, of PEP 3118. */
static const char *const formats[] = {
  [SHAREABLE_DTYPE_BOOL] = "?", [SHAREABLE_DTYPE_I8] = "b",    [SHAREABLE_DTYPE_I16] = "h", [SHAREABLE_DTYPE_I32] = "i",
  [SHAREABLE_DTYPE_I64] = "q",  [SHAREABLE_DTYPE_U8] = "B",    [SHAREABLE_DTYPE_U16] = "H", [SHAREABLE_DTYPE_U32] = "I",
  [SHAREABLE_DTYPE_U64] = "Q",  [SHAREABLE_DTYPE_F16] = "e",   [SHAREABLE_DTYPE_F32] = "f", [SHAREABLE_DTYPE_F64] = "d",
  [SHAREABLE_DTYPE_C64] = "Zf", [SHAREABLE_DTYPE_C128] = "Zd",
};

static int length_from(PyObject *object, uint64_t *length) {
  return value_unsigned(object, "shape", UINT64_MAX, length);
}

int array_shape_from(PyObject *object, array_shape *shape) {
  PyObject *lengths;
  int result = 0;

  if (PyIndex_Check(object)) {
    shape->ndim = 1;
    return length_from(object, &shape->lengths[0]);
  }
  lengths = PySequence_Tuple(object);
  if (lengths == NULL) {
    if (PyErr_ExceptionMatches(PyExc_TypeError))
      PyErr_Format(PyExc_TypeError, "'shape' must be an int or a tuple of ints, not %.200s", Py_TYPE(object)->tp_name);
    return -1;
  }
  shape->ndim = (size_t)PyTuple_GET_SIZE(lengths);
  if (shape->ndim > SHAREABLE_NDIM_MAX) {
    PyErr_Format(PyExc_ValueError, "'shape' has %zu lengths: an array has 0 to %d dimensions", shape->ndim,
                 SHAREABLE_NDIM_MAX);
    result = -1;
  }
  for (size_t i = 0; result == 0 && i < shape->ndim; i++)
    result = length_from(PyTuple_GET_ITEM(lengths, (Py_ssize_t)i), &shape->lengths[i]);
  Py_DECREF(lengths);
  return result;
}

shareable_status array_create_from(shareable_array **array, const char *name, const char *descr,
                                   const array_shape *shape, const void *items, size_t size, uint32_t flags,
                                   uint32_t mode, shareable_error *error) {
  return shareable_array_create_from(array, name, descr, shape->ndim, shape->lengths, items, size, flags, mode, error);
}

int array_items_from(PyObject *object, Py_buffer *items) {
  if (object == Py_None)
    return 0;
  return PyObject_GetBuffer(object, items, PyBUF_C_CONTIGUOUS);
}

static PyObject *shape_to(const shareable_array *array) {
  size_t ndim = shareable_array_ndim(array);
  PyObject *shape = PyTuple_New((Py_ssize_t)ndim);

  for (size_t i = 0; shape != NULL && i < ndim; i++) {
    PyObject *length = PyLong_FromUnsignedLongLong(shareable_array_shape(array)[i]);

    if (length == NULL)
      Py_CLEAR(shape);
    else
      PyTuple_SET_ITEM(shape, (Py_ssize_t)i, length);
  }
  return shape;
}

/* An array of one dimension has both orders. */
static bool is_fortran_order(const shareable_array *array) {
  size_t ndim = shareable_array_ndim(array);
  const int64_t *strides = shareable_array_strides(array);

  return ndim > 1 && strides[0] < strides[ndim - 1];
}

PyObject *array_description(const shareable_array *array, PyObject *memory) {
  shareable_dtype dtype = shareable_array_dtype(array);
  const char *first = shareable_array_data(array), *start = shareable_memory_address(shareable_array_memory(array));
  size_t item_size = shareable_array_item_size(array);
  Py_ssize_t offset = first - start;
  char bytes[24];

  snprintf(bytes, sizeof bytes, "%zus", item_size);
  return Py_BuildValue("(NnNOssn)", memory, offset, shape_to(array), is_fortran_order(array) ? Py_True : Py_False,
                       shareable_array_descr(array), dtype == SHAREABLE_DTYPE_BYTES ? bytes : formats[dtype],
                       (Py_ssize_t)item_size);
}
