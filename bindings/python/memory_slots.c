/*
 * memory_slots.c - the slots of the raw type Memory.
 */
#include "handle.h"
#include "memory_attributes.h"
#include "raw_slots.h"

int memory_init(PyObject *self, PyObject *arguments, PyObject *keywords) {
  void *memory;

  if (handle_from_arguments(self, arguments, keywords, &memory) < 0)
    return -1;
  memory_attributes_reset(self);
  shareable_memory_unref(handle_exchange(self, shareable_memory_ref(memory)));
  return 0;
}

void memory_dealloc(PyObject *self) {
  memory_attributes_reset(self);
  shareable_memory_unref(handle_of(self));
  handle_free(self);
}
