/*
 * list_wait.c - waits for a change in a list for Python.
 */
#include "list_wait.h"

#include "gil.h"
#include "status.h"

/* The first check keeps the GIL: the list may have changed already. */
static int check_then_wait(shareable_list *list, wait_call *call, void *context, int64_t timeout,
                           shareable_status *status) {
  *status = call(list, context, 0);
  if (*status != SHAREABLE_E_TIMED_OUT || timeout == 0)
    return 0;
  return gil_wait(list, call, context, timeout, status);
}

typedef struct item_wait {
  int64_t index;
  const shareable_value *value;
} item_wait;

static shareable_status wait_for_item(shareable_list *list, void *context, int64_t timeout) {
  const item_wait *item = context;

  return shareable_list_wait(list, item->index, item->value, timeout);
}

/*
 * The reference keeps the list if another thread calls __init__() of the object, which then has
 * another list.
 */
PyObject *list_wait(shareable_list *list, int64_t index, const shareable_value *value, int64_t timeout) {
  item_wait item = {index, value};
  shareable_status status;
  PyObject *result = NULL;

  shareable_list_ref(list);
  if (check_then_wait(list, wait_for_item, &item, timeout, &status) == 0)
    result = status == SHAREABLE_OK ? Py_BuildValue("") : status_raise_item(status, list, index);
  shareable_list_unref(list);
  return result;
}

PyObject *list_differs(shareable_list *list, int64_t index, const shareable_value *value) {
  shareable_status status = shareable_list_wait(list, index, value, 0);

  if (status == SHAREABLE_OK || status == SHAREABLE_E_TIMED_OUT)
    return PyBool_FromLong(status == SHAREABLE_OK);
  return status_raise_item(status, list, index);
}

static shareable_status wait_for_any(shareable_list *list, void *context, int64_t timeout) {
  return shareable_list_wait_any(list, context, timeout);
}

PyObject *list_wait_any(shareable_list *list, uint64_t hash, int64_t timeout) {
  shareable_status status;
  PyObject *result = NULL;

  shareable_list_ref(list);
  if (check_then_wait(list, wait_for_any, &hash, timeout, &status) == 0)
    result = status == SHAREABLE_OK ? PyLong_FromUnsignedLongLong(hash) : status_raise_list(status, list);
  shareable_list_unref(list);
  return result;
}
