/*
 * list.h - the public handle of a list, as the files of its operations see it.
 */
#ifndef SHAREABLE__LIST_H
#define SHAREABLE__LIST_H

#include "shm/memory.h"
#include "sync/sync.h"

struct shareable_list {
  shareable_memory *memory;
  shareable__layout layout; /* of the memory, good while that is open */
  shareable__sync sync;
  atomic_uint references;
  atomic_uint unheard;  /* how many wake-ups of the list's lock, one after another, did not reach the waiter */
  bool has_old_waiters; /* of the lock's holder: the waiters bit was there when it took the lock */
};

/* A handle with a reference, of nothing yet. NULL where there is no memory for it. */
shareable_list *shareable__list_allocate(shareable_error *error);

/* Uses the sync area at byte `area` of the list's block. */
void shareable__list_attach_area(shareable_list *list, uint64_t area);

/* E_CLOSED for a handle that is NULL or closed. */
static inline shareable_status shareable__list_check(const shareable_list *list) {
  return list != NULL && shareable__memory_is_open(list->memory) ? SHAREABLE_OK : SHAREABLE_E_CLOSED;
}

/* The same, or E_READ_ONLY. */
static inline shareable_status shareable__list_check_write(const shareable_list *list) {
  shareable_status status = shareable__list_check(list);

  return status == SHAREABLE_OK && list->memory->read_only ? SHAREABLE_E_READ_ONLY : status;
}

/* The same with a value to compare items with. A str need not be UTF-8: then no item is that. */
static inline shareable_status shareable__list_check_search_value(const shareable_list *list,
                                                                  const shareable_value *value) {
  shareable_status status = shareable__list_check(list);

  if (status == SHAREABLE_OK)
    status = shareable__value_check(value);
  return status == SHAREABLE_E_UTF8 ? SHAREABLE_OK : status;
}

/*
 * Finds an item of a list that was checked, by an index from either end: E_INDEX or E_CORRUPT. *i counts from 0. The index
 * is compared with all of its 64 bits: a size_t may have 32.
 */
static inline shareable_status shareable__list_slot(const shareable_list *list, int64_t index, size_t *i,
                                                    shareable__slot *slot) {
  uint64_t from_start = (uint64_t)index + (index < 0 ? list->layout.count : 0);

  *i = 0;
  if (from_start >= list->layout.count)
    return SHAREABLE_E_INDEX;
  *i = (size_t)from_start;
  return shareable__layout_slot(&list->layout, *i, slot) ? SHAREABLE_OK : SHAREABLE_E_CORRUPT;
}

/* What is known of a list is all that reading it changes: whether the handle has joined its writers. */
static inline shareable__sync *shareable__list_sync(const shareable_list *list) {
  return (shareable__sync *)&list->sync;
}

/*
 * Which failure an item is that was read as damaged: E_CORRUPT, or E_NOT_READY in a list without a sync area that stock Python is
 * still writing (layout.md, "A list that is being made").
 */
shareable_status shareable__list_item_status(const shareable_list *list, size_t i, const shareable__slot *slot);

/* E_NOT_READY if a write to item i would be lost, because the list's creator has not written the item yet. */
shareable_status shareable__list_check_made(const shareable_list *list, size_t i);

/* The same for the list as a whole. Takes time with the length of a list of numbers. */
shareable_status shareable__list_check_whole(const shareable_list *list);

/*
 * Reads item i, whose slot was found, with a call that reads the slot and returns a status, as often as it takes to see
 * one value. Without a sync area it is read once, as it is.
 */
#define SHAREABLE__READ_CONSISTENT(status, list, i, slot, call)                                                        \
  do {                                                                                                                 \
    do {                                                                                                               \
      shareable__read_attempt reading_;                                                                                \
                                                                                                                       \
      if (shareable__read_begin_fast(&(list)->sync, (i), &reading_.stamp)) {                                           \
        (status) = (call);                                                                                             \
        if (shareable__read_valid(&(list)->sync, (i), reading_.stamp))                                                 \
          break;                                                                                                       \
      }                                                                                                                \
      memset(&reading_, 0, sizeof reading_);                                                                           \
      do {                                                                                                             \
        (status) = shareable__read_begin(shareable__list_sync(list), (i), &(slot), &reading_);                         \
        if ((status) != SHAREABLE_OK)                                                                                  \
          break;                                                                                                       \
        (status) = (call);                                                                                             \
      } while (!shareable__read_valid(&(list)->sync, (i), reading_.stamp));                                            \
      shareable__read_end(shareable__list_sync(list), (i), &reading_);                                                 \
    } while (0);                                                                                                       \
    if ((status) == SHAREABLE_E_CORRUPT)                                                                               \
      (status) = shareable__list_item_status((list), (i), &(slot));                                                    \
  } while (0)

/*
 * How long a wait sleeps at once where bells ring, in nanoseconds: stock Python's writers ring none, nor do killed ones. Only
 * a test changes it.
 */
extern int64_t shareable__wait_slice;
/* How long it sleeps the first time. Only a test changes it. */
extern int64_t shareable__wait_first_slice;

/* Writes an item whose slot was found: a value that was checked and fits. */
shareable_status shareable__list_put(shareable_list *list, size_t i, const shareable__slot *slot,
                                     const shareable_value *value);

#endif
