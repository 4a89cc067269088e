/*
 * list.h - the public handle of a list, for the files of its operations.
 */
#ifndef SHAREABLE__LIST_H
#define SHAREABLE__LIST_H

#include "shm/memory.h"
#include "sync/area.h"
#include "sync/area_lock.h"
#include "sync/item_read.h"
#include "watch/source.h"

struct shareable_list {
  shareable_memory *memory;
  shareable__layout layout; /* of the memory; valid while that is open */
  shareable__sync sync;
  atomic_uint references;
  shareable__area_lock lock;
  uint64_t tail;            /* the offset of the first multiple of 64 after the sync area, if there is one */
  bool has_keys;            /* the list is that of a dict: each even item is a key, which only the dict writes */
  shareable__source source; /* what watches use */
};

/* Does what shareable_list_create() does, and replaces the block that has the name. */
shareable_status shareable__list_replace(shareable_list **list, const char *name, const shareable_value *values,
                                         size_t count, uint32_t flags, uint32_t mode, shareable_error *error);

/* More data in the block of a list, at the first multiple of 64 after the sync area. */
typedef struct shareable__list_tail {
  uint64_t size;
  /* Fills the sync area, and the tail, which is all 0. May also write the items of the list. */
  void (*fill)(shareable_list *list, void *area, void *tail, void *context);
  void *context;
} shareable__list_tail;

/*
 * Does what shareable_list_create() does, for a list with a sync area and a tail. The list has `count`
 * items, an even number: the values of the pair in turn, which must be valid. If `replaces` is set, it
 * replaces the block that has the name.
 */
shareable_status shareable__list_create_with_tail(shareable_list **list, const char *name,
                                                  const shareable_value pair[2], size_t count,
                                                  const shareable__list_tail *tail, uint32_t flags, uint32_t mode,
                                                  bool replaces, shareable_error *error);

/* Allocates a handle with one reference, without memory. Returns NULL if that fails. */
shareable_list *shareable__list_allocate(shareable_error *error);

/* Makes the closing of the list's memory end all uses of the list. The list must have a memory. */
void shareable__list_attach_memory(shareable_list *list);

/* Uses the sync area at byte `offset` of the list's block. */
void shareable__list_attach_area(shareable_list *list, uint64_t offset);

/* Returns E_CLOSED if the handle is NULL or closed. */
static inline shareable_status shareable__list_check(const shareable_list *list) {
  return list != NULL && shareable__memory_is_open(list->memory) ? SHAREABLE_OK : SHAREABLE_E_CLOSED;
}

/* Returns E_CLOSED or E_READ_ONLY if the list cannot be written. */
static inline shareable_status shareable__list_check_write(const shareable_list *list) {
  shareable_status status = shareable__list_check(list);

  return status == SHAREABLE_OK && list->memory->read_only ? SHAREABLE_E_READ_ONLY : status;
}

/* Checks the handle and a search value. A str that is not UTF-8 is allowed; it equals no item. */
static inline shareable_status shareable__list_check_search_value(const shareable_list *list,
                                                                  const shareable_value *value) {
  shareable_status status = shareable__list_check(list);

  if (status == SHAREABLE_OK)
    status = shareable__value_check(value);
  return status == SHAREABLE_E_UTF8 ? SHAREABLE_OK : status;
}

/* Returns E_KEY_ITEM if item i is a key of a dict. */
static inline shareable_status shareable__list_check_item(const shareable_list *list, size_t i) {
  return list->has_keys && i % 2 == 0 ? SHAREABLE_E_KEY_ITEM : SHAREABLE_OK;
}

/*
 * Finds an item of an open list by an index, which may count from the end. *i counts from 0.
 * Returns E_INDEX or E_CORRUPT. All 64 bits of the index are compared: a size_t may have 32.
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

/* Reading changes nothing of a list, but it may register the handle as a writer. */
static inline shareable__sync *shareable__list_sync(const shareable_list *list) {
  return (shareable__sync *)&list->sync;
}

/*
 * Returns the error for an item that is corrupt: E_CORRUPT, or E_NOT_READY if the list has no sync
 * area and stock Python is still writing it (layout.md, "A list that is being created").
 */
shareable_status shareable__list_item_status(const shareable_list *list, size_t i, const shareable__slot *slot);

/* Returns E_NOT_READY if the creator has yet to write item i, and would overwrite another value. */
shareable_status shareable__list_check_written(const shareable_list *list, size_t i);

/*
 * Returns E_NOT_READY if the list's creator has not written all items. Takes time in proportion to
 * the length of a list of numbers.
 */
shareable_status shareable__list_check_complete(const shareable_list *list);

/*
 * Reads item i, whose slot was found. `call` reads the slot and returns a status; it is repeated
 * until it has read one value. Without a sync area, it is called once.
 */
#define SHAREABLE__READ_CONSISTENT(status, list, i, slot, call)                                                        \
  do {                                                                                                                 \
    do {                                                                                                               \
      shareable__read_attempt attempt_;                                                                                \
                                                                                                                       \
      if (shareable__read_begin_fast(&(list)->sync, (i), &attempt_.version)) {                                         \
        (status) = (call);                                                                                             \
        if (shareable__read_valid(&(list)->sync, (i), attempt_.version))                                               \
          break;                                                                                                       \
      }                                                                                                                \
      memset(&attempt_, 0, sizeof attempt_);                                                                           \
      do {                                                                                                             \
        (status) = shareable__read_begin(shareable__list_sync(list), (i), &(slot), &attempt_);                         \
        if ((status) != SHAREABLE_OK)                                                                                  \
          break;                                                                                                       \
        (status) = (call);                                                                                             \
      } while (!shareable__read_valid(&(list)->sync, (i), attempt_.version));                                          \
      shareable__read_end(shareable__list_sync(list), (i), &attempt_);                                                 \
    } while (0);                                                                                                       \
    if ((status) == SHAREABLE_E_CORRUPT)                                                                               \
      (status) = shareable__list_item_status((list), (i), &(slot));                                                    \
  } while (0)

/*
 * The longest and the shortest sleep of a wait on an eventcount, in nanoseconds. Writers of stock
 * Python wake no waiters, and neither do killed ones. Only tests change these.
 */
extern int64_t shareable__wait_sleep_max;
extern int64_t shareable__wait_sleep_min;

/* Writes an item whose slot was found. The value was checked, and fits. */
shareable_status shareable__list_put(shareable_list *list, size_t i, const shareable__slot *slot,
                                     const shareable_value *value);

#endif
