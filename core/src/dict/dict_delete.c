/*
 * dict_delete.c - deleting keys.
 */
#include "dict/value_change.h"

/*
 * Deletes the key of a place, for a caller that does not hold the lock. Returns E_NO_KEY if there is
 * none or, if only_expired, if it has not expired.
 */
static shareable_status delete_place(shareable_dict *dict, uint64_t place, bool only_expired,
                                     shareable__dict_deadline *deadline) {
  shareable_status status;
  uint32_t tag;

  do {
    status = shareable__dict_lock(dict, shareable__dict_time_left(deadline));
    if (status != SHAREABLE_OK)
      return status;
    status = shareable__dict_tag_of_place(dict, place, &tag) ? shareable__dict_remove(dict, place, only_expired, NULL)
                                                             : SHAREABLE_E_NO_KEY;
    shareable__dict_unlock(dict);
    if (status != SHAREABLE_E_BUSY)
      return status;
    status = shareable__dict_await_value(dict, place, deadline);
  } while (status == SHAREABLE_OK);
  return status;
}

/* Finds the key under the lock, and deletes it. */
static shareable_status delete_key(shareable_dict *dict, const shareable__dict_key *key, shareable__dict_hit *hit,
                                   shareable__dict_output *output, shareable__dict_deadline *deadline) {
  shareable_status status = shareable__dict_lock(dict, shareable__dict_time_left(deadline));
  bool is_expired;

  if (status != SHAREABLE_OK)
    return status;
  status = shareable__dict_find_locked(dict, key, hit);
  is_expired = status == SHAREABLE_OK && shareable__dict_place_expired(dict, hit->place);
  if (status == SHAREABLE_OK)
    status = shareable__dict_remove(dict, hit->place, false, is_expired ? NULL : output);
  shareable__dict_unlock(dict);
  return status == SHAREABLE_OK && is_expired ? SHAREABLE_E_NO_KEY : status;
}

static shareable_status delete_encoded(shareable_dict *dict, const shareable_value *key, shareable__dict_output *output,
                                       int64_t timeout) {
  shareable__dict_deadline deadline = {timeout, 0};
  shareable__dict_key encoded;
  shareable__dict_hit hit = {0};
  shareable_status status = shareable__dict_check_write(dict);

  if (status == SHAREABLE_OK)
    status = shareable__dict_encode_key(dict, key, &encoded);
  while (status == SHAREABLE_OK) {
    status = delete_key(dict, &encoded, &hit, output, &deadline);
    if (status != SHAREABLE_E_BUSY)
      return status;
    status = shareable__dict_await_value(dict, hit.place, &deadline);
  }
  return status;
}

shareable_status shareable_dict_delete(shareable_dict *dict, const shareable_value *key, int64_t timeout) {
  return delete_encoded(dict, key, NULL, timeout);
}

shareable_status shareable_dict_pop(shareable_dict *dict, const shareable_value *key, shareable_value *value,
                                    void *buffer, size_t size, int64_t timeout) {
  shareable__dict_output output = {value, buffer, size};
  shareable_status status = shareable__dict_check_write(dict);

  if (status == SHAREABLE_OK && (value == NULL || (buffer == NULL && size > 0)))
    status = SHAREABLE_E_ARGUMENT;
  return status == SHAREABLE_OK ? delete_encoded(dict, key, &output, timeout) : status;
}

shareable_status shareable_dict_delete_expired(shareable_dict *dict, size_t max, int64_t timeout, size_t *deleted) {
  shareable__dict_deadline deadline = {timeout, 0};
  shareable_status status = shareable__dict_check_write(dict);
  size_t count = 0;

  for (uint64_t place = 0; status == SHAREABLE_OK && place < dict->parts.places && (max == 0 || count < max); place++) {
    if (!shareable__dict_place_expired(dict, place) || shareable__dict_place_is_free(dict, place))
      continue;
    status = delete_place(dict, place, true, &deadline);
    count += status == SHAREABLE_OK;
    if (status == SHAREABLE_E_NO_KEY)
      status = SHAREABLE_OK;
  }
  if (deleted != NULL)
    *deleted = count;
  return status;
}

/* Releases the lock after each key, so that others do not wait long. */
shareable_status shareable_dict_clear(shareable_dict *dict, int64_t timeout) {
  shareable__dict_deadline deadline = {timeout, 0};
  shareable_status status = shareable__dict_check_write(dict);
  uint32_t tag;

  for (uint64_t place = 0; status == SHAREABLE_OK && place < dict->parts.places; place++) {
    if (!shareable__dict_tag_of_place(dict, place, &tag))
      continue;
    status = delete_place(dict, place, false, &deadline);
    if (status == SHAREABLE_E_NO_KEY)
      status = SHAREABLE_OK;
  }
  return status;
}
