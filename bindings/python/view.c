/*
 * view.c - a block's bytes as Python sees them: what stands behind a memoryview, and keeps the block mapped.
 *
 * Whoever makes an array of a buffer may release the buffer at once, and from then on only keep the object behind it: NumPy
 * does. So the object behind a view is one of its own, with a pin for as long as it lives; the block's object gives no
 * buffer itself.
 */
#include "view.h"

#include "status.h"

typedef struct view {
  PyObject_HEAD shareable_memory *memory; /* pinned */
  void *address;                          /* of its first byte, which stays when it is closed */
  Py_ssize_t length;                      /* in bytes */
  Py_ssize_t count;                       /* of numbers of 8 bytes each; else of bytes */
  Py_ssize_t size;                        /* of each of them */
  const char *format;                     /* of each, as struct has it */
} view;

static void dealloc(PyObject *self) {
  shareable_memory_unpin(((view *)self)->memory);
  PyObject_Free(self);
}

/* All bytes of it, as items of that size and format. */
static int getbuffer(PyObject *self, Py_buffer *buffer, int flags) {
  view *seen = (view *)self;

  if (PyBuffer_FillInfo(buffer, self, seen->address, seen->length, shareable_memory_is_read_only(seen->memory), flags) <
      0)
    return -1;
  buffer->itemsize = seen->size;
  if (flags & PyBUF_FORMAT)
    buffer->format = (char *)(uintptr_t)seen->format;
  if (flags & PyBUF_ND)
    buffer->shape = &seen->count;
  if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES)
    buffer->strides = &seen->size;
  return 0;
}

static PyBufferProcs buffer_procs = {.bf_getbuffer = getbuffer};

static PyTypeObject view_type = {
  PyVarObject_HEAD_INIT(NULL, 0).tp_name = "shareable._raw.View",
  .tp_doc = "What stands behind a view of a block: keeps it mapped.",
  .tp_basicsize = sizeof(view),
  .tp_dealloc = dealloc,
  .tp_as_buffer = &buffer_procs,
  .tp_flags = Py_TPFLAGS_DEFAULT,
};

int view_prepare(void) {
  return PyType_Ready(&view_type);
}

static PyObject *raise_closed(const shareable_memory *memory) {
  if (memory == NULL)
    PyErr_SetString(PyExc_ValueError, "the block is closed: its __init__() was not called");
  else
    PyErr_Format(PyExc_ValueError, "block '%s' is closed: open it again", shareable_memory_name(memory));
  return NULL;
}

static PyObject *new_view(shareable_memory *memory, void *address, Py_ssize_t count, Py_ssize_t size,
                          const char *format) {
  PyObject *memoryview;
  view *behind = PyObject_New(view, &view_type);

  if (behind == NULL) {
    shareable_memory_unpin(memory);
    return NULL;
  }
  behind->memory = memory;
  behind->address = address;
  behind->length = count * size;
  behind->count = count;
  behind->size = size;
  behind->format = format;
  memoryview = PyMemoryView_FromObject((PyObject *)behind);
  Py_DECREF(behind);
  return memoryview;
}

PyObject *view_of(shareable_memory *memory) {
  if (shareable_memory_pin(memory) != SHAREABLE_OK)
    return raise_closed(memory);
  return new_view(memory, shareable_memory_address(memory), (Py_ssize_t)shareable_memory_size(memory), 1, "B");
}

PyObject *list_view(shareable_list *list) {
  shareable_memory *memory = shareable_list_memory(list);
  shareable_type type = SHAREABLE_TYPE_INT;
  shareable_status status = SHAREABLE_OK;
  void *numbers = NULL;
  size_t at = 0;

  if (shareable_memory_pin(memory) != SHAREABLE_OK)
    return status_raise_item(SHAREABLE_E_CLOSED, list, 0);
  if (shareable_list_length(list) > 0)
    status = shareable_list_type(list, 0, &type);
  if (status == SHAREABLE_OK && type != SHAREABLE_TYPE_INT && type != SHAREABLE_TYPE_FLOAT)
    status = SHAREABLE_E_TYPE;
  if (status == SHAREABLE_OK)
    status = shareable_list_view(list, type, &numbers, &at);
  if (status == SHAREABLE_OK)
    return new_view(memory, numbers, (Py_ssize_t)shareable_list_length(list), 8,
                    type == SHAREABLE_TYPE_INT ? "q" : "d");
  shareable_memory_unpin(memory);
  return status_raise_item(status, list, (int64_t)at);
}
