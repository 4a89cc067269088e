/*
 * watch.c - a watch: a descriptor that becomes readable when one of its entries changes.
 */
#include "watch/watch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "watch/pin.h"

/* The pause between two checks whether a thread has made a descriptor readable. */
#define SIGNAL_PAUSE_NS INT64_C(50000)

static shareable__chain watches;
static unsigned generation; /* of the process that uses them (fork.h); 0: no watch was created */

static bool is_by_waiter;         /* a waiter thread holds the lock */
static shareable_watch *reported; /* the watch whose descriptor that thread will make readable */

static void make_readable(shareable_watch *watch) {
  if (watch->is_readable)
    return;
  watch->is_readable = true;
  if (watch->is_parents)
    return;
  if (is_by_waiter && reported == NULL) {
    reported = watch;
    atomic_fetch_add(&watch->signals, 1);
  } else {
    shareable__eventfd_signal(&watch->event);
  }
}

void shareable__watch_lock_for_reports(void) {
  shareable__fork_lock();
  is_by_waiter = true;
}

/* shareable_watch_free() waits until the number of signals is 0. */
void shareable__watch_unlock_and_signal(void) {
  shareable_watch *watch = reported;

  is_by_waiter = false;
  reported = NULL;
  shareable__fork_unlock();
  if (watch == NULL)
    return;
  shareable__eventfd_signal(&watch->event);
  atomic_fetch_sub(&watch->signals, 1);
}

static void wait_for_signals(const shareable_watch *watch) {
  while (atomic_load(&watch->signals) > 0)
    shareable__sleep(SIGNAL_PAUSE_NS);
}

static void drain(shareable_watch *watch) {
  watch->is_readable = false;
  if (!watch->is_parents)
    shareable__eventfd_drain(&watch->event);
}

/*
 * The parent and its child share the eventfd, so that one of them would read the other's wake-ups.
 * The child's new eventfd is readable: all armed entries are reported. If the system has no eventfd
 * for the child, the child does not use that of its parent.
 */
static void replace_fd(shareable_watch *watch) {
  watch->is_readable = true;
  if (!shareable__eventfd_is_lost(&watch->event))
    watch->is_parents = !shareable__eventfd_replace(&watch->event);
}

/* Tries again to replace the eventfd of the parent. */
static void own_fd(shareable_watch *watch) {
  if (watch->is_parents)
    replace_fd(watch);
}

/* Called once in a child of a fork, which has none of its parent's threads. */
static void reset_in_child(void) {
  shareable__watch_entry *entry;

  if (generation == 0 || generation == shareable__fork_generation)
    return;
  generation = shareable__fork_generation;
  is_by_waiter = false;
  reported = NULL;
  shareable__waiters_forget();
  for (shareable__link *link = watches.first; link != NULL; link = link->next) {
    shareable_watch *watch = SHAREABLE__OBJECT(link, shareable_watch, of_process);

    atomic_store(&watch->signals, 0);
    replace_fd(watch);
  }
  for (size_t k = 0; (entry = shareable__entry_next(&k)) != NULL;) {
    shareable__entry_fire(entry);
    if (entry->word != NULL)
      entry->word->offered = NULL;
  }
  shareable__checker_forget();
  shareable__watch_pins_forget();
}

void shareable__watch_lock(void) {
  shareable__fork_lock();
  reset_in_child();
}

void shareable__watch_unlock(void) {
  shareable__fork_unlock();
}

void shareable__watch_report(shareable_watch *watch, shareable__watch_entry *entry) {
  shareable__chain_append(&watch->changed, &entry->of_queue);
  own_fd(watch);
  make_readable(watch);
}

void shareable__watch_forget_changed(shareable_watch *watch, shareable__watch_entry *entry) {
  shareable__chain_remove(&watch->changed, &entry->of_queue);
  entry->is_changed = false;
}

/* Adds a watch to the list of this process. */
static void insert(shareable_watch *watch) {
  shareable__watch_lock();
  generation = shareable__fork_generation;
  shareable__fork_in_child = reset_in_child;
  shareable__chain_append(&watches, &watch->of_process);
  shareable__watch_unlock();
}

shareable_status shareable_watch_create(shareable_watch **result, shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable_watch *watch;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the watch is NULL");
  watch = calloc(1, sizeof *watch);
  if (watch == NULL)
    return shareable__fail(error, SHAREABLE_E_NO_MEMORY, ENOMEM, "no memory for a watch");
  if (!shareable__eventfd_create(&watch->event)) {
    int errnum = errno;

    free(watch);
    return shareable__fail_errno(error, errnum, "cannot create an eventfd");
  }
  insert(watch);
  *result = watch;
  return SHAREABLE_OK;
}

/* Removes the watch and its entries. If it was the last watch, frees the empty table of entries. */
static void remove_watch(shareable_watch *watch) {
  while (watch->entries.first != NULL)
    shareable__entry_free(SHAREABLE__OBJECT(watch->entries.first, shareable__watch_entry, of_watch));
  shareable__chain_remove(&watches, &watch->of_process);
  if (watches.first == NULL)
    shareable__entries_end();
  wait_for_signals(watch);
  shareable__eventfd_close(&watch->event);
}

/* Ends the threads. The lock is released before the threads are joined, because they need it. */
static void unlock_and_end_threads(void) {
  shareable__waiter *waiters = shareable__waiters_end();
  shareable__checker *checker = shareable__checker_end();

  shareable__watch_unlock();
  shareable__waiters_join(waiters);
  shareable__checker_join(checker);
}

void shareable_watch_free(shareable_watch *watch) {
  SHAREABLE__UNCANCELLED;
  if (watch == NULL)
    return;
  shareable__watch_lock();
  remove_watch(watch);
  if (watches.first == NULL)
    unlock_and_end_threads();
  else
    shareable__watch_unlock();
  free(watch);
}

/* A thread must not run while the library is unloaded or the process exits. */
__attribute__((destructor)) static void end_threads(void) {
  if (__atomic_load_n(&generation, __ATOMIC_RELAXED) == 0)
    return;
  shareable__watch_lock();
  unlock_and_end_threads();
}

int shareable_watch_fd(const shareable_watch *watch) {
  return watch == NULL ? -1 : watch->event.fd;
}

/* Returns NULL if the watch has no such entry. */
static shareable__watch_entry *find(const shareable_watch *watch, uint64_t id) {
  shareable__watch_entry *entry = watch == NULL ? NULL : shareable__entry_find(id);

  return entry != NULL && entry->watch == watch ? entry : NULL;
}

shareable_status shareable_watch_arm(shareable_watch *watch, uint64_t id, uint64_t hash) {
  SHAREABLE__UNCANCELLED;
  shareable__watch_entry *entry;
  shareable_status status;
  bool is_slow = false;

  shareable__watch_lock();
  entry = find(watch, id);
  status = entry == NULL ? SHAREABLE_E_ARGUMENT : shareable__entry_arm(entry, hash, &is_slow);
  shareable__watch_unlock();
  if (is_slow)
    shareable__entry_compare_slowly(id);
  return status;
}

shareable_status shareable_watch_disarm(shareable_watch *watch, uint64_t id) {
  SHAREABLE__UNCANCELLED;
  shareable__watch_entry *entry;

  shareable__watch_lock();
  entry = find(watch, id);
  if (entry != NULL)
    shareable__entry_disarm(entry);
  shareable__watch_unlock();
  return entry == NULL ? SHAREABLE_E_ARGUMENT : SHAREABLE_OK;
}

shareable_status shareable_watch_remove(shareable_watch *watch, uint64_t id) {
  SHAREABLE__UNCANCELLED;
  shareable__watch_entry *entry;

  shareable__watch_lock();
  entry = find(watch, id);
  if (entry != NULL)
    shareable__entry_free(entry);
  shareable__watch_unlock();
  return entry == NULL ? SHAREABLE_E_ARGUMENT : SHAREABLE_OK;
}

/*
 * Takes the entry from the queue, and arms it again. If it cannot be armed, it returns to the queue:
 * otherwise the next change would be missed.
 */
static shareable_status take_changed(shareable_watch *watch, shareable__watch_entry *entry, uint64_t *id,
                                     bool *is_slow) {
  shareable_status status;

  shareable__watch_forget_changed(watch, entry);
  status = entry->is_once ? SHAREABLE_OK : shareable__entry_arm(entry, 0, is_slow);
  if (status != SHAREABLE_OK && status != SHAREABLE_E_CLOSED) {
    shareable__entry_report(entry);
    return status;
  }
  *id = entry->id;
  return SHAREABLE_OK;
}

/*
 * Takes one entry from the queue, if there is one, and adds 1 to *taken. Sets *is_empty if no entry is
 * left, and then drains the descriptor.
 */
static shareable_status take_one(shareable_watch *watch, uint64_t *ids, size_t *taken, bool *is_empty) {
  uint64_t *id = &ids[*taken];
  shareable_status status = SHAREABLE_OK;
  shareable__watch_entry *entry;
  bool is_slow = false;

  shareable__watch_lock();
  own_fd(watch);
  entry = SHAREABLE__OBJECT(watch->changed.first, shareable__watch_entry, of_queue);
  if (entry != NULL)
    status = take_changed(watch, entry, id, &is_slow);
  *taken += entry != NULL && status == SHAREABLE_OK;
  *is_empty = watch->changed.first == NULL;
  if (*is_empty && (watch->is_readable || entry == NULL)) /* the signal of taken entries may come later */
    drain(watch);
  shareable__watch_unlock();
  if (is_slow)
    shareable__entry_compare_slowly(*id);
  return status;
}

shareable_status shareable_watch_changed(shareable_watch *watch, uint64_t *ids, size_t size, size_t *count) {
  SHAREABLE__UNCANCELLED;
  shareable_status status = SHAREABLE_OK;
  bool is_empty = false;
  size_t taken = 0;

  if (watch == NULL || count == NULL || (ids == NULL && size > 0))
    return SHAREABLE_E_ARGUMENT;
  while (taken < size && status == SHAREABLE_OK && !is_empty)
    status = take_one(watch, ids, &taken, &is_empty);
  *count = taken;
  return taken > 0 ? SHAREABLE_OK : status;
}
