/*
 * view.c - a block's bytes as Python sees them: what stands behind a memoryview, and keeps the block mapped.
 *
 * Whoever makes an array of a buffer may release the buffer at once, and from then on only keep the object behind it: NumPy
 * does. So the object behind a view is one of its own, with a pin for as long as it lives; the block's object gives no
 * buffer itself.
 */
#include "view.h"

typedef struct view {
  PyObject_HEAD shareable_memory *memory; /* pinned */
  void *address;                          /* of its first byte, which stays when it is closed */
} view;

static void dealloc(PyObject *self) {
  shareable_memory_unpin(((view *)self)->memory);
  PyObject_Free(self);
}

static int getbuffer(PyObject *self, Py_buffer *buffer, int flags) {
  const view *seen = (const view *)self;

  return PyBuffer_FillInfo(buffer, self, seen->address, (Py_ssize_t)shareable_memory_size(seen->memory),
                           shareable_memory_is_read_only(seen->memory), flags);
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

PyObject *view_of(shareable_memory *memory) {
  PyObject *memoryview;
  view *behind;

  if (shareable_memory_pin(memory) != SHAREABLE_OK)
    return raise_closed(memory);
  behind = PyObject_New(view, &view_type);
  if (behind == NULL) {
    shareable_memory_unpin(memory);
    return NULL;
  }
  behind->memory = memory;
  behind->address = shareable_memory_address(memory);
  memoryview = PyMemoryView_FromObject((PyObject *)behind);
  Py_DECREF(behind);
  return memoryview;
}
