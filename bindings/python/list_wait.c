/*
 * list_wait.c - waiting for a change in a list, as Python does.
 */
#include "list_wait.h"

#include "status.h"
#include "waiting.h"

/* What is over already takes no giving up of the interpreter's lock. */
static int wait_for(shareable_list *list, wait_call *call, void *what, int64_t timeout, shareable_status *status) {
  *status = call(list, what, 0);
  if (*status != SHAREABLE_E_UNCHANGED || timeout == 0)
    return 0;
  return waiting_for(list, call, what, timeout, SHAREABLE_E_UNCHANGED, status);
}

typedef struct item_wait {
  int64_t index;
  const shareable_value *value;
} item_wait;

static shareable_status wait_for_item(shareable_list *list, void *what, int64_t duration) {
  const item_wait *wait = what;

  return shareable_list_wait(list, wait->index, wait->value, duration);
}

/* The reference outlives an __init__() that gives the object another list. */
PyObject *list_wait(shareable_list *list, int64_t index, const shareable_value *value, int64_t timeout) {
  item_wait wait = {index, value};
  shareable_status status;
  PyObject *result = NULL;

  shareable_list_ref(list);
  if (wait_for(list, wait_for_item, &wait, timeout, &status) == 0)
    result = status == SHAREABLE_OK ? Py_BuildValue("") : status_raise_item(status, list, index);
  shareable_list_unref(list);
  return result;
}

static shareable_status wait_for_anything(shareable_list *list, void *what, int64_t duration) {
  return shareable_list_wait_any(list, what, duration);
}

PyObject *list_wait_any(shareable_list *list, uint64_t digest, int64_t timeout) {
  shareable_status status;
  PyObject *result = NULL;

  shareable_list_ref(list);
  if (wait_for(list, wait_for_anything, &digest, timeout, &status) == 0)
    result = status == SHAREABLE_OK ? PyLong_FromUnsignedLongLong(digest) : status_raise_list(status, list);
  shareable_list_unref(list);
  return result;
}
