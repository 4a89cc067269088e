/*
 * thread.c - the threads of the watches. They sleep on a control word, which wakes them.
 */
#include "watch/thread.h"

#include <limits.h>

#include "base/futex.h"

/* A sanitizer, and the thread-local storage of the program, need a part of the stack. */
#define STACK_SIZE ((size_t)512 * 1024)

/* The watch lock blocks the signals of the calling thread. The new thread inherits that. */
bool shareable__watch_thread_start(shareable__watch_thread *thread, void *(*run)(void *), void *context) {
  pthread_attr_t attributes;
  bool is_started;

  if (thread->is_running)
    return true;
  if (pthread_attr_init(&attributes) != 0)
    return false;
  pthread_attr_setstacksize(&attributes, STACK_SIZE);
  is_started = pthread_create(&thread->id, &attributes, run, context) == 0;
  pthread_attr_destroy(&attributes);
  if (!is_started)
    return false;
#ifdef __linux__
  pthread_setname_np(thread->id, "shareable-watch");
#endif
  thread->is_running = true;
  thread->must_end = false;
  return true;
}

void shareable__watch_thread_wake(shareable__watch_thread *thread) {
  __atomic_fetch_add(&thread->control, 1, __ATOMIC_RELEASE);
  shareable__futex_wake(&thread->control, 1);
}

void shareable__watch_thread_end(shareable__watch_thread *thread) {
  if (!thread->is_running)
    return;
  thread->must_end = true;
  shareable__watch_thread_wake(thread);
}

void shareable__watch_thread_join(const shareable__watch_thread *thread) {
  if (thread->is_running)
    pthread_join(thread->id, NULL);
}
