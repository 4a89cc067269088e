/*
 * backoff.h - waiting for somebody who holds something, and having waited.
 */
#ifndef SHAREABLE__BACKOFF_H
#define SHAREABLE__BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/* Waiting for somebody who holds an item, and having waited; all 0 at first. */
typedef struct shareable__backoff {
  unsigned turns;
  uint64_t seen; /* what was waited for: when that changes, somebody else is waited for from then on */
  int64_t first, start, asked;
  bool is_over; /* the time was, when it was last asked */
} shareable__backoff;

typedef enum shareable__backoff_action {
  SHAREABLE__RETRY,
  SHAREABLE__CHECK_OWNER, /* it is time to ask whether the other one lives */
  SHAREABLE__TIMED_OUT    /* it was asked, and the time is over */
} shareable__backoff_action;

/* Waits a short while on the processor, then off it. `seen` is what is waited for. */
shareable__backoff_action shareable__backoff_wait(shareable__backoff *spent, uint64_t seen);

#endif
