/*
 * guard.c - does for handles what the GIL does, in a CPython without the GIL.
 */
#include "guard.h"

#ifdef Py_GIL_DISABLED

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/*
 * The threads in the guard are counted in several counters, each in a cache line of its own, so
 * that threads on different processors do not slow each other down.
 */
enum { COUNTERS = 64, CACHE_LINE = 64 };

typedef struct counter {
  _Alignas(CACHE_LINE) atomic_uint inside;
} counter;

static counter counters[COUNTERS];
static atomic_bool is_locked;

static counter *own_counter(void) {
  static atomic_uint threads;
  static _Thread_local counter *own __attribute__((tls_model("initial-exec")));

  if (own == NULL)
    own = &counters[atomic_fetch_add(&threads, 1) % COUNTERS];
  return own;
}

/*
 * While the thread waits, CPython can stop all threads, which a thread in the guard may require.
 */
static void wait_briefly(unsigned tries) {
  enum { YIELDS = 16 };
  static const struct timespec interval = {.tv_nsec = 50000};

  Py_BEGIN_ALLOW_THREADS;
  if (tries < YIELDS)
    sched_yield();
  else
    nanosleep(&interval, NULL);
  Py_END_ALLOW_THREADS;
}

/*
 * When the interpreter ends, it stops daemon threads wherever they are, also in the guard or with
 * the guard locked. They use no handle any more: no thread waits for them.
 */
static bool must_wait(bool is_busy) {
  return is_busy && !Py_IsFinalizing();
}

/*
 * The thread counts itself before it looks at the lock, and guard_lock() looks at the counters
 * after it has set the lock. So at least one of them notices the other.
 */
void guard_enter(void) {
  counter *own = own_counter();

  for (;;) {
    atomic_fetch_add(&own->inside, 1);
    if (!must_wait(atomic_load(&is_locked)))
      return;
    atomic_fetch_sub(&own->inside, 1);
    for (unsigned tries = 0; must_wait(atomic_load(&is_locked)); tries++)
      wait_briefly(tries);
  }
}

void guard_leave(void) {
  atomic_fetch_sub(&own_counter()->inside, 1);
}

void guard_lock(void) {
  guard_leave();
  for (unsigned tries = 0; must_wait(atomic_exchange(&is_locked, true)); tries++)
    wait_briefly(tries);
  for (size_t i = 0; i < COUNTERS; i++)
    for (unsigned tries = 0; must_wait(atomic_load(&counters[i].inside) != 0); tries++)
      wait_briefly(tries);
}

void guard_unlock(void) {
  atomic_store(&is_locked, false);
  guard_enter();
}

/* A fork's child has only the thread that called fork(), which is not in the guard. */
static void reset_in_child(void) {
  for (size_t i = 0; i < COUNTERS; i++)
    atomic_store(&counters[i].inside, 0);
  atomic_store(&is_locked, false);
}

int guard_init(void) {
  static bool is_registered;

  if (is_registered)
    return 0;
  if (pthread_atfork(NULL, NULL, reset_in_child) != 0) {
    PyErr_NoMemory();
    return -1;
  }
  is_registered = true;
  return 0;
}

#endif
