/*
 * dict_change.c - inserting and deleting keys, by the owner of the dict's lock, and completing the
 * change of an owner that died.
 *
 * The write of a key item is the step at which a key comes or goes. Before it, the owner stores its
 * intent, from which the next owner completes the rest: the index and the count. dict.pml shows that
 * this works at whatever step an owner is killed.
 */
#include "dict/dict.h"
#include "dict/dict_index.h"
#include "sync/fast_store.h"
#include "sync/item_lock.h"
#include "sync/item_write.h"

static void store(uint64_t *field, uint64_t value) {
  __atomic_store_n(field, value, __ATOMIC_RELAXED);
}

static uint64_t load(const uint64_t *field) {
  return __atomic_load_n(field, __ATOMIC_RELAXED);
}

/* The intent. */

static void declare(const shareable_dict *dict, uint32_t intent, uint64_t place, uint64_t entry) {
  shareable__dict_area *area = dict->parts.area;

  store(&area->intent_place, place);
  store(&area->intent_entry, entry);
  store(&area->intent_count, load(&area->count));
  __atomic_store_n(&area->intent, intent, __ATOMIC_RELEASE);
  __atomic_thread_fence(__ATOMIC_SEQ_CST); /* before the first step of the change */
}

static void retract(const shareable_dict *dict) {
  __atomic_store_n(&dict->parts.area->intent, SHAREABLE__INTENT_NONE, __ATOMIC_RELEASE);
}

/* Makes the sequence odd, before keys and entries change. */
static void begin_change(const shareable_dict *dict) {
  shareable__word *sequence = &dict->parts.area->sequence;

  __atomic_store_n(sequence, __atomic_load_n(sequence, __ATOMIC_RELAXED) | 1, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void end_change(const shareable_dict *dict) {
  shareable__word *sequence = &dict->parts.area->sequence;

  __atomic_store_n(sequence, __atomic_load_n(sequence, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
  retract(dict);
}

void shareable__dict_declare_reindex(shareable_dict *dict) {
  declare(dict, SHAREABLE__INTENT_REINDEX, 0, 0);
  begin_change(dict);
}

void shareable__dict_end_reindex(shareable_dict *dict, uint64_t count) {
  store(&dict->parts.area->count, count);
  end_change(dict);
}

/* Recovery. */

static shareable_status put_key(shareable_dict *dict, uint64_t place, const shareable__encoded_item *item) {
  shareable__slot slot = shareable__dict_key_slot(dict, place);

  return shareable__sync_write_item(&dict->list->sync, shareable__dict_key_item(place), &slot, item);
}

static shareable_status put_none(shareable_dict *dict, uint64_t place) {
  const shareable_value none = shareable_none();
  shareable__encoded_item item;

  shareable__item_encode(&none, dict->key_size, &item);
  return put_key(dict, place, &item);
}

/*
 * Returns whether the place has a key. If its owner was killed while it wrote the key without a redo
 * record, the key is corrupt, and was not reported as inserted, or was to be deleted: it becomes None.
 */
static bool has_key(shareable_dict *dict, uint64_t place) {
  shareable_type type = SHAREABLE_TYPE_NONE;
  shareable_status status = shareable_list_type(dict->list, (int64_t)shareable__dict_key_item(place), &type);

  if (status == SHAREABLE_E_CORRUPT)
    put_none(dict, place);
  return status == SHAREABLE_OK && shareable__is_text(type);
}

/*
 * Writes the value of a place if the dead owner has left it corrupt. Otherwise the item has the old or the
 * new value, or one that another process has set since. Waits for a living writer that has taken the item
 * over, for at most a second: if that is killed too, the item is corrupt again. Such a writer does not
 * wait for the lock of the dict.
 */
static void repair_value(shareable_dict *dict, uint64_t place, const shareable__encoded_item *item) {
  shareable__slot slot = shareable__dict_value_slot(dict, place);
  shareable__sync *sync = &dict->list->sync;
  size_t i = shareable__dict_value_item(place);
  uint64_t before, after;

  if (shareable__item_lock(sync, i, &before) != SHAREABLE_OK)
    return;
  after = before;
  if (shareable__sync_is_corrupt(before))
    shareable__item_write_locked(sync, i, &slot, item, before, &after);
  shareable__item_unlock_and_notify(sync, i, after);
}

static void recover_value(shareable_dict *dict, uint64_t place) {
  const shareable__value_record *record = &dict->parts.area->record;
  shareable__encoded_item item = {.format = load(&record->format), .code = *(const unsigned char *)&record->code};
  uint64_t length = load(&record->length);

  shareable__item_set_data(&item, dict->parts.record_data,
                           length < dict->value_size ? (size_t)length : dict->value_size);
  repair_value(dict, place, &item);
}

/*
 * The owner was killed before it has written the key. Stock Python reads the values of free places, too:
 * one that is corrupt becomes None.
 */
static void clear_value(shareable_dict *dict, uint64_t place) {
  const shareable_value none = shareable_none();
  shareable__encoded_item item;

  shareable__item_encode(&none, dict->value_size, &item);
  repair_value(dict, place, &item);
}

static void recover_key(shareable_dict *dict, uint32_t intent, uint64_t place) {
  shareable__dict_area *area = dict->parts.area;
  uint64_t count = load(&area->intent_count), entry = load(&area->intent_entry);
  bool is_present = has_key(dict, place);

  begin_change(dict);
  if (intent == SHAREABLE__INTENT_INSERT && is_present) {
    shareable__dict_index_add(&dict->parts, entry);
    count++;
  } else if (intent == SHAREABLE__INTENT_DELETE && !is_present) {
    shareable__dict_index_remove(&dict->parts, entry);
    count--;
  } else if (intent == SHAREABLE__INTENT_INSERT) {
    clear_value(dict, place);
  }
  store(&area->count, count);
  end_change(dict);
}

void shareable__dict_recover(shareable_dict *dict) {
  shareable__dict_area *area = dict->parts.area;
  uint32_t intent = __atomic_load_n(&area->intent, __ATOMIC_ACQUIRE);
  uint64_t place = load(&area->intent_place);

  if (intent == SHAREABLE__INTENT_NONE || place >= dict->parts.places)
    return;
  if (intent == SHAREABLE__INTENT_REINDEX) {
    shareable__dict_reindex_locked(dict);
  } else if (intent == SHAREABLE__INTENT_VALUE) {
    recover_value(dict, place);
    retract(dict);
  } else {
    recover_key(dict, intent, place);
  }
}

/* Long values. */

void shareable__dict_begin_value(shareable_dict *dict, uint64_t place, const shareable_value *value) {
  shareable__value_record *record = &dict->parts.area->record;
  shareable__encoded_item item;

  shareable__item_encode(value, dict->value_size, &item);
  store(&record->format, item.format);
  store(&record->length, item.length);
  store(&record->code, shareable__format_bytes(item.code));
  for (size_t offset = 0; offset < dict->value_size; offset += 8)
    store((uint64_t *)(void *)(dict->parts.record_data + offset), shareable__encoded_word(&item, offset));
  declare(dict, SHAREABLE__INTENT_VALUE, place, 0);
}

void shareable__dict_end_value(shareable_dict *dict) {
  retract(dict);
}

bool shareable__dict_record_slot(const shareable_dict *dict, uint64_t place, shareable__slot *slot) {
  shareable__dict_area *area = dict->parts.area;

  *slot = (shareable__slot){.data = dict->parts.record_data,
                            .size = dict->value_size,
                            .format = (unsigned char *)&area->record.format,
                            .code = (unsigned char *)&area->record.code};
  return __atomic_load_n(&area->intent, __ATOMIC_ACQUIRE) == SHAREABLE__INTENT_VALUE &&
         load(&area->intent_place) == place;
}

bool shareable__dict_other_key_changes(const shareable_dict *dict, uint64_t place, uint32_t tag) {
  const shareable__dict_area *area = dict->parts.area;
  uint32_t intent = __atomic_load_n(&area->intent, __ATOMIC_ACQUIRE);

  return (intent == SHAREABLE__INTENT_INSERT || intent == SHAREABLE__INTENT_DELETE) &&
         load(&area->intent_place) == place && shareable__dict_entry_tag(load(&area->intent_entry)) != tag;
}

/* The lock. */

int64_t shareable__dict_time_left(shareable__dict_deadline *deadline) {
  int64_t left;

  if (deadline->timeout <= 0)
    return deadline->timeout;
  if (deadline->end == 0)
    deadline->end = shareable__deadline(deadline->timeout);
  left = deadline->end - shareable__now();
  return left > 0 ? left : 0;
}

shareable_status shareable__dict_lock(shareable_dict *dict, int64_t timeout) {
  shareable_status status = shareable__area_lock_acquire(&dict->lock, &dict->list->sync, timeout);

  if (status == SHAREABLE_E_OWNER_DIED) {
    shareable__dict_recover(dict);
    status = SHAREABLE_OK;
  }
  /* no owner changes the index: only damage leaves an odd sequence */
  if (status == SHAREABLE_OK && shareable__dict_sequence(&dict->parts) % 2 != 0)
    shareable__dict_reindex_locked(dict);
  return status;
}

void shareable__dict_unlock(shareable_dict *dict) {
  shareable__area_lock_release(&dict->lock, &dict->list->sync);
}

bool shareable__dict_try_lock_value(shareable_dict *dict, uint64_t place, uint64_t *before) {
  shareable__sync *sync = &dict->list->sync;
  size_t item = shareable__dict_value_item(place);

  if (shareable__item_try_lock(sync, item, before))
    return true;
  return shareable__item_holder_is_dead(sync, shareable__version_load(sync->area, item)) &&
         shareable__item_lock(sync, item, before) == SHAREABLE_OK;
}

/* Inserting. */

static shareable_status put_value(shareable_dict *dict, uint64_t place, const shareable_value *value) {
  shareable__slot slot = shareable__dict_value_slot(dict, place);

  return shareable__list_put(dict->list, shareable__dict_value_item(place), &slot, value);
}

/* A new key was not used yet. */
static void put_expiry(const shareable_dict *dict, uint64_t place, uint64_t expiry) {
  shareable__dict_set_expiry(dict, place, expiry);
  if (dict->evicts)
    __atomic_store_n(&dict->parts.expiries[place], expiry, __ATOMIC_RELEASE);
}

shareable_status shareable__dict_insert(shareable_dict *dict, const shareable__dict_key *key,
                                        const shareable_value *value, int64_t ttl, bool may_evict, uint64_t *place) {
  shareable__dict_area *area = dict->parts.area;
  shareable_status status = shareable__dict_find_free(dict, may_evict, place);
  uint64_t entry;

  if (status != SHAREABLE_OK)
    return status;
  entry = shareable__dict_entry(key->tag, *place);
  declare(dict, SHAREABLE__INTENT_INSERT, *place, entry);
  status = put_value(dict, *place, value);
  if (status != SHAREABLE_OK) {
    retract(dict);
    return status;
  }
  put_expiry(dict, *place, shareable__dict_expiry_of(ttl));
  begin_change(dict);
  status = put_key(dict, *place, &key->item);
  if (status == SHAREABLE_OK) {
    shareable__dict_index_add(&dict->parts, entry);
    store(&area->count, load(&area->count) + 1);
  }
  end_change(dict);
  return status;
}

/* Deleting. */

static shareable_status remove_locked(shareable_dict *dict, uint64_t place, uint32_t tag) {
  shareable__dict_area *area = dict->parts.area;
  uint64_t entry = shareable__dict_entry(tag, place);
  shareable_status status;

  declare(dict, SHAREABLE__INTENT_DELETE, place, entry);
  begin_change(dict);
  status = put_none(dict, place);
  if (status == SHAREABLE_OK) {
    shareable__dict_index_remove(&dict->parts, entry);
    store(&area->count, load(&area->count) - 1);
    store(&area->hand, place); /* the next insert finds it without a search, if the dict is nearly full */
  }
  end_change(dict);
  return status;
}

/* Reads the value of a place, whose item is locked, and whose version word is `before`. */
static shareable_status read_locked(const shareable_dict *dict, uint64_t place, uint64_t before,
                                    shareable__dict_output *output) {
  shareable__slot slot = shareable__dict_value_slot(dict, place);

  if (output == NULL)
    return SHAREABLE_OK;
  if (shareable__sync_is_corrupt(before))
    return SHAREABLE_E_CORRUPT;
  return shareable__item_read(&slot, output->value, output->buffer, output->size);
}

/* A writer that found the key has the value locked while it checks the key again and writes. */
shareable_status shareable__dict_remove(shareable_dict *dict, uint64_t place, bool only_expired,
                                        shareable__dict_output *output) {
  shareable__sync *sync = &dict->list->sync;
  shareable_status status;
  uint64_t before, after;
  uint32_t tag;

  if (!shareable__dict_tag_of_place(dict, place, &tag))
    return SHAREABLE_E_CORRUPT;
  if (!shareable__dict_try_lock_value(dict, place, &before))
    return SHAREABLE_E_BUSY;
  after = before;
  status = only_expired && !shareable__dict_place_expired(dict, place) ? SHAREABLE_E_NO_KEY
                                                                       : read_locked(dict, place, before, output);
  if (status == SHAREABLE_OK) {
    status = remove_locked(dict, place, tag);
    after = shareable__version_next(before, before & SHAREABLE__VERSION_FLAGS);
  }
  shareable__item_unlock_and_notify(sync, shareable__dict_value_item(place), after);
  return status;
}
