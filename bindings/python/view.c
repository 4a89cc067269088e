/*
 * view.c - memoryviews of blocks, lists and arrays, which keep the block mapped.
 *
 * A consumer of a buffer, such as NumPy, may release the buffer at once and keep only a reference
 * to the exporter. So each memoryview has an exporter of its own, which pins the block until it is
 * deallocated. The block's object exports no buffer.
 */
#include "view.h"

#include <stdio.h>

#include "status.h"

typedef struct view {
  PyObject_VAR_HEAD shareable_memory *memory; /* pinned */
  void *address;                              /* of the first byte; it remains valid after close */
  Py_ssize_t length;                          /* in bytes */
  Py_ssize_t item_size;                       /* in bytes */
  char format[24];                            /* of an item, as in the struct module */
  int ndim;
  bool is_fortran_order;
  Py_ssize_t shape[]; /* the length of each dimension, and then the strides in bytes */
} view;

static void dealloc(PyObject *self) {
  shareable_memory_unpin(((view *)self)->memory);
  PyObject_Free(self);
}

/* Returns whether a consumer with these flags can use the order of the items. */
static bool accepts_order(int flags, bool is_fortran_order) {
  if (is_fortran_order)
    return (flags & PyBUF_STRIDES) == PyBUF_STRIDES && (flags & PyBUF_C_CONTIGUOUS) != PyBUF_C_CONTIGUOUS;
  return (flags & PyBUF_F_CONTIGUOUS) != PyBUF_F_CONTIGUOUS;
}

static int getbuffer(PyObject *self, Py_buffer *buffer, int flags) {
  view *exporter = (view *)self;

  if (exporter->ndim > 1 && !accepts_order(flags, exporter->is_fortran_order)) {
    PyErr_SetString(PyExc_BufferError, "the items of the array are in the other order");
    return -1;
  }
  if (PyBuffer_FillInfo(buffer, self, exporter->address, exporter->length,
                        shareable_memory_is_read_only(exporter->memory), flags) < 0)
    return -1;
  buffer->itemsize = exporter->item_size;
  buffer->ndim = exporter->ndim;
  buffer->format = flags & PyBUF_FORMAT ? exporter->format : NULL;
  buffer->shape = flags & PyBUF_ND ? exporter->shape : NULL;
  buffer->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? exporter->shape + exporter->ndim : NULL;
  return 0;
}

static PyBufferProcs buffer_procs = {.bf_getbuffer = getbuffer};

static PyTypeObject view_type = {
  PyVarObject_HEAD_INIT(NULL, 0).tp_name = "shareable._raw.View",
  .tp_doc = "The exporter of a memoryview of a block, which keeps the block mapped.",
  .tp_basicsize = sizeof(view),
  .tp_itemsize = 2 * sizeof(Py_ssize_t),
  .tp_dealloc = dealloc,
  .tp_as_buffer = &buffer_procs,
  .tp_flags = Py_TPFLAGS_DEFAULT,
};

int view_type_init(void) {
  return PyType_Ready(&view_type);
}

static PyObject *raise_closed(const shareable_memory *memory) {
  if (memory == NULL)
    PyErr_SetString(PyExc_ValueError, "block is closed: __init__() was not called");
  else
    PyErr_Format(PyExc_ValueError, "block '%s' is closed: open it again", shareable_memory_name(memory));
  return NULL;
}

/* The items in a block: their type, their shape and their order. */
typedef struct item_layout {
  const char *format;
  Py_ssize_t item_size; /* in bytes */
  int ndim;
  const Py_ssize_t *shape;
  bool is_fortran_order;
} item_layout;

static void describe(view *exporter, const item_layout *items) {
  Py_ssize_t stride = items->item_size, *strides = exporter->shape + items->ndim;

  exporter->item_size = items->item_size;
  exporter->ndim = items->ndim;
  exporter->is_fortran_order = items->is_fortran_order;
  exporter->length = items->item_size;
  snprintf(exporter->format, sizeof exporter->format, "%s", items->format);
  for (int i = 0; i < items->ndim; i++) {
    int dimension = items->is_fortran_order ? i : items->ndim - 1 - i;
    Py_ssize_t length = items->shape[dimension];

    exporter->shape[dimension] = length;
    strides[dimension] = stride;
    stride *= length > 0 ? length : 1;
    exporter->length *= length;
  }
}

/* Takes over the pin of the memory. The items are in the memory. */
static PyObject *new_view(shareable_memory *memory, void *address, const item_layout *items) {
  PyObject *memoryview;
  view *exporter = PyObject_NewVar(view, &view_type, items->ndim);

  if (exporter == NULL) {
    shareable_memory_unpin(memory);
    return NULL;
  }
  exporter->memory = memory;
  exporter->address = address;
  describe(exporter, items);
  memoryview = PyMemoryView_FromObject((PyObject *)exporter);
  Py_DECREF(exporter);
  return memoryview;
}

/* Does the same for one dimension. */
static PyObject *new_flat_view(shareable_memory *memory, void *address, Py_ssize_t count, Py_ssize_t item_size,
                               const char *format) {
  return new_view(memory, address,
                  &(item_layout){.format = format, .item_size = item_size, .ndim = 1, .shape = &count});
}

PyObject *memory_view(shareable_memory *memory) {
  if (shareable_memory_pin(memory) != SHAREABLE_OK)
    return raise_closed(memory);
  return new_flat_view(memory, shareable_memory_address(memory), (Py_ssize_t)shareable_memory_size(memory), 1, "B");
}

/* Returns -1 with an exception if the items are not in the block. */
static int check_inside(const shareable_memory *memory, Py_ssize_t offset, const item_layout *items) {
  Py_ssize_t length = items->item_size, size = (Py_ssize_t)shareable_memory_size(memory);
  bool is_inside = offset >= 0 && offset <= size && items->item_size >= 0;

  for (int i = 0; i < items->ndim; i++)
    if (items->shape[i] < 0 || __builtin_mul_overflow(length, items->shape[i] > 0 ? items->shape[i] : 1, &length))
      is_inside = false;
  for (int i = 0; i < items->ndim; i++)
    length = items->shape[i] == 0 ? 0 : length;
  if (is_inside && length <= size - offset)
    return 0;
  PyErr_Format(PyExc_ValueError, "the items are not in block '%s' of %zd bytes", shareable_memory_name(memory), size);
  return -1;
}

static int shape_from(PyObject *tuple, Py_ssize_t shape[SHAREABLE_NDIM_MAX]) {
  if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) > SHAREABLE_NDIM_MAX) {
    PyErr_SetString(PyExc_TypeError, "'shape' must be a tuple of at most 64 ints");
    return -1;
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
    shape[i] = PyNumber_AsSsize_t(PyTuple_GET_ITEM(tuple, i), PyExc_OverflowError);
    if (shape[i] == -1 && PyErr_Occurred())
      return -1;
  }
  return (int)PyTuple_GET_SIZE(tuple);
}

PyObject *memory_items(shareable_memory *memory, Py_ssize_t offset, PyObject *shape, bool is_fortran_order,
                       const char *format, Py_ssize_t item_size) {
  Py_ssize_t lengths[SHAREABLE_NDIM_MAX];
  item_layout items = {format, item_size, shape_from(shape, lengths), lengths, is_fortran_order};

  if (items.ndim < 0 || check_inside(memory, offset, &items) < 0)
    return NULL;
  if (shareable_memory_pin(memory) != SHAREABLE_OK)
    return raise_closed(memory);
  return new_view(memory, (char *)shareable_memory_address(memory) + offset, &items);
}

PyObject *list_view(shareable_list *list) {
  shareable_memory *memory = shareable_list_memory(list);
  shareable_type type = SHAREABLE_TYPE_INT;
  shareable_status status = SHAREABLE_OK;
  void *numbers = NULL;
  size_t bad_index = 0;

  if (shareable_memory_pin(memory) != SHAREABLE_OK)
    return status_raise_item(SHAREABLE_E_CLOSED, list, 0);
  if (shareable_list_length(list) > 0)
    status = shareable_list_type(list, 0, &type);
  if (status == SHAREABLE_OK && type != SHAREABLE_TYPE_INT && type != SHAREABLE_TYPE_FLOAT)
    status = SHAREABLE_E_TYPE;
  if (status == SHAREABLE_OK)
    status = shareable_list_view(list, type, &numbers, &bad_index);
  if (status == SHAREABLE_OK)
    return new_flat_view(memory, numbers, (Py_ssize_t)shareable_list_length(list), 8,
                         type == SHAREABLE_TYPE_INT ? "q" : "d");
  shareable_memory_unpin(memory);
  return status_raise_item(status, list, (int64_t)bad_index);
}
