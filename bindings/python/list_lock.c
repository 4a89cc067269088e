/*
 * list_lock.c - locks a list for Python.
 */
#include "list_lock.h"

#include "gil.h"
#include "status.h"

static shareable_status lock(shareable_list *list, void *context, int64_t timeout) {
  (void)context;
  return shareable_list_lock(list, timeout);
}

static PyObject *lock_result(const shareable_list *list, shareable_status status) {
  switch (status) {
  case SHAREABLE_OK:
    Py_RETURN_FALSE;
  case SHAREABLE_E_OWNER_DIED:
    Py_RETURN_TRUE;
  default:
    return status_raise_list(status, list);
  }
}

/*
 * Waits for a lock that was not free. If the work of this thread was cancelled during the wait, the
 * lock is released again: nothing would release it later. A lock from an owner that died is kept,
 * because the next owner could not detect that.
 */
static int wait_for_lock(shareable_list *list, int64_t timeout, shareable_status *status) {
  if (gil_wait(list, lock, NULL, timeout, status) < 0)
    return -1;
  if (*status != SHAREABLE_OK || gil_check_executor() == 0)
    return 0;
  shareable_list_unlock(list);
  return -1;
}

/*
 * A free lock is taken without releasing the GIL. The reference keeps the list if another thread
 * calls __init__() of the object, which then has another list.
 */
PyObject *list_lock(shareable_list *list, int64_t timeout) {
  shareable_status status = shareable_list_lock(shareable_list_ref(list), 0);
  PyObject *result = NULL;

  if (status != SHAREABLE_E_TIMED_OUT || timeout == 0 || wait_for_lock(list, timeout, &status) == 0)
    result = lock_result(list, status);
  shareable_list_unref(list);
  return result;
}
