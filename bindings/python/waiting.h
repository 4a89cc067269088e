/*
 * waiting.h - what may take its time, as Python waits for it: without the interpreter's lock, and open to Ctrl-C.
 */
#ifndef SHAREABLE__PYTHON_WAITING_H
#define SHAREABLE__PYTHON_WAITING_H

#include <Python.h>

#include "shareable.h"

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
