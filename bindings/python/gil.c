/*
 * gil.c - releases the GIL during long calls, and lets signals interrupt waits.
 */
#include "gil.h"

#include <time.h>

#include "guard.h"

/* The longest time without a check for signals. */
#define SLICE_NS INT64_C(50000000)

static int64_t now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

PyThreadState *gil_release(shareable_list *list) {
  if (shareable_memory_pin(shareable_list_memory(list)) != SHAREABLE_OK)
    return NULL;
  guard_leave();
  return PyEval_SaveThread();
}

void gil_acquire(shareable_list *list, PyThreadState *thread) {
  if (thread == NULL)
    return;
  PyEval_RestoreThread(thread);
  guard_enter();
  shareable_memory_unpin(shareable_list_memory(list));
}

static shareable_status wait_slice(shareable_list *list, wait_call *call, void *context, int64_t timeout) {
  PyThreadState *thread = gil_release(list);
  shareable_status status;

  if (thread == NULL)
    return SHAREABLE_E_CLOSED;
  status = call(list, context, timeout);
  gil_acquire(list, thread);
  if (shareable_memory_address(shareable_list_memory(list)) != NULL)
    return status;
  guard_lock();
  shareable_list_close(list);
  guard_unlock();
  return SHAREABLE_E_CLOSED;
}

/* A handler may run any Python code. */
static int handle_signals(void) {
  int result;

  guard_leave();
  result = PyErr_CheckSignals();
  guard_enter();
  return result;
}

/* The module is absent if a program uses the raw module alone. */
static int call_executor_check(void) {
  PyObject *name = PyUnicode_FromString("shareable._executor");
  PyObject *module = name == NULL ? NULL : PyImport_GetModule(name);
  PyObject *result = module == NULL ? NULL : PyObject_CallMethod(module, "check", NULL);

  Py_XDECREF(result);
  Py_XDECREF(module);
  Py_XDECREF(name);
  return PyErr_Occurred() ? -1 : 0;
}

int gil_check_executor(void) {
  int result;

  guard_leave();
  result = call_executor_check();
  guard_enter();
  return result;
}

int gil_wait(shareable_list *list, wait_call *call, void *context, int64_t timeout, shareable_status *status) {
  int64_t start = now();

  for (;;) {
    int64_t left = timeout < 0 ? SLICE_NS : timeout - (now() - start);

    if (handle_signals() < 0)
      return -1;
    if (left <= 0)
      return 0;
    *status = wait_slice(list, call, context, left < SLICE_NS ? left : SLICE_NS);
    if (*status != SHAREABLE_E_TIMED_OUT)
      return 0;
    if (gil_check_executor() < 0)
      return -1;
  }
}
