/*
 * item_read.h - reading one value of an item that other processes may write at the same time.
 */
#ifndef SHAREABLE__ITEM_READ_H
#define SHAREABLE__ITEM_READ_H

#include "format/item.h"
#include "sync/area.h"
#include "sync/backoff.h"

/* The attempts to read one item until one of them is valid; all 0 at first. */
typedef struct shareable__read_attempt {
  uint64_t version;  /* the version word when this attempt began */
  uint64_t unlocked; /* the version word to unlock the item with, if is_locked */
  bool is_locked;    /* the reader has locked the item, because too many attempts were invalid */
  unsigned attempts;
  uint64_t format; /* the format of a value that only a redo record contains */
  unsigned char code;
  shareable__backoff backoff;
} shareable__read_attempt;

/*
 * Begins an attempt to read an item: waits while the item is locked, and completes the write of a
 * dead writer. A read-only handle cannot do that; then *slot becomes the data of the redo record.
 * Returns E_CORRUPT if a write was lost, and E_BUSY if living writers hold the item for too
 * long.
 */
shareable_status shareable__read_begin(shareable__sync *sync, size_t i, shareable__slot *slot,
                                       shareable__read_attempt *attempt);

/* Ends the attempts, valid or not: unlocks the item if read_begin() has locked it. */
void shareable__read_end(shareable__sync *sync, size_t i, const shareable__read_attempt *attempt);

/* Returns whether all that was read since the attempt began belongs to one value. */
static inline bool shareable__read_valid(const shareable__sync *sync, size_t i, uint64_t version) {
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return __atomic_load_n(&sync->version_words[i & sync->mask], __ATOMIC_RELAXED) == version;
}

/* Begins to read on the fast path. Returns false if the item is locked or corrupt. */
static inline bool shareable__read_begin_fast(const shareable__sync *sync, size_t i, uint64_t *version) {
  *version = __atomic_load_n(&sync->version_words[i & sync->mask], __ATOMIC_ACQUIRE);
  return (*version & (SHAREABLE__LOCKED | SHAREABLE__CORRUPT)) == 0;
}

/* Returns the sum of the items' version words; *flags are the flags set in any of them. */
static inline __attribute__((always_inline)) uint64_t shareable__version_sum(const shareable__sync *sync, size_t first,
                                                                             size_t count, uint64_t *flags) {
  const shareable__word *words = sync->version_words;
  size_t mask = sync->mask;
  uint64_t sum = 0;

  *flags = 0;
#pragma GCC unroll 8
  for (size_t i = first; i < first + count; i++) {
    uint64_t word = __atomic_load_n(&words[i & mask], __ATOMIC_RELAXED);

    sum += word;
    *flags |= word;
  }
  return sum;
}

/* Begins to read `count` items together. Returns false if any of them is locked or corrupt. */
static inline __attribute__((always_inline)) bool shareable__read_begin_many(const shareable__sync *sync, size_t first,
                                                                             size_t count, uint64_t *versions) {
  uint64_t flags;

  *versions = shareable__version_sum(sync, first, count, &flags);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return (flags & (SHAREABLE__LOCKED | SHAREABLE__CORRUPT)) == 0;
}

/* Returns whether no item has changed, except for numbers over numbers of the same type. */
static inline __attribute__((always_inline)) bool shareable__read_valid_many(const shareable__sync *sync, size_t first,
                                                                             size_t count, uint64_t versions) {
  uint64_t flags;

  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return shareable__version_sum(sync, first, count, &flags) == versions;
}

#endif
