/*
 * list_lock.c - the lock of a list as Python waits for it: without the interpreter's lock, and open to Ctrl-C.
 */
#include "list_lock.h"

#include <time.h>

#include "status.h"

/* Signals are looked for this often. */
#define SLICE_NS INT64_C(50000000)

static int64_t now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/*
 * Another thread may close the list meanwhile, which stays mapped until the slice is over. What the slice took then is given
 * up by closing once more.
 */
static shareable_status wait_slice(shareable_list *list, int64_t duration) {
  shareable_memory *memory = shareable_list_memory(list);
  shareable_status status = shareable_memory_pin(memory);
  PyThreadState *thread;

  if (status != SHAREABLE_OK)
    return status;
  thread = PyEval_SaveThread();
  status = shareable_list_lock(list, duration);
  PyEval_RestoreThread(thread);
  if (shareable_memory_address(memory) == NULL) {
    shareable_list_close(list);
    status = SHAREABLE_E_CLOSED;
  }
  shareable_memory_unpin(memory);
  return status;
}

/* -1 where a signal's handler raised. */
static int wait_for(shareable_list *list, int64_t timeout, shareable_status *status) {
  int64_t start = now();

  do {
    int64_t left = timeout < 0 ? SLICE_NS : timeout - (now() - start);

    if (PyErr_CheckSignals() < 0)
      return -1;
    if (left <= 0)
      return 0;
    *status = wait_slice(list, left < SLICE_NS ? left : SLICE_NS);
  } while (*status == SHAREABLE_E_TIMED_OUT);
  return 0;
}

static PyObject *raise_timed_out(const shareable_list *list) {
  status_context context = STATUS_CONTEXT_NONE;

  context.name = shareable_memory_name(shareable_list_memory(list));
  snprintf(context.error.text, sizeof context.error.text, "list '%s' is locked by somebody else", context.name);
  status_raise(SHAREABLE_E_TIMED_OUT, &context);
  return NULL;
}

static PyObject *result_of(const shareable_list *list, shareable_status status) {
  switch (status) {
  case SHAREABLE_OK:
    Py_RETURN_FALSE;
  case SHAREABLE_E_OWNER_DIED:
    Py_RETURN_TRUE;
  case SHAREABLE_E_TIMED_OUT:
    return raise_timed_out(list);
  default:
    return status_raise_item(status, list, 0);
  }
}

/* A lock that is free is taken at once. The reference outlives an __init__() that gives the object another list. */
PyObject *list_lock(shareable_list *list, int64_t timeout) {
  shareable_status status = shareable_list_lock(shareable_list_ref(list), 0);
  PyObject *result = NULL;

  if (status != SHAREABLE_E_TIMED_OUT || timeout == 0 || wait_for(list, timeout, &status) == 0)
    result = result_of(list, status);
  shareable_list_unref(list);
  return result;
}
