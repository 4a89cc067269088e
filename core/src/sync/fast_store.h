/*
 * fast_store.h - the fast path of writers: storing a number over a number of the same type, without
 * locking the item.
 *
 * A writer first publishes the item in its hazard, then checks that the item is not locked and has
 * the right format, and then stores. A writer that changes the type of a number locks the item
 * first, and then waits until no hazard names it. So a store never writes to an item whose type has
 * changed.
 */
#ifndef SHAREABLE__FAST_STORE_H
#define SHAREABLE__FAST_STORE_H

#include "format/item.h"
#include "sync/area.h"

/*
 * Gives the handle a writer id, and a hazard if there is a free one, before it first writes or
 * locks. Also used in a fork's child, which needs its own. Returns E_READ_ONLY or E_SYSTEM.
 */
shareable_status shareable__sync_register(shareable__sync *sync);

/*
 * Gives up the hazard and the writer id, unless a parent process owns them. The area must still be
 * mapped, and the segment's file open.
 */
void shareable__sync_unregister(shareable__sync *sync);

/* Gives up an id that a thread took while another one closed the handle and unmapped the area. */
void shareable__sync_unregister_late(shareable__sync *sync);

/*
 * Waits until no fast store to item i is in progress that began before the caller locked the item.
 * Returns false if a living writer's hazard names the item until the timeout.
 */
bool shareable__sync_quiesce(shareable__sync *sync, size_t i);

/* What a thread needs for fast stores. */
typedef struct shareable__fast_path {
  shareable__area *area;
  shareable__hazard *hazard;
} shareable__fast_path;

/*
 * Returns whether the calling thread may make fast stores with the handle. If it may, the handle is
 * open for writing and the list has a sync area.
 */
static inline __attribute__((always_inline)) bool shareable__fast_path_find(const shareable__sync *sync,
                                                                            shareable__fast_path *path) {
  path->hazard = shareable__writer_fast_hazard(&sync->writer);
  path->area = sync->area;
  return path->hazard != NULL;
}

/*
 * Publishes item i, and returns whether the caller may change it by one atomic operation: it is not
 * locked and has the format. The caller must call fast_store_end() in either case. Until then no
 * process changes the item's type.
 *
 * The version word is loaded again after the format. A writer may have made the item a number after
 * the first load, and may be killed before it unlocks the item. Then the next process that locks
 * the item writes that number again from the redo record, over a store that was made in between.
 */
static inline __attribute__((always_inline)) bool
shareable__fast_store_begin(const shareable__fast_path *path, size_t i, const shareable__slot *slot, uint64_t format) {
  const shareable__word *version_word = &path->area->version_words[i];
  uint64_t word;

  __atomic_store_n(&path->hazard->item, i + 1, __ATOMIC_RELAXED);
  __atomic_signal_fence(__ATOMIC_SEQ_CST); /* the processor's fence is the membarrier(2) of the other process */
  word = __atomic_load_n(version_word, __ATOMIC_ACQUIRE);
  return (word & SHAREABLE__VERSION_FLAGS) == 0 && shareable__item_is(slot, format) &&
         __atomic_load_n(version_word, __ATOMIC_RELAXED) == word; /* the loads before this one are acquire loads */
}

/* Withdraws the hazard, and notifies waiters. */
static inline __attribute__((always_inline)) void shareable__fast_store_end(const shareable__fast_path *path,
                                                                            size_t i) {
  __atomic_store_n(&path->hazard->item, 0, __ATOMIC_RELEASE);
  shareable__eventcount_notify_fast(&path->area->eventcounts, i, &path->hazard->idle_fences);
}

/* Stores a number over one of the format. Returns false if sync_write_item() is necessary. */
static inline __attribute__((always_inline)) bool shareable__fast_store(const shareable__fast_path *path, size_t i,
                                                                        const shareable__slot *slot, uint64_t format,
                                                                        uint64_t bits) {
  bool allowed = shareable__fast_store_begin(path, i, slot, format);

  if (allowed)
    shareable__store(slot->data, bits);
  shareable__fast_store_end(path, i);
  return allowed;
}

/* Does the same if the calling thread may make fast stores; otherwise returns false. */
static inline __attribute__((always_inline)) bool shareable__sync_try_store(const shareable__sync *sync, size_t i,
                                                                            const shareable__slot *slot,
                                                                            uint64_t format, uint64_t bits) {
  shareable__fast_path path;

  return shareable__fast_path_find(sync, &path) && shareable__fast_store(&path, i, slot, format, bits);
}

#endif
