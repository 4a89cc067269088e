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

static size_t word_count; /* of all blocks */

static bool is_of_item(const shareable__watch_word *word) {
  return word->number < SHAREABLE__EVENTCOUNT_ANY;
}

static shareable__watch_word *find(const shareable__watch_block *block, unsigned number) {
  shareable__watch_word *word = block->words;

  while (word != NULL && word->number != number)
    word = word->next;
  return word;
}

/* Uses the mapping of the handle. */
static void use_source(shareable__watch_word *word, const shareable__source *source) {
  shareable__area *area = source->sync->area;

  word->sync = source->sync;
  if (word->block->is_polled)
    word->address = NULL;
  else if (word->number == SHAREABLE__WORD_LOCK)
    word->address = &area->lock;
  else
    word->address = is_of_item(word) ? &area->eventcounts.items[word->number] : &area->eventcounts.any;
}

/* Uses another mapping. The thread must not sleep on the old one, which may be unmapped. */
static void change_source(shareable__watch_word *word, const shareable__source *source) {
  use_source(word, source);
  if (word->waiter != NULL)
    shareable__waiter_wake(word);
}

static shareable__watch_word *new_word(shareable__watch_block *block, const shareable__source *source,
                                       unsigned number) {
  shareable__watch_word *word = calloc(1, sizeof *word);

  if (word == NULL)
    return NULL;
  word->block = block;
  word->number = number;
  use_source(word, source);
  if (word->address != NULL)
    word->observed = __atomic_load_n(word->address, __ATOMIC_ACQUIRE);
  word->next = block->words;
  block->words = word;
  word_count++;
  return word;
}

static bool has_word_of_item(const shareable__watch_block *block) {
  const shareable__watch_word *word = block->words;

  while (word != NULL && !is_of_item(word))
    word = word->next;
  return word != NULL;
}

static shareable__watch_entry *first_armed(const shareable__watch_word *word) {
  return SHAREABLE__OBJECT(word->armed.first, shareable__watch_entry, of_word);
}

static shareable__watch_entry *first_entry(const shareable__watch_word *word) {
  return shareable__word_is_armed(word) ? first_armed(word)
                                        : SHAREABLE__OBJECT(word->disarmed.first, shareable__watch_entry, of_word);
}

/*
 * Moves the entries of all items to the word of any item. They are reported, in case they have
 * changed. The word may be new, and have the mapping of a handle to which no entry will be added,
 * because there is no memory: then it must not keep that mapping.
 */
static void collapse(shareable__watch_block *block, shareable__watch_word *any) {
  shareable__watch_entry *entry;

  block->is_collapsed = true;
  for (shareable__watch_word *word = block->words, *next; word != NULL; word = next) {
    next = word->next;
    if (!is_of_item(word))
      continue;
    while ((entry = first_entry(word)) != NULL)
      shareable__entry_move(entry, any);
    shareable__word_release(word);
  }
  change_source(any, first_entry(any)->source);
}

static shareable__watch_word *get(shareable__watch_block *block, const shareable__source *source, unsigned number) {
  bool is_item = number < SHAREABLE__EVENTCOUNT_ANY;
  shareable__watch_word *word = find(block, is_item && block->is_collapsed ? SHAREABLE__EVENTCOUNT_ANY : number);
  bool collapses = is_item && word_count >= shareable__words_max && has_word_of_item(block);

  if (word != NULL)
    return word;
  if (!collapses)
    return new_word(block, source, is_item && block->is_collapsed ? SHAREABLE__EVENTCOUNT_ANY : number);
  word = find(block, SHAREABLE__EVENTCOUNT_ANY);
  if (word == NULL)
    word = new_word(block, source, SHAREABLE__EVENTCOUNT_ANY);
  if (word != NULL)
    collapse(block, word);
  return word;
}

shareable__watch_word *shareable__word_get(const shareable__source *source, unsigned number) {
  shareable__watch_block *block = shareable__watch_block_get(source);
  shareable__watch_word *word = block == NULL ? NULL : get(block, source, number);

  if (word == NULL && block != NULL)
    shareable__watch_block_release(block);
  return word;
}

void shareable__word_release(shareable__watch_word *word) {
  shareable__watch_block *block = word->block;
  shareable__watch_word **link = &block->words;

  if (first_entry(word) != NULL)
    return;
  while (*link != word)
    link = &(*link)->next;
  *link = word->next;
  shareable__waiter_remove(word);
  word_count--;
  free(word);
  shareable__watch_block_release(block);
}

void shareable__word_insert(shareable__watch_word *word, shareable__watch_entry *entry) {
  shareable__chain_append(&word->disarmed, &entry->of_word);
}

void shareable__word_remove(shareable__watch_word *word, shareable__watch_entry *entry) {
  const shareable__watch_entry *other;

  shareable__chain_remove(&word->disarmed, &entry->of_word);
  other = first_entry(word);
  if (other != NULL && word->sync == entry->source->sync)
    change_source(word, other->source);
}

/* Reports all armed entries. */
static void fire_all(const shareable__watch_word *word) {
  shareable__watch_entry *entry;

  while ((entry = first_armed(word)) != NULL)
    shareable__entry_fire(entry);
}

/* While the entry has the offer, the thread must not consume the wake-up of another process. */
void shareable__word_offer_lock(shareable__watch_word *word) {
  shareable__watch_entry *entry = first_armed(word);

  if (word->is_slept_on)
    shareable__waiter_wake(word);
  word->offered = entry;
  word->is_overdue = false;
  if (entry != NULL)
    shareable__entry_fire(entry);
}

void shareable__word_answer(shareable__watch_word *word, const shareable__watch_entry *entry) {
  if (word->offered == entry)
    word->offered = NULL;
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
  word->is_slept_on = false;
  if (!shareable__word_is_armed(word) || word->offered != NULL)
    return false;
  if (announce_waiter(word->address, &word->observed))
    return true;
  shareable__word_offer_lock(word);
  return false;
}

bool shareable__word_update(shareable__watch_word *word) {
  uint32_t value;

  if (word->number == SHAREABLE__WORD_LOCK)
    return word->is_slept_on = update_lock(word);
  value = __atomic_load_n(word->address, __ATOMIC_ACQUIRE);
  if (value != word->observed) {
    word->observed = value;
    fire_all(word);
  }
  return true;
}

void shareable__word_catch_up(shareable__watch_word *word) {
  if (word->waiter != NULL && word->number != SHAREABLE__WORD_LOCK)
    shareable__word_update(word);
}

/* Makes the thread check the lock and sleep on it, unless it does. */
static void check_soon(shareable__watch_word *word) {
  if (word->waiter != NULL && !word->is_slept_on && word->offered == NULL)
    shareable__waiter_wake(word);
}

void shareable__word_check_lock(shareable__watch_word *word) {
  if (word->offered != NULL && !word->is_overdue) {
    word->is_overdue = true;
    return;
  }
  word->offered = NULL;
  if (__atomic_load_n(word->address, __ATOMIC_RELAXED) == 0)
    shareable__word_offer_lock(word);
  else
    check_soon(word);
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
    shareable__eventcount_prepare_wait(shareable__sync_eventcounts(word->sync), word->number);
  else if (!is_new)
    check_soon(word);
  return SHAREABLE_OK;
}

/*
 * The thread must not sleep on the lock any more: it would consume the wake-up of another waiter.
 * It may also have consumed one already. So this function finds or sets LOCK_WAITERS if the lock is
 * taken, and wakes another waiter if the lock is free.
 */
static void leave_lock(shareable__watch_word *word) {
  uint32_t observed;

  if (word->waiter != NULL && word->is_slept_on)
    shareable__waiter_wake(word);
  if (!announce_waiter(word->address, &observed))
    shareable__futex_wake(word->address, 1);
}

void shareable__word_disarm(shareable__watch_word *word) {
  if (word->address == NULL)
    return;
  if (word->number == SHAREABLE__WORD_LOCK && !shareable__word_is_armed(word))
    leave_lock(word);
  else if (word->number == SHAREABLE__WORD_LOCK)
    check_soon(word);
  else if (!shareable__word_is_armed(word))
    shareable__eventcount_cancel_wait(shareable__sync_eventcounts(word->sync), word->number);
}
