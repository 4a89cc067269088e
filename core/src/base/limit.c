/*
 * limit.c - the limit on the size of a file (RLIMIT_FSIZE): above it, the kernel sends SIGXFSZ,
 * which kills.
 */
#include "base/limit.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>

bool shareable__limit_exceeded(uint64_t size) {
  struct rlimit limit;

  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && size > limit.rlim_cur;
}

static sigset_t limit_signal(void) {
  sigset_t only;

  sigemptyset(&only);
  sigaddset(&only, SIGXFSZ);
  return only;
}

/* A signal can be pending only if this thread has blocked it. */
shareable__held_signal shareable__limit_signal_hold(void) {
  const sigset_t only = limit_signal();
  shareable__held_signal held = {.was_pending = false};
  sigset_t pending;

  pthread_sigmask(SIG_BLOCK, &only, &held.before);
  if (sigismember(&held.before, SIGXFSZ) == 1 && sigpending(&pending) == 0)
    held.was_pending = sigismember(&pending, SIGXFSZ) == 1;
  return held;
}

void shareable__limit_signal_release(const shareable__held_signal *held, int errnum) {
  const struct timespec now = {0, 0};
  const sigset_t only = limit_signal();

  if (errnum == EFBIG && !held->was_pending)
    sigtimedwait(&only, NULL, &now);
  pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}
