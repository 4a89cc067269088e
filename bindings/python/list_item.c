/*
 * list_item.c - reads an item of a list as a Python object.
 */
#include "list_item.h"

#include "gil.h"
#include "status.h"
#include "value.h"

/* A text of at most this many bytes is read without an allocation. */
enum { STACK_SIZE = 512 };

/* If a str is not UTF-8, Python's decoder raises an exception with the position and the reason. */
static SLOW_PATH PyObject *get_result(const shareable_list *list, int64_t index, shareable_status status,
                                      const shareable_value *value) {
  return status == SHAREABLE_OK || status == SHAREABLE_E_UTF8 ? value_to(value)
                                                              : status_raise_item(status, list, index);
}

/* The buffer has the size of the slot, because another process may write a longer text first. */
static SLOW_PATH PyObject *get_long_text(shareable_list *list, int64_t index) {
  shareable_value value = shareable_none();
  size_t size = 0;
  shareable_status status = shareable_list_capacity(list, index, &size);
  char *buffer = PyMem_Malloc(size);
  PyThreadState *thread = NULL;
  PyObject *object;

  if (buffer == NULL)
    return PyErr_NoMemory();
  shareable_list_ref(list);
  if (size > GIL_TEXT_MAX)
    thread = gil_release(list);
  if (status == SHAREABLE_OK)
    status = shareable_list_get(list, index, &value, buffer, size);
  gil_acquire(list, thread);
  object = get_result(list, index, status, &value);
  shareable_list_unref(list);
  PyMem_Free(buffer);
  return object;
}

PyObject *list_get(const shareable_list *list, int64_t index) {
  char buffer[STACK_SIZE];
  shareable_value value;
  shareable_status status = shareable_list_get(list, index, &value, buffer, sizeof buffer);

  if (status == SHAREABLE_OK && value.type == SHAREABLE_TYPE_INT)
    return PyLong_FromLongLong(value.integer);
  if (status == SHAREABLE_OK && value.type == SHAREABLE_TYPE_FLOAT)
    return PyFloat_FromDouble(value.real);
  if (status == SHAREABLE_E_BUFFER)
    return get_long_text((shareable_list *)(uintptr_t)list, index);
  return get_result(list, index, status, &value);
}
