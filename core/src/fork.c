/*
 * fork.c - whether this process is a fork's child, and a lock that none is made under.
 */
#include "fork.h"

#include <pthread.h>

unsigned shareable__forks;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int cancel_state; /* of the thread that holds the lock, as it was before */

void shareable__fork_lock(void) {
  int before;

  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  pthread_mutex_lock(&lock);
  cancel_state = before;
}

void shareable__fork_unlock(void) {
  int before = cancel_state, now;

  pthread_mutex_unlock(&lock);
  pthread_setcancelstate(before, &now);
}

/* In the child, which has the thread that called fork() and thereby the lock. */
static void count(void) {
  shareable__forks++;
  shareable__fork_unlock();
}

bool shareable__fork_watch(void) {
  static bool is_told;

  if (__atomic_load_n(&is_told, __ATOMIC_ACQUIRE))
    return true;
  shareable__fork_lock();
  if (!is_told && pthread_atfork(shareable__fork_lock, shareable__fork_unlock, count) == 0)
    __atomic_store_n(&is_told, true, __ATOMIC_RELEASE);
  shareable__fork_unlock();
  return is_told;
}
