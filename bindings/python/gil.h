/*
 * gil.h - releases the GIL during long calls, and lets signals interrupt waits.
 */
#ifndef SHAREABLE__PYTHON_GIL_H
#define SHAREABLE__PYTHON_GIL_H

#include <Python.h>

#include "shareable.h"

/*
 * Up to these sizes, releasing the GIL takes longer than the work: the bytes of a text that is
 * copied, and the number of items that one call searches or stores.
 */
enum { GIL_TEXT_MAX = 65536, GIL_ITEMS_MAX = 4096 };

/*
 * gil_release() leaves the guard and lets other threads run, and gil_acquire() ends that. The list
 * stays mapped in between, even if another thread closes it. The caller must hold a reference to
 * the list. If the list is closed, gil_release() does nothing and returns NULL, and gil_acquire()
 * does nothing.
 */
PyThreadState *gil_release(shareable_list *list);
void gil_acquire(shareable_list *list, PyThreadState *thread);

/* Waits for at most `timeout` nanoseconds. It is called without the GIL. */
typedef shareable_status wait_call(shareable_list *list, void *context, int64_t timeout);

/*
 * Repeats a call without the GIL while it returns E_TIMED_OUT, for at most `timeout` nanoseconds in
 * all. A timeout less than 0 is no limit. Signals are handled and gil_check_executor() is called
 * between two calls: if one of them raises an exception, gil_wait() returns -1. Otherwise it
 * returns 0, and *status is that of the last call; it is unchanged if there was no call. If another
 * thread closes the list, *status is SHAREABLE_E_CLOSED, and the list is closed again, so that a
 * lock that the last call took is released. The caller must be in the guard and hold a reference to
 * the list.
 */
int gil_wait(shareable_list *list, wait_call *call, void *context, int64_t timeout, shareable_status *status);

/*
 * Returns -1 with an exception if this thread works for an executor and nothing can use the result
 * of the work any more (see _executor.py). Otherwise returns 0. The caller must be in the guard.
 */
int gil_check_executor(void);

#endif
