/*
 * limit.h - the limit on the size of a file (RLIMIT_FSIZE): above it, the kernel sends SIGXFSZ,
 * which kills.
 *
 * The signal must be held while a file is created or extended. Then the call fails with EFBIG if the
 * file would be above the limit. A caller that may change the file before the call fails must check
 * shareable__limit_exceeded() first. That is not sufficient: another thread may lower the limit.
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
 * `hold` blocks the signal. `release` restores the mask. If `errnum`, the result of the call, is
 * EFBIG, `release` first consumes the signal, unless it was pending before.
 */
shareable__held_signal shareable__limit_signal_hold(void);
void shareable__limit_signal_release(const shareable__held_signal *held, int errnum);

#endif
