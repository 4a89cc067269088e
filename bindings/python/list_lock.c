/*
 * list_lock.c - the lock of a list as Python waits for it.
 */
#include "list_lock.h"

#include "status.h"
#include "waiting.h"

static shareable_status lock_within(shareable_list *list, void *what, int64_t duration) {
  (void)what;
  return shareable_list_lock(list, duration);
}

static PyObject *result_of(const shareable_list *list, shareable_status status) {
  switch (status) {
  case SHAREABLE_OK:
    Py_RETURN_FALSE;
  case SHAREABLE_E_OWNER_DIED:
    Py_RETURN_TRUE;
  default:
    return status_raise_list(status, list);
  }
}

/* A lock that is free is taken at once. The reference outlives an __init__() that gives the object another list. */
PyObject *list_lock(shareable_list *list, int64_t timeout) {
  shareable_status status = shareable_list_lock(shareable_list_ref(list), 0);
  PyObject *result = NULL;

  if (status != SHAREABLE_E_TIMED_OUT || timeout == 0 ||
      waiting_for(list, lock_within, NULL, timeout, SHAREABLE_E_TIMED_OUT, &status) == 0)
    result = result_of(list, status);
  shareable_list_unref(list);
  return result;
}
