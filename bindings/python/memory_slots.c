/*
 * memory_slots.c - a block as Python's interpreter uses it: made and freed. Its bytes are seen by view.c.
 */
#include "handle.h"
#include "slots.h"

int memory_init(PyObject *self, PyObject *arguments, PyObject *keywords) {
  void *memory;

  if (handle_from_arguments(self, arguments, keywords, &memory) < 0)
    return -1;
  shareable_memory_unref(handle_exchange(self, shareable_memory_ref(memory)));
  return 0;
}

void memory_dealloc(PyObject *self) {
  shareable_memory_unref(handle_of(self));
  handle_free(self);
}
