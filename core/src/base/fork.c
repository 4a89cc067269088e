/*
 * fork.c - detects that this process is a fork's child, and a lock during which no child is forked.
 */
#include "base/fork.h"

#include <signal.h>
#include <sys/mman.h>

_Static_assert(sizeof(shareable__fork_page) == SHAREABLE__FORK_PAGE, "the page that is cleared contains nothing else");

/* PTHREAD_MUTEX_INITIALIZER is all zero: when the page is cleared, the lock is free. */
shareable__fork_page shareable__fork_state __attribute__((aligned(SHAREABLE__FORK_PAGE)));

void (*shareable__fork_in_child)(void);

static unsigned last_generation; /* of this process or of its ancestors */
static int cancel_state;         /* the previous state of the thread that holds the lock */
static sigset_t held_mask;       /* the previous mask of that thread */

/*
 * Returns all signals except those that the kernel sends for an error of the thread itself: if they
 * were blocked, such an error would kill the process.
 */
static sigset_t asynchronous_signals(void) {
  static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
  sigset_t signals;

  sigfillset(&signals);
  for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
    sigdelset(&signals, synchronous[i]);
  return signals;
}

static void assign_generation(void) {
  if (__atomic_load_n(&shareable__fork_generation, __ATOMIC_RELAXED) == 0)
    __atomic_store_n(&shareable__fork_generation, ++last_generation, __ATOMIC_RELEASE);
}

void shareable__fork_lock(void) {
  const sigset_t blocked = asynchronous_signals();
  sigset_t mask;
  int state;

  pthread_sigmask(SIG_BLOCK, &blocked, &mask);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  pthread_mutex_lock(&shareable__fork_state.lock);
  held_mask = mask;
  cancel_state = state;
  assign_generation();
}

static void restore(int state, sigset_t mask) {
  pthread_setcancelstate(state, NULL);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void shareable__fork_unlock(void) {
  int state = cancel_state;
  sigset_t mask = held_mask;

  pthread_mutex_unlock(&shareable__fork_state.lock);
  restore(state, mask);
}

/*
 * Runs in the child of fork(), in the thread that holds the lock. The kernel may have cleared the
 * page.
 */
static void reset_in_child(void) {
  pthread_mutex_init(&shareable__fork_state.lock, NULL);
  __atomic_store_n(&shareable__fork_generation, 0, __ATOMIC_RELAXED);
  assign_generation();
  if (shareable__fork_in_child != NULL)
    shareable__fork_in_child();
  restore(cancel_state, held_mask);
}

/*
 * For a child that runs no handlers. A kernel before 4.14, or one with larger pages, fails: then
 * only fork() is detected.
 */
static void clear_in_children(void) {
#ifdef MADV_WIPEONFORK
  (void)madvise(&shareable__fork_state, sizeof shareable__fork_state, MADV_WIPEONFORK);
#endif
}

bool shareable__fork_init(void) {
  static bool is_registered;

  if (__atomic_load_n(&is_registered, __ATOMIC_ACQUIRE) &&
      __atomic_load_n(&shareable__fork_generation, __ATOMIC_RELAXED) != 0)
    return true;
  shareable__fork_lock();
  if (!is_registered) {
    clear_in_children();
    if (pthread_atfork(shareable__fork_lock, shareable__fork_unlock, reset_in_child) == 0)
      __atomic_store_n(&is_registered, true, __ATOMIC_RELEASE);
  }
  shareable__fork_unlock();
  return is_registered;
}

/*
 * Registers the handlers as early as possible: handlers that are registered while another thread is
 * in fork() do not run for that fork(). The constructor is in this file, because a linker takes
 * from an archive only the files that others refer to.
 */
__attribute__((constructor)) static void init(void) {
  shareable__fork_init();
}
