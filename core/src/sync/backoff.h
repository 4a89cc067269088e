/*
 * backoff.h - waiting for another writer: spin, yield, sleep, and check at intervals whether that
 * writer is alive.
 */
#ifndef SHAREABLE__BACKOFF_H
#define SHAREABLE__BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/* The state of one wait; all 0 at first, except that the caller may set a limit. */
typedef struct shareable__backoff {
  bool is_limited;
  int64_t limit_ns; /* of the whole wait, if is_limited */
  unsigned spins;
  uint64_t observed;  /* the caller's value in the last call: a new value restarts the timeout of one holder */
  int64_t first_ns;   /* the first time that the clock was read */
  int64_t start_ns;   /* when `observed` got its value */
  int64_t checked_ns; /* when CHECK_OWNER was last returned */
  bool expired;       /* the last CHECK_OWNER was returned after a timeout */
} shareable__backoff;

typedef enum shareable__backoff_action {
  SHAREABLE__RETRY,
  SHAREABLE__CHECK_OWNER, /* the caller must check whether the holder is alive */
  SHAREABLE__TIMED_OUT    /* the caller has checked that after the timeout, and must give up */
} shareable__backoff_action;

/* Returns whether the wait was ended by the caller's limit, and not because writers hold the item for too long. */
static inline bool shareable__backoff_reached_limit(const shareable__backoff *backoff) {
  return backoff->is_limited && backoff->checked_ns - backoff->first_ns >= backoff->limit_ns;
}

/* Waits for a moment. `observed` identifies the holder that the caller waits for. */
shareable__backoff_action shareable__backoff_wait(shareable__backoff *backoff, uint64_t observed);

#endif
