/*
 * checker.c - the thread that checks armed entries at intervals, for changes that wake no waiter:
 * stock Python's writes, those of a writer that is killed before it wakes the waiters, and the death
 * of a lock's owner.
 *
 * Each entry is checked once, however many threads of the program wait for it. A check of a whole
 * list takes a long time, and one of a lock's owner takes a system call. The thread pauses between
 * two rounds of such checks for at least PAUSE_FACTOR times as long as a processor ran the round.
 * Time in which the thread did not run, for example because the process was stopped, does not count.
 */
#include "watch/checker.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/futex.h"
#include "watch/watch.h"

#define PAUSE_FACTOR 200

int64_t shareable__checker_interval = 50000000;
int64_t shareable__checker_short_interval = 10000000;

struct shareable__checker {
  shareable__watch_thread thread;
  int64_t next_round, next_slow_round; /* INT64_MAX: none */
};

static shareable__checker *checker;
static size_t armed, polled; /* the number of armed entries, and of those that no writer wakes */
static bool was_armed;       /* an entry has been armed since the last round */

/* Reports the entry if its item has changed or its lock is free. */
static void check(shareable__watch_entry *entry) {
  if (!entry->is_armed || entry->kind == SHAREABLE__WATCH_ANY)
    return;
  if (entry->kind == SHAREABLE__WATCH_ITEM)
    shareable__entry_compare(entry, shareable__entry_hash_item(entry));
  else if (__atomic_load_n(entry->word->address, __ATOMIC_RELAXED) == 0)
    shareable__entry_fire(entry);
}

/* Reports the entry if its list has changed or the owner of its lock is dead. */
static void check_slowly(const shareable__watch_entry *entry) {
  uint64_t id = entry->id;
  bool is_list = entry->kind == SHAREABLE__WATCH_ANY;

  shareable__fork_unlock();
  if (is_list)
    shareable__entry_compare_list(id);
  else
    shareable__entry_check_owner(id);
  shareable__fork_lock();
}

static void do_slow_round(shareable__checker *self) {
  shareable__watch_entry *entry;
  int64_t start;

  if (shareable__now() < self->next_slow_round)
    return;
  start = shareable__thread_time();
  for (size_t k = 0; !self->thread.must_end && (entry = shareable__entry_next(&k)) != NULL;)
    if (entry->is_armed && entry->kind != SHAREABLE__WATCH_ITEM)
      check_slowly(entry);
  self->next_slow_round = shareable__now() + PAUSE_FACTOR * (shareable__thread_time() - start);
}

static int64_t interval(void) {
  return polled > 0 ? shareable__checker_short_interval : shareable__checker_interval;
}

static void do_round(shareable__checker *self) {
  shareable__watch_entry *entry;

  for (size_t k = 0; (entry = shareable__entry_next(&k)) != NULL;)
    check(entry);
  do_slow_round(self);
  self->next_round = armed > 0 || was_armed ? shareable__now() + interval() : INT64_MAX;
  was_armed = false;
}

static void *run(void *context) {
  const int64_t hour = INT64_C(3600000000000);
  shareable__checker *self = context;

  shareable__fork_lock();
  while (!self->thread.must_end) {
    uint32_t control = __atomic_load_n(&self->thread.control, __ATOMIC_ACQUIRE);
    int64_t left = self->next_round == INT64_MAX ? hour : self->next_round - shareable__now();

    if (left <= 0) {
      do_round(self);
      continue;
    }
    shareable__fork_unlock();
    shareable__futex_sleep(&self->thread.control, control, left);
    shareable__fork_lock();
  }
  shareable__fork_unlock();
  return NULL;
}

shareable_status shareable__checker_start(void) {
  shareable__checker *started = checker == NULL ? calloc(1, sizeof *started) : NULL;

  if (checker != NULL)
    return SHAREABLE_OK;
  if (started == NULL)
    return SHAREABLE_E_NO_MEMORY;
  started->next_round = INT64_MAX;
  if (!shareable__watch_thread_start(&started->thread, run, started)) {
    free(started);
    return SHAREABLE_E_SYSTEM;
  }
  checker = started;
  return SHAREABLE_OK;
}

/* Most calls find that the thread runs a round soon enough. */
static void schedule(void) {
  int64_t next;

  was_armed = true;
  if (checker->next_round != INT64_MAX && polled == 0)
    return;
  next = shareable__now() + interval();
  if (checker->next_round <= next)
    return;
  checker->next_round = next;
  shareable__watch_thread_wake(&checker->thread);
}

void shareable__checker_count(bool is_polled, bool is_armed) {
  size_t change = is_armed ? 1 : (size_t)-1;

  armed += change;
  if (is_polled)
    polled += change;
  if (is_armed)
    schedule();
}

shareable__checker *shareable__checker_end(void) {
  shareable__checker *ended = checker;

  if (ended != NULL)
    shareable__watch_thread_end(&ended->thread);
  checker = NULL;
  return ended;
}

void shareable__checker_join(shareable__checker *ended) {
  if (ended != NULL)
    shareable__watch_thread_join(&ended->thread);
  free(ended);
}

void shareable__checker_forget(void) {
  free(checker);
  checker = NULL;
}
