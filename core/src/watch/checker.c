/*
 * checker.c - the thread that checks armed entries at intervals, for changes that wake no waiter:
 * stock Python's writes, those of a writer that is killed before it wakes the waiters, and the death
 * of a lock's owner.
 *
 * Each entry is checked once, however many threads of the program wait for it. A check of a whole
 * list or of a large item takes a long time, and one of a lock's owner takes a system call. So these
 * are done without the lock, and the thread pauses between two rounds of such checks for at least
 * the pause factor times as long as a processor ran the round. Time in which the thread did not run, for
 * example because the process was stopped, does not count. The rounds of owners, of small lists and
 * of large entries have pauses of their own, so that none delays the others.
 */
#include "watch/checker.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/futex.h"
#include "watch/watch.h"

int64_t shareable__checker_interval = 50000000;
int64_t shareable__checker_short_interval = 10000000;
int64_t shareable__checker_pause_factor = 200;

struct shareable__checker {
  shareable__watch_thread thread;
  int64_t next_round; /* INT64_MAX: none */
  int64_t next_owner_round, next_small_round, next_large_round;
};

static shareable__checker *checker;
static size_t armed, polled; /* the number of armed entries, and of those whose handle no writer wakes */
static bool was_armed;       /* an entry has been armed since the last round */

/* One check of a lock is enough for all entries of its word. */
static bool must_check_lock(const shareable__watch_entry *entry) {
  return entry->kind == SHAREABLE__WATCH_LOCK && entry->is_armed && entry->word->armed.first == &entry->of_word;
}

static bool is_small_list(const shareable__watch_entry *entry) {
  return entry->kind == SHAREABLE__WATCH_ANY && entry->is_armed && !shareable__entry_is_large(entry);
}

static bool is_large(const shareable__watch_entry *entry) {
  return entry->is_armed && shareable__entry_is_large(entry);
}

/* Reports the entry if its item, which is not large, has changed or its lock is free. */
static void check(shareable__watch_entry *entry) {
  if (must_check_lock(entry))
    shareable__word_check_lock(entry->word);
  else if (entry->kind == SHAREABLE__WATCH_ITEM && entry->is_armed)
    shareable__entry_check_item(entry);
}

/* Checks the entries that must be checked without the lock, unless the last such round was too recent. */
static void do_slow_round(const shareable__checker *self, int64_t *next,
                          bool must_check(const shareable__watch_entry *entry), void check_slowly(uint64_t id)) {
  shareable__watch_entry *entry;
  int64_t start;

  if (shareable__now() < *next)
    return;
  start = shareable__thread_time();
  for (size_t k = 0; !self->thread.must_end && (entry = shareable__entry_next(&k)) != NULL;) {
    uint64_t id = entry->id;

    if (!must_check(entry))
      continue;
    shareable__fork_unlock();
    check_slowly(id);
    shareable__fork_lock();
  }
  *next = shareable__now() + shareable__checker_pause_factor * (shareable__thread_time() - start);
}

static int64_t interval(void) {
  return polled > 0 ? shareable__checker_short_interval : shareable__checker_interval;
}

static void do_round(shareable__checker *self) {
  shareable__watch_entry *entry;

  for (size_t k = 0; (entry = shareable__entry_next(&k)) != NULL;)
    check(entry);
  do_slow_round(self, &self->next_owner_round, must_check_lock, shareable__entry_check_owner);
  do_slow_round(self, &self->next_small_round, is_small_list, shareable__entry_compare_slowly);
  do_slow_round(self, &self->next_large_round, is_large, shareable__entry_compare_slowly);
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
