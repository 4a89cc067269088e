/*
 * guard.h - runs a command under a guard: a process that outlives this program, and kills the
 * command and its descendants if this program is killed.
 *
 *   shareable lock (waits) -> guard (holds the lock) -> command -> its descendants
 *
 * If this program dies, the kernel sends the guard a signal. The guard kills the command's
 * descendants, waits until they have ended, and only then exits. So what the guard holds, for
 * example a lock, is released after the last of them has ended. If the guard is killed, the kernel
 * kills the command, but not its descendants.
 */
#ifndef SHAREABLE__CLI_GUARD_H
#define SHAREABLE__CLI_GUARD_H

#include <stdbool.h>

/* Exit statuses, as of env(1) and timeout(1). */
enum {
  GUARD_CANNOT_EXECUTE = 126,
  GUARD_NOT_FOUND = 127,
  GUARD_SIGNALED = 128 /* and the number of the signal */
};

/*
 * Runs `run` in a new process, which is the guard, and returns its exit status. Forwards the
 * signals HUP, INT, QUIT, TERM, USR1 and USR2 that another process sends to this one. The terminal
 * sends its signals to the command itself.
 */
int guard_start(int run(void *context), void *context);

/*
 * These are for the guard. guard_command() runs the command and returns its exit status, or
 * GUARD_SIGNALED + n if signal n killed it. Does not return if this program has died.
 */
int guard_command(char *const *command);

/*
 * Returns the number of a signal that was sent to end the guard before its command runs, or 0. If
 * this program has died, it returns SIGKILL.
 */
int guard_pending_signal(void);

#endif
