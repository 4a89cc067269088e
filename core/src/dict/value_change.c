/*
 * value_change.c - changing the value of a key, or inserting the key with a value.
 */
#include "dict/value_change.h"
#include "dict/dict_find.h"
#include "sync/fast_store.h"
#include "sync/item_lock.h"

/* Not an error: the key has changed between two steps, and the call begins again. */
#define AGAIN SHAREABLE_E_TIMED_OUT

shareable_status shareable__dict_await_value(shareable_dict *dict, uint64_t place, shareable__dict_deadline *deadline) {
  shareable__sync *sync = &dict->list->sync;
  size_t item = shareable__dict_value_item(place);
  uint64_t before;
  shareable_status status = shareable__item_lock_within(sync, item, shareable__dict_time_left(deadline), &before);

  if (status == SHAREABLE_OK)
    shareable__item_unlock_and_notify(sync, item, before);
  return status;
}

static shareable_status await_again(shareable_dict *dict, uint64_t place, shareable__dict_deadline *deadline) {
  shareable_status status = shareable__dict_await_value(dict, place, deadline);

  return status == SHAREABLE_OK ? AGAIN : status;
}

/* Changes the value, whose item is locked, if it is still the value of the key that was found. */
static shareable_status apply_locked(shareable_dict *dict, const shareable__dict_hit *hit,
                                     shareable__value_change *change, uint64_t before) {
  size_t item = shareable__dict_value_item(hit->place);
  shareable_status status = AGAIN;
  uint64_t after = before;

  if (shareable__dict_version(dict, shareable__dict_key_item(hit->place)) == hit->version &&
      !shareable__dict_place_expired(dict, hit->place)) {
    status = change->apply(change, dict, hit->place, before, &after);
    shareable__dict_note_use(dict, hit->place);
  }
  shareable__item_unlock_and_notify(&dict->list->sync, item, after);
  return status;
}

static shareable_status change_present(shareable_dict *dict, const shareable__dict_hit *hit,
                                       shareable__value_change *change, shareable__dict_deadline *deadline) {
  shareable__sync *sync = &dict->list->sync;
  size_t item = shareable__dict_value_item(hit->place);
  shareable_status status = SHAREABLE_OK;
  uint64_t before;

  if (!shareable__item_try_lock(sync, item, &before))
    status = shareable__item_lock_within(sync, item, shareable__dict_time_left(deadline), &before);
  return status == SHAREABLE_OK ? apply_locked(dict, hit, change, before) : status;
}

/* Removes the key if it has expired. Returns E_NO_KEY if it is absent then, or AGAIN if it is there. */
static shareable_status remove_expired(shareable_dict *dict, const shareable__dict_key *key, shareable__dict_hit *hit) {
  shareable_status status = shareable__dict_find_locked(dict, key, hit);

  if (status != SHAREABLE_OK)
    return status;
  if (!shareable__dict_place_expired(dict, hit->place))
    return AGAIN;
  status = shareable__dict_remove(dict, hit->place, true, NULL);
  return status == SHAREABLE_OK ? SHAREABLE_E_NO_KEY : status;
}

/* Inserts the key, or the key again if it has expired. */
static shareable_status change_absent(shareable_dict *dict, const shareable__dict_key *key,
                                      shareable__value_change *change, shareable__dict_deadline *deadline) {
  shareable__dict_hit hit = {0};
  shareable_status status = shareable__text_check(key->value);

  if (status == SHAREABLE_OK)
    status = shareable__dict_lock(dict, shareable__dict_time_left(deadline));
  if (status != SHAREABLE_OK)
    return status;
  status = remove_expired(dict, key, &hit);
  if (status == SHAREABLE_E_NO_KEY)
    status = shareable__dict_insert(dict, key, change->value, change->ttl, change->may_evict, &hit.place);
  shareable__dict_unlock(dict);
  if (status == SHAREABLE_OK)
    shareable__dict_notify_absent(dict, key->tag);
  if (status != SHAREABLE_E_BUSY)
    return status;
  return await_again(dict, hit.place, deadline);
}

/*
 * Sets a long value of a key that is there. If the writer is killed, the next owner of the lock
 * completes the write. The owner of the lock does not wait for the lock of a value.
 */
static shareable_status change_long(shareable_dict *dict, const shareable__dict_key *key,
                                    shareable__value_change *change, shareable__dict_deadline *deadline) {
  shareable__dict_hit hit;
  shareable_status status = shareable__dict_lock(dict, shareable__dict_time_left(deadline));
  uint64_t before;

  if (status != SHAREABLE_OK)
    return status;
  status = shareable__dict_find_locked(dict, key, &hit);
  if (status == SHAREABLE_OK && !shareable__dict_try_lock_value(dict, hit.place, &before))
    status = SHAREABLE_E_BUSY;
  if (status == SHAREABLE_OK) {
    status = apply_locked(dict, &hit, change, before);
    shareable__dict_end_value(dict);
  }
  shareable__dict_unlock(dict);
  if (status == SHAREABLE_E_BUSY)
    status = await_again(dict, hit.place, deadline);
  return status == SHAREABLE_E_NO_KEY ? AGAIN : status;
}

static shareable_status change_once(shareable_dict *dict, const shareable__dict_key *key,
                                    shareable__value_change *change, shareable__dict_deadline *deadline) {
  shareable__dict_hit hit;
  shareable_status status = shareable__dict_find_fast(dict, key, &hit);

  if (status == SHAREABLE_E_BUSY)
    status = shareable__dict_find(dict, key, &hit);
  if (status == SHAREABLE_OK && shareable__dict_place_expired(dict, hit.place))
    status = SHAREABLE_E_NO_KEY;
  if (status == SHAREABLE_E_NO_KEY)
    return change->inserts ? change_absent(dict, key, change, deadline) : status;
  if (status != SHAREABLE_OK)
    return status;
  if (!change->replaces)
    return shareable__dict_same_key(dict, hit.place, hit.version) ? SHAREABLE_E_KEY_EXISTS : AGAIN;
  return change->is_long ? change_long(dict, key, change, deadline) : change_present(dict, &hit, change, deadline);
}

/* The write of a long value was interrupted. The next owner of the lock completes it. */
static shareable_status complete_write(shareable_dict *dict, shareable__dict_deadline *deadline) {
  shareable_status status = shareable__dict_lock(dict, shareable__dict_time_left(deadline));

  if (status == SHAREABLE_OK)
    shareable__dict_unlock(dict);
  return status;
}

static shareable_status change_encoded(shareable_dict *dict, const shareable__dict_key *key,
                                       shareable__value_change *change, int64_t timeout) {
  shareable__dict_deadline deadline = {timeout, 0};
  shareable_status status;

  do
    status = change_once(dict, key, change, &deadline);
  while (status == AGAIN && shareable__dict_time_left(&deadline) != 0);
  if (status != SHAREABLE_E_CORRUPT || complete_write(dict, &deadline) != SHAREABLE_OK)
    return status;
  return change_once(dict, key, change, &deadline);
}

shareable_status shareable__dict_change_value(shareable_dict *dict, const shareable_value *key,
                                              shareable__value_change *change, int64_t timeout) {
  shareable__dict_key encoded;
  shareable_status status = shareable__dict_check_write(dict);

  if (status == SHAREABLE_OK)
    status = shareable__dict_encode_key_inline(dict, key, &encoded);
  if (status == SHAREABLE_OK)
    status = shareable__sync_register(&dict->list->sync);
  return status == SHAREABLE_OK ? change_encoded(dict, &encoded, change, timeout) : status;
}
