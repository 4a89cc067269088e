/*
 * view.c - memoryviews of blocks and lists, which keep the block mapped.
 *
 * A consumer of a buffer, such as NumPy, may release the buffer at once and keep only a reference
 * to the exporter. So each memoryview has an exporter of its own, which pins the block until it is
 * deallocated. The block's object exports no buffer.
 */
#include "view.h"

#include "status.h"

typedef struct view {
  PyObject_HEAD shareable_memory *memory; /* pinned */
  void *address;                          /* of the first byte; it remains valid after close */
  Py_ssize_t length;                      /* in bytes */
  Py_ssize_t count;                       /* of items */
  Py_ssize_t size;                        /* of an item, in bytes: 8 for a number, 1 for a byte */
  const char *format;                     /* of an item, as in the struct module */
} view;

static void dealloc(PyObject *self) {
  shareable_memory_unpin(((view *)self)->memory);
  PyObject_Free(self);
}

static int getbuffer(PyObject *self, Py_buffer *buffer, int flags) {
  view *exporter = (view *)self;

  if (PyBuffer_FillInfo(buffer, self, exporter->address, exporter->length,
                        shareable_memory_is_read_only(exporter->memory), flags) < 0)
    return -1;
  buffer->itemsize = exporter->size;
  if (flags & PyBUF_FORMAT)
    buffer->format = (char *)(uintptr_t)exporter->format;
  if (flags & PyBUF_ND)
    buffer->shape = &exporter->count;
  if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES)
    buffer->strides = &exporter->size;
  return 0;
}

static PyBufferProcs buffer_procs = {.bf_getbuffer = getbuffer};

static PyTypeObject view_type = {
  PyVarObject_HEAD_INIT(NULL, 0).tp_name = "shareable._raw.View",
  .tp_doc = "The exporter of a memoryview of a block, which keeps the block mapped.",
  .tp_basicsize = sizeof(view),
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

static PyObject *new_view(shareable_memory *memory, void *address, Py_ssize_t count, Py_ssize_t size,
                          const char *format) {
  PyObject *memoryview;
  view *exporter = PyObject_New(view, &view_type);

  if (exporter == NULL) {
    shareable_memory_unpin(memory);
    return NULL;
  }
  exporter->memory = memory;
  exporter->address = address;
  exporter->length = count * size;
  exporter->count = count;
  exporter->size = size;
  exporter->format = format;
  memoryview = PyMemoryView_FromObject((PyObject *)exporter);
  Py_DECREF(exporter);
  return memoryview;
}

PyObject *memory_view(shareable_memory *memory) {
  if (shareable_memory_pin(memory) != SHAREABLE_OK)
    return raise_closed(memory);
  return new_view(memory, shareable_memory_address(memory), (Py_ssize_t)shareable_memory_size(memory), 1, "B");
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
    return new_view(memory, numbers, (Py_ssize_t)shareable_list_length(list), 8,
                    type == SHAREABLE_TYPE_INT ? "q" : "d");
  shareable_memory_unpin(memory);
  return status_raise_item(status, list, (int64_t)bad_index);
}
