/*
 * waiting.c - what may take its time, as Python waits for it: without the interpreter's lock, and open to Ctrl-C.
 */
#include "waiting.h"

#include <time.h>

/* Signals are looked for this often. */
#define SLICE_NS INT64_C(50000000)

static int64_t now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

PyThreadState *waiting_begin(shareable_list *list) {
  return shareable_memory_pin(shareable_list_memory(list)) == SHAREABLE_OK ? PyEval_SaveThread() : NULL;
}

void waiting_end(shareable_list *list, PyThreadState *thread) {
  if (thread == NULL)
    return;
  PyEval_RestoreThread(thread);
  shareable_memory_unpin(shareable_list_memory(list));
}

static shareable_status wait_slice(shareable_list *list, wait_call *call, void *what, int64_t duration) {
  PyThreadState *thread = waiting_begin(list);
  shareable_status status;

  if (thread == NULL)
    return SHAREABLE_E_CLOSED;
  status = call(list, what, duration);
  waiting_end(list, thread);
  if (shareable_memory_address(shareable_list_memory(list)) != NULL)
    return status;
  shareable_list_close(list);
  return SHAREABLE_E_CLOSED;
}

int waiting_for(shareable_list *list, wait_call *call, void *what, int64_t timeout, shareable_status over,
                shareable_status *status) {
  int64_t start = now();

  do {
    int64_t left = timeout < 0 ? SLICE_NS : timeout - (now() - start);

    if (PyErr_CheckSignals() < 0)
      return -1;
    if (left <= 0)
      return 0;
    *status = wait_slice(list, call, what, left < SLICE_NS ? left : SLICE_NS);
  } while (*status == over);
  return 0;
}
