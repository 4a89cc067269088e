/*
 * list_lock.c - the lock of a list, which a command holds while it reads the list.
 */
#include "list_lock.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"

/* The longest wait for the lock, in nanoseconds. */
#define TIMEOUT_NS INT64_C(10000000000)

/* The longest time, in nanoseconds, until a signal ends the wait for the lock. */
#define SIGNAL_CHECK_NS INT64_C(100000000)

static shareable_list *locked; /* NULL: no lock is held */
static sigset_t initial_mask;

static void block_signals(void) {
  static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2};
  sigset_t set;

  sigemptyset(&set);
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
    sigaddset(&set, ending[i]);
  sigprocmask(SIG_BLOCK, &set, &initial_mask);
}

/* A signal that is pending ends this process. */
static void restore_signals(void) {
  sigprocmask(SIG_SETMASK, &initial_mask, NULL);
}

/* Signals are blocked if the lock is acquired. Waits in steps, between which signals are not blocked. */
static shareable_status acquire(shareable_list *list) {
  int64_t end = shareable__deadline(TIMEOUT_NS);
  shareable_status status;

  do {
    block_signals();
    status = shareable_list_lock(list, SIGNAL_CHECK_NS);
    if (status == SHAREABLE_OK || status == SHAREABLE_E_OWNER_DIED)
      return status;
    restore_signals();
  } while (status == SHAREABLE_E_TIMED_OUT && shareable__now() < end);
  return status;
}

void list_lock_acquire(shareable_list *list) {
  const char *name = shareable_memory_name(shareable_list_memory(list));
  shareable_status status;
  shareable_error error;

  status = acquire(list);
  if (status == SHAREABLE_OK || status == SHAREABLE_E_OWNER_DIED)
    locked = list;
  switch (status) {
  case SHAREABLE_OK:
  case SHAREABLE_E_READ_ONLY:
    return;
  case SHAREABLE_E_OWNER_DIED:
    cli_warn("the previous owner of the lock of list '%s' died: what the lock guards may be half changed", name);
    return;
  case SHAREABLE_E_TIMED_OUT:
    cli_warn("another process has held the lock of list '%s' for 10 seconds", name);
    exit(CLI_TIMED_OUT);
  default:
    shareable_list_explain(list, status, &error);
    cli_die_message(error.message);
  }
}

void list_lock_release(void) {
  if (locked == NULL)
    return;
  shareable_list_unlock(locked);
  locked = NULL;
  restore_signals();
}

/* A call of atexit() would be one through a PLT stub, because that function is linked statically. */
__attribute__((destructor)) static void release_at_exit(void) {
  list_lock_release();
}
