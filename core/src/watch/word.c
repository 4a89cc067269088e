/*
 * word.c - the words of a list on which waiter threads sleep: the counters of its eventcounts, and
 * its lock.
 */
#include "watch/word.h"

#include <stdlib.h>

#include "base/futex.h"
#include "sync/area_lock.h"
#include "watch/watch.h"

size_t shareable__words_max = SHAREABLE__WORDS_MAX;

static size_t word_count; /* of all sources */

static bool is_of_item(const shareable__watch_word *word) {
  return word->number < SHAREABLE__EVENTCOUNT_ANY;
}

static shareable__watch_word *find(const shareable__source *source, unsigned number) {
  shareable__watch_word *word = source->words;

  while (word != NULL && word->number != number)
    word = word->next;
  return word;
}

/* Returns NULL if no writer wakes the handle. */
static uint32_t *address_of(const shareable__source *source, unsigned number) {
  shareable__area *area = source->sync->area;

  if (area == NULL || source->memory->read_only)
    return NULL;
  if (number == SHAREABLE__WORD_LOCK)
    return &area->lock;
  return number == SHAREABLE__EVENTCOUNT_ANY ? &area->eventcounts.any : &area->eventcounts.items[number];
}

static shareable__watch_word *new_word(shareable__source *source, unsigned number) {
  shareable__watch_word *word = calloc(1, sizeof *word);

  if (word == NULL)
    return NULL;
  word->source = source;
  word->number = number;
  word->address = address_of(source, number);
  if (word->address != NULL)
    word->observed = __atomic_load_n(word->address, __ATOMIC_ACQUIRE);
  word->next = source->words;
  source->words = word;
  word_count++;
  return word;
}

static bool has_word_of_item(const shareable__source *source) {
  const shareable__watch_word *word = source->words;

  while (word != NULL && !is_of_item(word))
    word = word->next;
  return word != NULL;
}

/* Moves the entries of all items to the word of any item. They are reported, in case they have changed. */
static void collapse(shareable__source *source, shareable__watch_word *any) {
  source->is_collapsed = true;
  for (shareable__watch_word *word = source->words, *next; word != NULL; word = next) {
    next = word->next;
    if (!is_of_item(word))
      continue;
    while (word->entries != NULL)
      shareable__entry_move(word->entries, any);
    shareable__word_release(word);
  }
}

shareable__watch_word *shareable__word_get(shareable__source *source, unsigned number) {
  bool is_item = number < SHAREABLE__EVENTCOUNT_ANY;
  shareable__watch_word *word = find(source, is_item && source->is_collapsed ? SHAREABLE__EVENTCOUNT_ANY : number);
  bool collapses = is_item && word_count >= shareable__words_max && has_word_of_item(source);

  if (word != NULL)
    return word;
  if (!collapses)
    return new_word(source, is_item && source->is_collapsed ? SHAREABLE__EVENTCOUNT_ANY : number);
  word = find(source, SHAREABLE__EVENTCOUNT_ANY);
  if (word == NULL)
    word = new_word(source, SHAREABLE__EVENTCOUNT_ANY);
  if (word != NULL)
    collapse(source, word);
  return word;
}

void shareable__word_release(shareable__watch_word *word) {
  shareable__watch_word **link = &word->source->words;

  if (word->entries != NULL)
    return;
  while (*link != word)
    link = &(*link)->next;
  *link = word->next;
  if (word->source->words == NULL)
    word->source->is_collapsed = false;
  shareable__waiter_remove(word);
  word_count--;
  free(word);
}

/* Reports all armed entries. The hash of a list that was seen before is out of date. */
static void fire_all(shareable__watch_word *word) {
  for (shareable__watch_entry *entry = word->entries; entry != NULL && word->armed > 0; entry = entry->next_of_word) {
    if (entry->is_armed && entry->kind == SHAREABLE__WATCH_ANY)
      entry->seen = 0;
    shareable__entry_fire(entry);
  }
}

/* Sets LOCK_WAITERS. Returns false if the lock is free. */
static bool announce_waiter(uint32_t *lock, uint32_t *observed) {
  for (;;) {
    uint32_t value = __atomic_load_n(lock, __ATOMIC_RELAXED);

    *observed = value | SHAREABLE__LOCK_WAITERS;
    if (value == 0)
      return false;
    if ((value & SHAREABLE__LOCK_WAITERS) != 0 || shareable__area_lock_swap(lock, value, *observed))
      return true;
  }
}

/* A waiter sleeps on a lock only while an entry is armed, because each wake-up wakes one sleeper. */
static bool update_lock(shareable__watch_word *word) {
  if (word->armed > 0 && !announce_waiter(word->address, &word->observed))
    fire_all(word);
  return word->armed > 0;
}

bool shareable__word_update(shareable__watch_word *word) {
  uint32_t value;

  if (word->number == SHAREABLE__WORD_LOCK)
    return update_lock(word);
  value = __atomic_load_n(word->address, __ATOMIC_ACQUIRE);
  if (value != word->observed) {
    word->observed = value;
    fire_all(word);
  }
  return true;
}

shareable_status shareable__word_arm(shareable__watch_word *word) {
  bool is_new = word->waiter == NULL;
  shareable_status status;

  if (word->address == NULL)
    return SHAREABLE_OK;
  status = shareable__waiter_add(word);
  if (status != SHAREABLE_OK)
    return status;
  if (word->number != SHAREABLE__WORD_LOCK)
    shareable__eventcount_prepare_wait(shareable__sync_eventcounts(word->source->sync), word->number);
  else if (!is_new)
    shareable__waiter_wake(word);
  return SHAREABLE_OK;
}

/*
 * The thread must not sleep on the lock any more: it would consume the wake-up of another waiter.
 * It may also have consumed one already. So this function finds or sets LOCK_WAITERS if the lock is
 * taken, and wakes another waiter if the lock is free.
 */
static void leave_lock(shareable__watch_word *word) {
  uint32_t observed;

  if (word->waiter != NULL)
    shareable__waiter_wake(word);
  if (!announce_waiter(word->address, &observed))
    shareable__futex_wake(word->address, 1);
}

void shareable__word_disarm(shareable__watch_word *word) {
  if (word->address == NULL || word->armed > 0)
    return;
  if (word->number == SHAREABLE__WORD_LOCK)
    leave_lock(word);
  else
    shareable__eventcount_cancel_wait(shareable__sync_eventcounts(word->source->sync), word->number);
}
