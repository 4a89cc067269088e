/*
 * cancel.h - calls that complete even if their thread is cancelled: they contain no cancellation
 * point.
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

/* Must be the first line of a function. The thread is not cancelled before the function returns. */
#define SHAREABLE__UNCANCELLED                                                                                         \
  const int uncancelled_ __attribute__((cleanup(shareable__cancel_restore), unused)) = shareable__cancel_disable()

#endif
