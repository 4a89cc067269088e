/*
 * fork.c - whether this process is a fork's child, and a lock that none is made under.
 */
#include "fork.h"

#include <pthread.h>

unsigned shareable__forks;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void shareable__fork_lock(void) {
  pthread_mutex_lock(&lock);
}

void shareable__fork_unlock(void) {
  pthread_mutex_unlock(&lock);
}

static void count(void) {
  shareable__forks++;
  pthread_mutex_unlock(&lock);
}

static void watch(void) {
  pthread_atfork(shareable__fork_lock, shareable__fork_unlock, count);
}

void shareable__fork_watch(void) {
  pthread_once(&once, watch);
}
