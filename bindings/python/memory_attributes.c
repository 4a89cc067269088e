/*
 * memory_attributes.c - the attributes of a block's object that programs read often.
 */
#include "memory_attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "guard.h"
#include "handle.h"

enum { VIEW, SIZE }; /* the companions of a block's handle */

/* Returns a new reference, or NULL without an exception. */
static PyObject *kept(PyObject *memory, int which) {
  PyObject *object;

  Py_BEGIN_CRITICAL_SECTION(memory);
  object = handle_companions(memory)[which];
  Py_XINCREF(object);
  Py_END_CRITICAL_SECTION();
  return object;
}

/* Takes over the reference. The object may be NULL. */
static void keep(PyObject *memory, int which, PyObject *object) {
  PyObject *previous;

  Py_BEGIN_CRITICAL_SECTION(memory);
  previous = handle_companions(memory)[which];
  handle_companions(memory)[which] = object;
  Py_END_CRITICAL_SECTION();
  Py_XDECREF(previous);
}

void memory_attributes_reset(PyObject *memory) {
  keep(memory, VIEW, NULL);
  keep(memory, SIZE, NULL);
}

/*
 * Keeps a new view of the handle instead of the previous one. If another thread has kept one, or
 * has given the object another handle, drops the new one. Takes over the references. Returns the
 * kept view.
 */
static PyObject *replace_view(PyObject *memory, const void *handle, PyObject *previous, PyObject *view) {
  PyObject **place = &handle_companions(memory)[VIEW], *kept_view, *dropped = view;

  Py_BEGIN_CRITICAL_SECTION(memory);
  if (*place == previous && handle_of(memory) == handle) {
    dropped = previous; /* the reference of the object */
    *place = view;
  }
  kept_view = *place == NULL ? Py_None : *place; /* NULL: another thread calls __init__() */
  Py_INCREF(kept_view);
  Py_END_CRITICAL_SECTION();
  Py_XDECREF(dropped);
  Py_XDECREF(previous);
  return kept_view;
}

/* The reference keeps the handle's address from being that of another handle. */
static PyObject *renew_view(PyObject *memory, PyObject *previous) {
  shareable_memory *handle;
  PyObject *view;

  guard_enter();
  handle = shareable_memory_ref(handle_of(memory));
  guard_leave();
  view = PyObject_CallMethod(memory, "_new_view", NULL);
  if (view != NULL)
    view = replace_view(memory, handle, previous, view);
  else
    Py_XDECREF(previous);
  guard_enter();
  shareable_memory_unref(handle);
  guard_leave();
  return view;
}

PyObject *memory_kept_view(PyObject *memory) {
  PyObject *view = kept(memory, VIEW);

  return view != NULL ? view : renew_view(memory, NULL);
}

PyObject *memory_keep_view(PyObject *memory, PyObject *view) {
  Py_INCREF(view);
  keep(memory, VIEW, view);
  Py_RETURN_NONE;
}

/* Only a released memoryview has no length. */
static bool is_released(PyObject *view) {
  if (!PyMemoryView_Check(view) || PyObject_Size(view) >= 0)
    return false;
  PyErr_Clear();
  return true;
}

/* A subclass may set _buf and _name itself, instead of calling __init__(). */
static bool has_handle(PyObject *memory) {
  return handle_of(memory) != NULL;
}

static PyObject *get_buf(PyObject *memory, void *nothing) {
  PyObject *view;

  (void)nothing;
  if (!has_handle(memory))
    return PyObject_GetAttrString(memory, "_buf");
  view = kept(memory, VIEW);
  return view != NULL && !is_released(view) ? view : renew_view(memory, view);
}

static PyObject *name_of(const shareable_memory *memory) {
  const char *name = shareable_memory_name(memory);

  if (name == NULL)
    Py_RETURN_NONE;
  return PyUnicode_DecodeUTF8(name, (Py_ssize_t)strlen(name), "surrogateescape");
}

static PyObject *without_slash(PyObject *name) {
  PyObject *rest;

  if (name == NULL || !PyUnicode_Check(name) || PyUnicode_GET_LENGTH(name) == 0 || PyUnicode_READ_CHAR(name, 0) != '/')
    return name;
  rest = PyUnicode_Substring(name, 1, PyUnicode_GET_LENGTH(name));
  Py_DECREF(name);
  return rest;
}

static PyObject *get_name(PyObject *memory, void *nothing) {
  PyObject *name;

  (void)nothing;
  if (!has_handle(memory))
    return without_slash(PyObject_GetAttrString(memory, "_name"));
  guard_enter();
  name = name_of(handle_of(memory));
  guard_leave();
  return name;
}

static PyObject *get_size(PyObject *memory, void *nothing) {
  PyObject *size = kept(memory, SIZE);

  (void)nothing;
  if (size != NULL)
    return size;
  guard_enter();
  size = PyLong_FromSize_t(shareable_memory_size(handle_of(memory)));
  guard_leave();
  return size;
}

static int set_size(PyObject *memory, PyObject *size, void *nothing) {
  (void)nothing;
  Py_XINCREF(size);
  keep(memory, SIZE, size);
  return 0;
}

/* The wrapper has the GIL, or is in the guard, so no other thread closes the block in between. */
shareable_status memory_duplicate_fd(shareable_memory *memory, int *fd, shareable_error *error) {
  shareable_status status = shareable_memory_fd(memory, fd, error);

  if (status != SHAREABLE_OK)
    return status;
  *fd = fcntl(*fd, F_DUPFD_CLOEXEC, 3); /* not a standard stream */
  if (*fd >= 0)
    return SHAREABLE_OK;
  error->status = SHAREABLE_E_SYSTEM;
  error->sys_errno = errno;
  snprintf(error->message, sizeof error->message, "block '%s': cannot duplicate its descriptor",
           shareable_memory_name(memory));
  return SHAREABLE_E_SYSTEM;
}

static PyGetSetDef attributes[] = {
  {"buf", get_buf, NULL,
   "A memoryview of the block's bytes, or None after close().\n\n"
   "It is the same object each time, until it is released. A reference to it remains valid after\n"
   "the block is closed. In a free-threaded CPython, threads must not slice or release the same\n"
   "memoryview at the same time: each can attach to the block itself.",
   NULL},
  {"name", get_name, NULL, "The name by which other processes attach. It remains available after close().", NULL},
  {"size", get_size, NULL, "The size in bytes. It remains available after close().", NULL},
  {"_size", get_size, set_size, "The size in bytes, which a program may set.", NULL},
};

PyObject *memory_attributes(PyTypeObject *memory_type) {
  PyObject *descriptors = PyDict_New();

  for (size_t i = 0; descriptors != NULL && i < sizeof attributes / sizeof attributes[0]; i++) {
    PyObject *descriptor = PyDescr_NewGetSet(memory_type, &attributes[i]);

    if (descriptor == NULL || PyDict_SetItemString(descriptors, attributes[i].name, descriptor) < 0)
      Py_CLEAR(descriptors);
    Py_XDECREF(descriptor);
  }
  return descriptors;
}
