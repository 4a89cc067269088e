/*
 * waiting.h - what may take its time, as Python waits for it: without the interpreter's lock, and open to Ctrl-C.
 */
#ifndef SHAREABLE__PYTHON_WAITING_H
#define SHAREABLE__PYTHON_WAITING_H

#include <Python.h>

#include "shareable.h"

/*
 * Has other threads run, and ends that. Another thread may close the list meanwhile, which stays mapped; the caller has a
 * reference, so that it stays at all. NULL where it is closed, and then the other one does nothing.
 */
PyThreadState *waiting_begin(shareable_list *list);
void waiting_end(shareable_list *list, PyThreadState *thread);

/* Waits for `duration` nanoseconds at most, without the interpreter's lock. */
typedef shareable_status wait_call(shareable_list *list, void *what, int64_t duration);

/*
 * Waits by calls that return `over` while there is more to wait, for `timeout` nanoseconds in all; less than 0 for as long as
 * it takes. Another thread may close the list: then *status is E_CLOSED, and the list is closed once more, which gives
 * up what the last call took. -1 where a signal's handler raised.
 */
int waiting_for(shareable_list *list, wait_call *call, void *what, int64_t timeout, shareable_status over,
                shareable_status *status);

#endif
