/*
 * word.h - the words of a list on which waiter threads sleep: the counters of its eventcounts, and
 * its lock.
 */
#ifndef SHAREABLE__WATCH_WORD_H
#define SHAREABLE__WATCH_WORD_H

#include "watch/source.h"

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
  struct shareable__watch_word *next; /* of the same source */
  shareable__source *source;
  unsigned number;
  uint32_t *address;                /* NULL if no writer wakes the handle: it is checked at intervals */
  uint32_t observed;                /* the value at which the waiter sleeps */
  struct shareable__waiter *waiter; /* NULL: none yet */
  size_t armed;                     /* the number of armed entries */
  struct shareable__watch_entry *entries;
} shareable__watch_word;

/*
 * Returns the source's word with that number, or the word that is used in its place. Returns NULL
 * if there is no memory.
 */
shareable__watch_word *shareable__word_get(shareable__source *source, unsigned number);

/* Frees the word if no entry uses it. */
void shareable__word_release(shareable__watch_word *word);

/* Makes writers wake the word's waiter, and gives the word a waiter if it has none. */
shareable_status shareable__word_arm(shareable__watch_word *word);

/*
 * Called when an entry of the word is disarmed. If no entry is armed now, undoes what
 * shareable__word_arm() wrote. If the lock is free, wakes another waiter instead of this one.
 */
void shareable__word_disarm(shareable__watch_word *word);

/*
 * Reports the armed entries if the word has changed. Returns whether the waiter must sleep on the
 * word, at the value `observed`.
 */
bool shareable__word_update(shareable__watch_word *word);

/* SHAREABLE__WORDS_MAX. Only tests change it. */
extern size_t shareable__words_max;

#endif
