/*
 * limit.h - the limit on the size of a file (RLIMIT_FSIZE): above it, the kernel sends SIGXFSZ,
 * which kills.
 *
 * Before a file is created or extended, shareable__limit_exceeded() must have returned false, and
 * the signal must be held: another thread may lower the limit in between. Then the call fails with
 * EFBIG.
 */
#ifndef SHAREABLE__LIMIT_H
#define SHAREABLE__LIMIT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* SIGXFSZ, blocked in this thread. */
typedef struct shareable__held_signal {
  sigset_t before;  /* the mask of this thread */
  bool was_pending; /* a signal that the program has sent */
} shareable__held_signal;

/* Returns whether a file of `size` bytes is above the limit. */
bool shareable__limit_exceeded(uint64_t size);

/*
 * `hold` blocks the signal. `release` consumes it, unless it was pending before, and restores the
 * mask.
 */
shareable__held_signal shareable__limit_signal_hold(void);
void shareable__limit_signal_release(const shareable__held_signal *held);

#endif
