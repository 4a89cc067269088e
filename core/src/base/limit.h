/*
 * limit.h - the limit of a file's size (RLIMIT_FSIZE), past which the kernel sends SIGXFSZ, which kills.
 *
 * A file is made or extended only after shareable__limit_exceeded() has returned false, and with the signal held: another thread
 * may lower the limit in between. The call then fails with EFBIG.
 */
#ifndef SHAREABLE__LIMIT_H
#define SHAREABLE__LIMIT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* SIGXFSZ, blocked in this thread. */
typedef struct shareable__held_signal {
  sigset_t before;  /* the mask of this thread */
  bool was_pending; /* the program's own */
} shareable__held_signal;

/* Whether this process may not write files of that many bytes. */
bool shareable__limit_exceeded(uint64_t size);

/* Blocks the signal; and unblocks it after taking it, unless it was pending before. */
shareable__held_signal shareable__limit_signal_hold(void);
void shareable__limit_signal_release(const shareable__held_signal *held);

#endif
