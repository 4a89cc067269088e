/*
 * memory_slots.c - the slots of the raw type Memory.
 */
#include "handle.h"
#include "memory_attributes.h"
#include "raw_slots.h"

int memory_init(PyObject *self, PyObject *arguments, PyObject *keywords) {
  PyObject *other = handle_from_arguments(self, arguments, keywords);

  if (other == NULL)
    return -1;
  guard_enter();
  shareable_memory_unref(handle_exchange(self, shareable_memory_ref(handle_of(other))));
  guard_leave();
  memory_attributes_reset(self); /* now no thread keeps a view of the previous handle */
  return 0;
}

void memory_dealloc(PyObject *self) {
  memory_attributes_reset(self);
  guard_enter();
  shareable_memory_unref(handle_of(self));
  guard_leave();
  handle_free(self);
}
