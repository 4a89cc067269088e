/*
 * manager.c - the slots of the raw type Manager, and its methods that are not in the C library.
 */
#include "manager.h"

#include "handle.h"
#include "status.h"

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

static void raise_status(shareable_status status, const shareable_error *error) {
  status_context context = STATUS_CONTEXT_NONE;

  context.error = *error;
  status_raise(status, &context);
}

/*
 * The call waits for the manager's reply, so it runs outside the guard. The reference keeps the
 * block's handle if another thread calls __init__() of the block's object.
 */
PyObject *manager_adopt(shareable_manager *manager, shareable_memory *memory) {
  status_context context = STATUS_CONTEXT_NONE;
  shareable_status status;

  shareable_memory_ref(memory);
  guard_leave();
  Py_BEGIN_ALLOW_THREADS;
  status = shareable_manager_adopt(manager, memory, &context.error);
  Py_END_ALLOW_THREADS;
  guard_enter();
  context.name = shareable_memory_name(memory);
  if (status != SHAREABLE_OK)
    status_raise(status, &context);
  shareable_memory_unref(memory);
  return status == SHAREABLE_OK ? Py_BuildValue("") : NULL;
}

PyObject *manager_wait(shareable_manager *manager, int64_t timeout) {
  shareable_error error = {0};
  shareable_status status;
  int exit_code = 0;

  Py_BEGIN_ALLOW_THREADS;
  status = shareable_manager_wait(manager, timeout, &exit_code, &error);
  Py_END_ALLOW_THREADS;
  if (status == SHAREABLE_OK)
    return PyLong_FromLong(exit_code);
  if (status == SHAREABLE_E_TIMED_OUT)
    Py_RETURN_NONE;
  raise_status(status, &error);
  return NULL;
}

/* Returns the list of the names, each of which ends with a NUL. */
static PyObject *names_from(const char *buffer, size_t length) {
  PyObject *list = PyList_New(0);

  for (const char *name = buffer; list != NULL && name < buffer + length; name += strlen(name) + 1) {
    PyObject *text = PyUnicode_DecodeUTF8(name, (Py_ssize_t)strlen(name), "surrogateescape");

    if (text == NULL || PyList_Append(list, text) < 0)
      Py_CLEAR(list);
    Py_XDECREF(text);
  }
  return list;
}

/* The names may need more bytes at each attempt, because other programs add some. */
static shareable_status get_names(shareable_manager *manager, char **buffer, size_t *length, shareable_error *error) {
  shareable_status status;
  size_t size = 0;

  *buffer = NULL;
  while ((status = shareable_manager_names(manager, *buffer, size, length, error)) == SHAREABLE_E_BUFFER) {
    char *larger;

    size = *length + 1000;
    larger = realloc(*buffer, size);
    if (larger == NULL)
      return SHAREABLE_E_NO_MEMORY;
    *buffer = larger;
  }
  return status;
}

PyObject *manager_names(shareable_manager *manager) {
  shareable_error error = {0};
  PyObject *names = NULL;
  shareable_status status;
  size_t length = 0;
  char *buffer;

  Py_BEGIN_ALLOW_THREADS;
  status = get_names(manager, &buffer, &length, &error);
  Py_END_ALLOW_THREADS;
  if (status == SHAREABLE_OK)
    names = names_from(buffer, length);
  else if (status == SHAREABLE_E_NO_MEMORY)
    PyErr_NoMemory();
  else
    raise_status(status, &error);
  free(buffer);
  return names;
}
