/*
 * entry.h - what a program watches: an item, any item or the lock of a list.
 */
#ifndef SHAREABLE__WATCH_ENTRY_H
#define SHAREABLE__WATCH_ENTRY_H

#include "watch/word.h"

typedef enum shareable__watch_kind {
  SHAREABLE__WATCH_ITEM,
  SHAREABLE__WATCH_ANY,
  SHAREABLE__WATCH_LOCK
} shareable__watch_kind;

/*
 * An armed entry is reported at the next change, which disarms it. The caller of the functions below
 * holds the watch lock, which guards all fields.
 */
typedef struct shareable__watch_entry {
  uint64_t id;
  shareable_watch *watch;
  shareable__source *source;
  shareable__watch_word *word; /* NULL: the list's handle is closed */
  shareable__link of_watch, of_source, of_word, of_queue;
  shareable__watch_kind kind;
  size_t i; /* of an item */
  bool is_once, is_armed;
  bool is_changed; /* in the watch's queue of changed entries */
  uint64_t seen;   /* the hash of the item or of the list when it was last checked; 0: unknown */
  uint64_t begun;  /* the number of hashes begun; each has its number */
  uint64_t latest; /* the number of the hash in `seen`, or of the last one that was out of date */
} shareable__watch_entry;

/* Makes an entry that is not armed. Returns NULL if there is no memory. */
shareable__watch_entry *shareable__entry_create(shareable_watch *watch, shareable__source *source,
                                                shareable__watch_word *word, shareable__watch_kind kind, size_t i);

/* Disarms the entry, removes it from its word and from its watch, and frees it. */
void shareable__entry_free(shareable__watch_entry *entry);

/* Frees the table of entries, which contains none. */
void shareable__entries_end(void);

/* Returns the entry with that id, or NULL. */
shareable__watch_entry *shareable__entry_find(uint64_t id);

/* Returns the first entry from place *k on, and stores the next place in *k. Returns NULL at the end. */
shareable__watch_entry *shareable__entry_next(size_t *k);

/*
 * Arms the entry. The caller must read what is watched afterwards, so that it misses no change.
 * `hash` is that of the list that the caller knows, or 0. If it sets *is_slow, the caller must release
 * the lock and call shareable__entry_compare_slowly(). Returns E_CLOSED, E_NO_MEMORY, or E_SYSTEM if
 * no thread can be started.
 */
shareable_status shareable__entry_arm(shareable__watch_entry *entry, uint64_t hash, bool *is_slow);

/* Disarms the entry. No change is reported until it is armed again. */
void shareable__entry_disarm(shareable__watch_entry *entry);

/* Puts the entry into the queue of its watch, unless it is there. */
void shareable__entry_report(shareable__watch_entry *entry);

/* Reports the entry if it is armed. */
void shareable__entry_fire(shareable__watch_entry *entry);

/*
 * Hashes the item of the entry and its version word, unless the item is large. Reports the entry if
 * the last hash differs.
 */
void shareable__entry_check_item(shareable__watch_entry *entry);

/*
 * Returns whether the entry is a large list or a large item. Large items, and all lists, are hashed
 * without the lock.
 */
bool shareable__entry_is_large(const shareable__watch_entry *entry);

/*
 * Hashes the list or the item, and reports the entry if it had another hash. The caller does not
 * hold the lock.
 */
void shareable__entry_compare_slowly(uint64_t id);

/* Reports the entry with that id if the owner of its lock is dead. The caller does not hold the lock. */
void shareable__entry_check_owner(uint64_t id);

/* Moves the entry to another word, and reports it if it is armed. */
void shareable__entry_move(shareable__watch_entry *entry, shareable__watch_word *word);

/* Reports the entry, whose list's handle is being closed, and removes it from the handle. */
void shareable__entry_close(shareable__watch_entry *entry);

#endif
