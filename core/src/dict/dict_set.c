/*
 * dict_set.c - writing the value of a key.
 */
#include "dict/value_change.h"
#include "sync/item_write.h"

#define FLAGS ((uint32_t)(SHAREABLE_DICT_IF_ABSENT | SHAREABLE_DICT_IF_PRESENT | SHAREABLE_DICT_NO_EVICT))

/* The value is written before the expiry. A reader that finds the new expiry finds the new value. */
static shareable_status apply_set(shareable__value_change *change, shareable_dict *dict, uint64_t place,
                                  uint64_t before, uint64_t *after) {
  shareable__slot slot = shareable__dict_value_slot(dict, place);
  shareable__encoded_item item;
  shareable_status status;

  if (change->is_long)
    shareable__dict_begin_value(dict, place, change->value);
  shareable__item_encode(change->value, slot.size, &item);
  status =
    shareable__item_write_locked(&dict->list->sync, shareable__dict_value_item(place), &slot, &item, before, after);
  if (status == SHAREABLE_OK)
    shareable__dict_set_expiry(dict, place, shareable__dict_expiry_of(change->ttl));
  return status;
}

shareable_status shareable_dict_set(shareable_dict *dict, const shareable_value *key, const shareable_value *value,
                                    uint32_t flags, int64_t ttl, int64_t timeout) {
  shareable__value_change set = {.apply = apply_set,
                                 .value = value,
                                 .ttl = ttl,
                                 .inserts = (flags & SHAREABLE_DICT_IF_PRESENT) == 0,
                                 .replaces = (flags & SHAREABLE_DICT_IF_ABSENT) == 0,
                                 .may_evict = (flags & SHAREABLE_DICT_NO_EVICT) == 0};
  shareable_status status = shareable__dict_check_write(dict);

  if (status == SHAREABLE_OK && (ttl < 0 || (flags & ~FLAGS) != 0 || (!set.inserts && !set.replaces)))
    status = SHAREABLE_E_ARGUMENT;
  if (status == SHAREABLE_OK)
    status = shareable__value_check(value);
  if (status == SHAREABLE_OK)
    status = shareable__item_fits(value, dict->value_size);
  if (status != SHAREABLE_OK)
    return status;
  set.is_long = shareable__is_text(value->type) && value->length > SHAREABLE__REDO_SIZE;
  return shareable__dict_change_value(dict, key, &set, timeout);
}
