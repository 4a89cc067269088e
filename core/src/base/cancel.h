/*
 * cancel.h - calls that are completed although their thread is cancelled: no point of cancellation is in them.
 */
#ifndef SHAREABLE__CANCEL_H
#define SHAREABLE__CANCEL_H

#include <pthread.h>

static inline int shareable__cancel_disable(void) {
  int state;

  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  return state;
}

static inline void shareable__cancel_restore(const int *state) {
  pthread_setcancelstate(*state, NULL);
}

/* Stands first in a function: from there to its return, the thread is not cancelled. */
#define SHAREABLE__UNCANCELLED                                                                                         \
  const int uncancelled_ __attribute__((cleanup(shareable__cancel_restore), unused)) = shareable__cancel_disable()

#endif
