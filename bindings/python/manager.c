/*
 * manager.c - the slots of the raw type Manager.
 */
#include "manager.h"

#include "handle.h"

int manager_init(PyObject *self, PyObject *arguments, PyObject *keywords) {
  void *manager;

  if (handle_from_arguments(self, arguments, keywords, &manager) < 0)
    return -1;
  shareable_manager_unref(handle_exchange(self, shareable_manager_ref(manager)));
  return 0;
}

/* Releasing the last handle of a manager that this process started waits for the manager's exit. */
void manager_dealloc(PyObject *self) {
  shareable_manager *manager = handle_exchange(self, NULL);

  Py_BEGIN_ALLOW_THREADS;
  shareable_manager_unref(manager);
  Py_END_ALLOW_THREADS;
  handle_free(self);
}
