/*
 * manager.c - the slots of the raw type Manager.
 */
#include "manager.h"

#include "handle.h"

int manager_init(PyObject *self, PyObject *arguments, PyObject *keywords) {
  PyObject *other = handle_from_arguments(self, arguments, keywords);
  shareable_manager *previous;

  if (other == NULL)
    return -1;
  guard_enter();
  previous = handle_exchange(self, shareable_manager_ref(handle_of(other)));
  guard_leave();
  shareable_manager_unref(previous);
  return 0;
}

/* Releasing the last handle of a manager that this process started waits for the manager's exit. */
void manager_dealloc(PyObject *self) {
  shareable_manager *manager = handle_of(self); /* no other thread has the object */

  Py_BEGIN_ALLOW_THREADS;
  shareable_manager_unref(manager);
  Py_END_ALLOW_THREADS;
  handle_free(self);
}
