/*
 * dict_wait.c - waiting until a key has another value, or appears, or is gone.
 *
 * Each write of a value, and each delete, notifies the eventcount of the value's item. A waiter
 * for an absent key does not know its place: an insert also notifies the eventcount of the item that
 * belongs to the hash of the key.
 */
#include "dict/dict.h"
#include "dict/dict_index.h"
#include "list/list_wait.h"

/* Returns the item whose eventcount an insert of the key notifies. */
static size_t absent_item(const shareable_dict *dict, uint32_t tag) {
  return shareable__dict_value_item(shareable__dict_home(&dict->parts, tag) / 2);
}

void shareable__dict_notify_absent(const shareable_dict *dict, uint32_t tag) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST); /* after the insert, and before the check for waiters */
  shareable__eventcount_notify(shareable__sync_eventcounts(&dict->list->sync), absent_item(dict, tag));
}

typedef struct key_wait {
  shareable__list_wait wait; /* the first member */
  const shareable_dict *dict;
  const shareable__dict_key *key;
  const shareable_value *value; /* NULL: the key is absent */
} key_wait;

static shareable_status check_key(const shareable_list *list, shareable__list_wait *context) {
  key_wait *wait = (key_wait *)context;
  shareable_status status = shareable__list_check(list);
  shareable__dict_hit hit = {0};
  bool equal = false;

  if (status != SHAREABLE_OK)
    return status;
  do {
    status = shareable__dict_find(wait->dict, wait->key, &hit);
    if (status == SHAREABLE_OK && shareable__dict_place_expired(wait->dict, hit.place))
      status = SHAREABLE_E_NO_KEY;
    if (status == SHAREABLE_E_NO_KEY) {
      wait->wait.item = absent_item(wait->dict, wait->key->tag);
      return wait->value == NULL ? SHAREABLE_E_TIMED_OUT : SHAREABLE_OK;
    }
    if (status == SHAREABLE_OK && wait->value != NULL)
      status = shareable__dict_value_equals(wait->dict, hit.place, wait->value, &equal);
    if (status != SHAREABLE_OK)
      return status;
  } while (!shareable__dict_same_key(wait->dict, hit.place, hit.version));
  wait->wait.item = shareable__dict_value_item(hit.place);
  return equal ? SHAREABLE_E_TIMED_OUT : SHAREABLE_OK;
}

shareable_status shareable_dict_wait(const shareable_dict *dict, const shareable_value *key,
                                     const shareable_value *value, int64_t timeout) {
  shareable__dict_key encoded;
  shareable_status status = shareable__dict_encode_key(dict, key, &encoded);
  key_wait wait = {.wait = {.check = check_key}, .dict = dict, .key = &encoded, .value = value};

  if (status == SHAREABLE_OK)
    status = value == NULL ? shareable__text_check(key) : shareable__list_check_search_value(dict->list, value);
  if (status != SHAREABLE_OK)
    return status;
  wait.wait.item = absent_item(dict, encoded.tag);
  return shareable__list_wait_for(dict->list, &wait.wait, timeout);
}

/* Finds the item that is written when the key changes, appears or is deleted. */
static shareable_status find_item(const shareable_dict *dict, const shareable__dict_key *key, size_t *item) {
  shareable__dict_hit hit;
  shareable_status status = shareable__dict_find(dict, key, &hit);

  if (status != SHAREABLE_OK && status != SHAREABLE_E_NO_KEY)
    return status;
  *item = status == SHAREABLE_OK ? shareable__dict_value_item(hit.place) : absent_item(dict, key->tag);
  return SHAREABLE_OK;
}

/* If the key gets another place before its item is armed, the changes in that place would be missed. */
shareable_status shareable_watch_add_key(shareable_watch *watch, shareable_dict *dict, const shareable_value *key,
                                         uint64_t *id) {
  shareable__dict_key encoded;
  shareable_status status = shareable__dict_encode_key(dict, key, &encoded);
  size_t item = 0, armed;

  if (status == SHAREABLE_OK)
    status = find_item(dict, &encoded, &item);
  do {
    armed = item;
    if (status == SHAREABLE_OK)
      status = shareable_watch_add_item(watch, dict->list, (int64_t)armed, SHAREABLE_WATCH_ONCE, id);
    if (status != SHAREABLE_OK)
      return status;
    status = find_item(dict, &encoded, &item);
    if (status != SHAREABLE_OK || item != armed)
      shareable_watch_remove(watch, *id);
  } while (item != armed);
  return status;
}
