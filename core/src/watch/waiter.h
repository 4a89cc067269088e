/*
 * waiter.h - the threads that sleep until a word changes, and then report the entries of the word.
 */
#ifndef SHAREABLE__WAITER_H
#define SHAREABLE__WAITER_H

#include "base/futex.h"
#include "watch/thread.h"
#include "watch/word.h"

/* A thread sleeps on its control word too. */
#define SHAREABLE__WAITER_WORDS (SHAREABLE__FUTEX_WORDS_MAX - 1)

typedef struct shareable__waiter {
  shareable__watch_thread thread;
  struct shareable__waiter *next;
  unsigned count;
  shareable__watch_word *words[SHAREABLE__WAITER_WORDS];
} shareable__waiter;

/* The caller of the functions below holds the watch lock, if not stated otherwise. */

/*
 * Gives the word a thread, unless it has one. Returns E_NO_MEMORY, or E_SYSTEM if no thread can be
 * started.
 */
shareable_status shareable__waiter_add(shareable__watch_word *word);

/* Removes the word from its thread, if it has one. */
void shareable__waiter_remove(shareable__watch_word *word);

/* Makes the word's thread check its words. */
void shareable__waiter_wake(shareable__watch_word *word);

/*
 * Makes all threads end, and returns them. The words must get new threads. The caller passes the
 * result to shareable__waiters_join() after it has released the lock.
 */
shareable__waiter *shareable__waiters_end(void);
void shareable__waiters_join(shareable__waiter *all);

/* Frees what a child of a fork inherited of its parent's threads. */
void shareable__waiters_forget(void);

#endif
