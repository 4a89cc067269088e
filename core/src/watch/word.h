/*
 * word.h - the words of a list on which waiter threads sleep: the counters of its eventcounts, and
 * its lock.
 */
#ifndef SHAREABLE__WATCH_WORD_H
#define SHAREABLE__WATCH_WORD_H

#include "watch/block.h"

/* The numbers of a list's words: those of the eventcounts, and this one. */
#define SHAREABLE__WORD_LOCK (SHAREABLE__EVENTCOUNT_ANY + 1)

/*
 * If this number of words is in use, a list to which another item is added uses its word of any item
 * for all its items.
 */
#define SHAREABLE__WORDS_MAX 1270

struct shareable__waiter;
struct shareable__watch_entry;

/* The caller of the functions below holds the watch lock, which guards all fields. */
typedef struct shareable__watch_word {
  struct shareable__watch_word *next; /* of the same block */
  shareable__watch_block *block;
  unsigned number;
  shareable__sync *sync;                        /* of the handle that the first entry watches */
  uint32_t *address;                            /* in the mapping of that handle; NULL if the block is polled */
  uint32_t observed;                            /* the value at which the waiter sleeps */
  struct shareable__waiter *waiter;             /* NULL: none yet */
  bool is_slept_on;                             /* the waiter sleeps, or is about to sleep, on the word */
  shareable__chain armed, disarmed;             /* the entries */
  const struct shareable__watch_entry *offered; /* the last entry that was offered the lock; NULL: it has answered */
  bool is_overdue;                              /* a round of checks found that it has not answered */
} shareable__watch_word;

/*
 * Returns the word with that number of the handle's block, or the word that is used in its place.
 * Returns NULL if there is no memory.
 */
shareable__watch_word *shareable__word_get(const shareable__source *source, unsigned number);

/* Frees the word if no entry uses it. */
void shareable__word_release(shareable__watch_word *word);

static inline bool shareable__word_is_armed(const shareable__watch_word *word) {
  return word->armed.first != NULL;
}

/* Adds an entry, which is not armed. */
void shareable__word_insert(shareable__watch_word *word, struct shareable__watch_entry *entry);

/* Removes an entry, which is not armed. The word may be used until the entry's handle is closed. */
void shareable__word_remove(shareable__watch_word *word, struct shareable__watch_entry *entry);

/*
 * Called before an entry is armed. Reports the armed entries if the word has changed, so that the
 * waiter does not report to the new entry what happened before.
 */
void shareable__word_catch_up(shareable__watch_word *word);

/* Makes writers wake the word's waiter, and gives the word a waiter if it has none. */
shareable_status shareable__word_arm(shareable__watch_word *word);

/*
 * Called when an entry of the word is disarmed. If no entry is armed now, undoes what
 * shareable__word_arm() wrote. If the lock is free, wakes another waiter instead of this one.
 */
void shareable__word_disarm(shareable__watch_word *word);

/*
 * Reports the entry that has been armed for the longest time: the lock is free, or its owner is dead.
 * One entry at a time is reported, because one of them can get the lock. The next one is reported
 * after this one has answered, or if it has not answered between two rounds of checks.
 */
void shareable__word_offer_lock(shareable__watch_word *word);

/* Notes that the entry is armed, disarmed or removed, which is its answer to an offer of the lock. */
void shareable__word_answer(shareable__watch_word *word, const struct shareable__watch_entry *entry);

/*
 * Offers the lock if it is free, and no longer waits for the answer of an entry that is overdue. Called
 * in each round of checks.
 */
void shareable__word_check_lock(shareable__watch_word *word);

/*
 * Reports the armed entries if the word has changed. Returns whether the waiter must sleep on the
 * word, at the value `observed`.
 */
bool shareable__word_update(shareable__watch_word *word);

/* SHAREABLE__WORDS_MAX. Only tests change it. */
extern size_t shareable__words_max;

#endif
