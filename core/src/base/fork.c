/*
 * fork.c - whether this process is a fork's child, and a lock that none is made under.
 */
#include "base/fork.h"

#include <signal.h>
#include <sys/mman.h>

_Static_assert(sizeof(shareable__fork_page) == SHAREABLE__FORK_PAGE, "nothing else is on the page that is cleared");

/* Cleared, the lock is free: PTHREAD_MUTEX_INITIALIZER is all zero. */
shareable__fork_page shareable__fork_own __attribute__((aligned(SHAREABLE__FORK_PAGE)));

static unsigned last;      /* the last number of this process or of one that it was forked from */
static int cancel_state;   /* of the thread that holds the lock, as it was before */
static sigset_t held_mask; /* likewise */

/* All but those that the kernel sends to a thread for what the thread does: blocked, they would end the process. */
static sigset_t asynchronous_signals(void) {
  static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
  sigset_t signals;

  sigfillset(&signals);
  for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
    sigdelset(&signals, synchronous[i]);
  return signals;
}

static void take_number(void) {
  if (__atomic_load_n(&shareable__fork_generation, __ATOMIC_RELAXED) == 0)
    __atomic_store_n(&shareable__fork_generation, ++last, __ATOMIC_RELEASE);
}

void shareable__fork_lock(void) {
  const sigset_t blocked = asynchronous_signals();
  sigset_t mask;
  int state;

  pthread_sigmask(SIG_BLOCK, &blocked, &mask);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  pthread_mutex_lock(&shareable__fork_own.lock);
  held_mask = mask;
  cancel_state = state;
  take_number();
}

static void restore(int state, sigset_t mask) {
  pthread_setcancelstate(state, NULL);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void shareable__fork_unlock(void) {
  int state = cancel_state;
  sigset_t mask = held_mask;

  pthread_mutex_unlock(&shareable__fork_own.lock);
  restore(state, mask);
}

/* In the child of fork(), which has the thread that took the lock. The kernel may have cleared the page, or not. */
static void begin_child(void) {
  pthread_mutex_init(&shareable__fork_own.lock, NULL);
  __atomic_store_n(&shareable__fork_generation, 0, __ATOMIC_RELAXED);
  take_number();
  restore(cancel_state, held_mask);
}

/* For a child that runs no handlers. A kernel before 4.14, or one with larger pages, refuses: then only fork() is noticed. */
static void clear_in_children(void) {
#ifdef MADV_WIPEONFORK
  (void)madvise(&shareable__fork_own, sizeof shareable__fork_own, MADV_WIPEONFORK);
#endif
}

bool shareable__fork_init(void) {
  static bool is_told;

  if (__atomic_load_n(&is_told, __ATOMIC_ACQUIRE) &&
      __atomic_load_n(&shareable__fork_generation, __ATOMIC_RELAXED) != 0)
    return true;
  shareable__fork_lock();
  if (!is_told) {
    clear_in_children();
    if (pthread_atfork(shareable__fork_lock, shareable__fork_unlock, begin_child) == 0)
      __atomic_store_n(&is_told, true, __ATOMIC_RELEASE);
  }
  shareable__fork_unlock();
  return is_told;
}
