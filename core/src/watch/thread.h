/*
 * thread.h - the threads of the watches. They sleep on a control word, which wakes them.
 */
#ifndef SHAREABLE__WATCH_THREAD_H
#define SHAREABLE__WATCH_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* All 0 at first. Guarded by the watch lock, except that the thread sleeps on `control`. */
typedef struct shareable__watch_thread {
  pthread_t id;
  bool is_running;
  bool must_end;
  uint32_t control;
} shareable__watch_thread;

/*
 * Starts the thread, unless it runs. It has a small stack, and blocks all signals except those for
 * an error of the thread itself. Returns false if the system refuses. The caller holds the watch
 * lock.
 */
bool shareable__watch_thread_start(shareable__watch_thread *thread, void *(*run)(void *), void *context);

/* Wakes the thread, so that it checks `must_end` and its words. The caller holds the watch lock. */
void shareable__watch_thread_wake(shareable__watch_thread *thread);

/* Makes the thread end. The caller holds the watch lock. */
void shareable__watch_thread_end(shareable__watch_thread *thread);

/* Waits until the thread has ended. The caller does not hold the watch lock. */
void shareable__watch_thread_join(const shareable__watch_thread *thread);

#endif
