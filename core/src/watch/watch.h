/*
 * watch.h - a watch: a descriptor that becomes readable when one of its entries changes.
 *
 * A waiter thread (waiter.h) sleeps on the words (word.h) of the lists (block.h) that are watched. When a word
 * changes, it puts the entries (entry.h) of the word into the queue of their watch, and makes the
 * watch's eventfd readable. Another thread (checker.h) detects changes that wake no waiter. The
 * lock of fork.h guards everything here. A child of a fork gets its own eventfd, and starts threads
 * when it needs them.
 */
#ifndef SHAREABLE__WATCH_H
#define SHAREABLE__WATCH_H

#include <stdatomic.h>

#include "base/eventfd.h"
#include "base/fork.h"
#include "watch/checker.h"
#include "watch/entry.h"
#include "watch/waiter.h"

struct shareable_watch {
  shareable__link of_process;
  atomic_uint signals; /* waiter threads that make the descriptor readable now */
  shareable__eventfd event;
  bool is_readable;
  bool is_parents; /* in a child of a fork: the eventfd is still that of the parent */
  shareable__chain entries;
  shareable__chain changed; /* the queue of changed entries */
};

/* The lock of fork.h. shareable__watch_lock() also detects that this process is a child of a fork. */
void shareable__watch_lock(void);
void shareable__watch_unlock(void);

/*
 * The same for a waiter thread. shareable__watch_unlock_and_signal() makes the descriptor of the first
 * watch that was reported since then readable, after it has released the lock: the event loop that
 * wakes, often on the processor of the thread, would have to wait for the lock.
 */
void shareable__watch_lock_for_reports(void);
void shareable__watch_unlock_and_signal(void);

/* Appends an entry to the queue of changed entries, and makes the descriptor readable. */
void shareable__watch_report(shareable_watch *watch, shareable__watch_entry *entry);

/* Removes an entry from that queue. */
void shareable__watch_forget_changed(shareable_watch *watch, shareable__watch_entry *entry);

#endif
