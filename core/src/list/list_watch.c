/*
 * list_watch.c - adding the items and the lock of a list to a watch.
 */
#include "base/cancel.h"
#include "list/list.h"
#include "watch/watch.h"

/*
 * Finds a word and makes an armed entry. Sets *is_slow as shareable__entry_arm() does. The caller holds
 * the watch lock.
 */
static shareable_status add_locked(shareable_watch *watch, shareable_list *list, shareable__watch_entry wanted,
                                   uint64_t hash, uint64_t *id, bool *is_slow) {
  unsigned number = wanted.kind == SHAREABLE__WATCH_ITEM  ? SHAREABLE__EVENTCOUNT_OF_ITEM(wanted.i)
                    : wanted.kind == SHAREABLE__WATCH_ANY ? SHAREABLE__EVENTCOUNT_ANY
                                                          : SHAREABLE__WORD_LOCK;
  shareable__watch_entry *entry;
  shareable__watch_word *word;
  shareable_status status;

  if (!shareable__source_open(&list->source, list->memory, &list->layout, &list->sync))
    return SHAREABLE_E_CLOSED;
  word = shareable__word_get(&list->source, number);
  if (word == NULL)
    return SHAREABLE_E_NO_MEMORY;
  entry = shareable__entry_create(watch, &list->source, word, wanted.kind, wanted.i);
  if (entry == NULL) {
    shareable__word_release(word);
    return SHAREABLE_E_NO_MEMORY;
  }
  entry->is_once = wanted.is_once;
  status = shareable__entry_arm(entry, hash, is_slow);
  if (status != SHAREABLE_OK)
    shareable__entry_free(entry);
  else
    *id = entry->id;
  return status;
}

static shareable_status add(shareable_watch *watch, shareable_list *list, shareable__watch_entry wanted, uint64_t hash,
                            uint64_t *id) {
  SHAREABLE__UNCANCELLED;
  shareable_status status;
  bool is_slow = false;

  shareable__watch_lock();
  status = add_locked(watch, list, wanted, hash, id, &is_slow);
  shareable__watch_unlock();
  if (is_slow)
    shareable__entry_compare_slowly(*id);
  return status;
}

static shareable_status check_arguments(const shareable_watch *watch, const shareable_list *list, uint32_t flags,
                                        const uint64_t *id) {
  shareable_status status = shareable__list_check(list);

  if (status == SHAREABLE_OK && (watch == NULL || id == NULL || (flags & ~(uint32_t)SHAREABLE_WATCH_ONCE) != 0))
    return SHAREABLE_E_ARGUMENT;
  return status;
}

shareable_status shareable_watch_add_item(shareable_watch *watch, shareable_list *list, int64_t index, uint32_t flags,
                                          uint64_t *id) {
  shareable_status status = check_arguments(watch, list, flags, id);
  shareable__watch_entry wanted = {.kind = SHAREABLE__WATCH_ITEM, .is_once = (flags & SHAREABLE_WATCH_ONCE) != 0};
  shareable__slot slot;

  if (status == SHAREABLE_OK)
    status = shareable__list_slot(list, index, &wanted.i, &slot);
  return status == SHAREABLE_OK ? add(watch, list, wanted, 0, id) : status;
}

shareable_status shareable_watch_add_list(shareable_watch *watch, shareable_list *list, uint64_t hash, uint32_t flags,
                                          uint64_t *id) {
  shareable_status status = check_arguments(watch, list, flags, id);
  shareable__watch_entry wanted = {.kind = SHAREABLE__WATCH_ANY, .is_once = (flags & SHAREABLE_WATCH_ONCE) != 0};

  return status == SHAREABLE_OK ? add(watch, list, wanted, hash, id) : status;
}

shareable_status shareable_watch_add_lock(shareable_watch *watch, shareable_list *list, uint64_t *id) {
  shareable_status status = check_arguments(watch, list, 0, id);
  shareable__watch_entry wanted = {.kind = SHAREABLE__WATCH_LOCK, .is_once = true};

  if (status == SHAREABLE_OK && !shareable__sync_has_area(&list->sync))
    status = SHAREABLE_E_NO_SYNC;
  if (status == SHAREABLE_OK)
    status = shareable__list_check_write(list);
  return status == SHAREABLE_OK ? add(watch, list, wanted, 0, id) : status;
}
