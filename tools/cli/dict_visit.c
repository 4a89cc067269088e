/*
 * dict_visit.c - visits the keys of a dict with their values and the times at which they expire.
 */
#include "dict_visit.h"

#include <stdlib.h>

#include "dict/dict.h"
#include "dict_call.h"
#include "held.h"

void dict_visit_begin(dict_visit *visit, const shareable_dict *dict) {
  *visit = (dict_visit){.dict = dict};
  cli_text_reserve(&visit->key_buffer, shareable_dict_key_size(dict));
  cli_text_reserve(&visit->value_buffer, shareable_dict_value_size(dict));
  visit->item = (shareable_dict_item){.key_buffer = visit->key_buffer.bytes,
                                      .key_buffer_size = visit->key_buffer.size,
                                      .value_buffer = visit->value_buffer.bytes,
                                      .value_buffer_size = visit->value_buffer.size};
}

void dict_visit_end(dict_visit *visit) {
  free(visit->key_buffer.bytes);
  free(visit->value_buffer.bytes);
}

static int64_t key_item(size_t place) {
  return (int64_t)shareable__dict_key_item(place);
}

static bool is_free(const shareable_dict *dict, size_t place) {
  shareable__slot slot = shareable__dict_key_slot(dict, place);

  return shareable__item_is_none(&slot);
}

/* A dict treats a corrupt key as none. It is reported here, because it was one, or should not be there. */
static bool is_corrupt(const shareable_dict *dict, size_t place) {
  shareable_type type;

  return shareable_list_type(dict->list, key_item(place), &type) == SHAREABLE_E_CORRUPT;
}

/* Reads the place. Returns E_NO_KEY if it has no key, or if that has expired. */
static shareable_status read_place(dict_visit *visit) {
  size_t cursor = visit->place, found;
  shareable_status status;

  if (held_is(visit->dict->list, key_item(visit->place)) || held_is(visit->dict->list, key_item(visit->place) + 1))
    return SHAREABLE_E_BUSY;
  status = shareable_dict_next(visit->dict, &cursor, &visit->item);
  found = status == SHAREABLE_OK ? cursor - 1 : cursor;
  if (found != visit->place && is_corrupt(visit->dict, visit->place))
    return SHAREABLE_E_CORRUPT;
  visit->place = found;
  return status;
}

/* Finds out which of both could not be read. */
static void read_key(dict_visit *visit, shareable_status status) {
  shareable_dict_item *item = &visit->item;
  uint64_t version;

  visit->value_status = status;
  visit->key_status = SHAREABLE_E_BUSY;
  if (status == SHAREABLE_E_BUSY) { /* the next ones are not waited for */
    held_record(visit->dict->list, key_item(visit->place));
    if (!held_is(visit->dict->list, key_item(visit->place)))
      held_record(visit->dict->list, key_item(visit->place) + 1);
  }
  if (!held_is(visit->dict->list, key_item(visit->place)))
    visit->key_status = shareable__dict_read_key(visit->dict, visit->place, &item->key, item->key_buffer,
                                                 item->key_buffer_size, &version);
  if (visit->key_status == SHAREABLE_E_NO_KEY)
    visit->key_status = SHAREABLE_E_CORRUPT;
}

static void read_ttl(dict_visit *visit) {
  uint64_t expiry = shareable__dict_expiry(visit->dict, visit->place), now = (uint64_t)shareable__boot_time();

  visit->ttl = expiry == 0 ? 0 : expiry > now ? (int64_t)(expiry - now) : 1;
}

bool dict_visit_next(dict_visit *visit) {
  size_t places = shareable_dict_places(visit->dict);
  shareable_status status;

  for (visit->place = visit->next; visit->place < places; visit->place++) {
    if (is_free(visit->dict, visit->place))
      continue;
    status = read_place(visit);
    if (status == SHAREABLE_E_CLOSED)
      dict_die(visit->dict, NULL, status);
    if (status == SHAREABLE_E_NO_KEY)
      continue;
    visit->next = visit->place + 1;
    visit->key_status = visit->value_status = status;
    if (status != SHAREABLE_OK)
      read_key(visit, status);
    visit->key = visit->item.key;
    visit->value = visit->item.value;
    read_ttl(visit);
    return true;
  }
  visit->next = places;
  return false;
}

void dict_visit_warn(const dict_visit *visit) {
  shareable_error error;

  if (visit->key_status != SHAREABLE_OK)
    shareable_list_explain_item(visit->dict->list, key_item(visit->place), visit->key_status, &error);
  else if (visit->value_status != SHAREABLE_OK)
    shareable_list_explain_item(visit->dict->list, key_item(visit->place) + 1, visit->value_status, &error);
  else
    return;
  cli_warn_message(error.message);
}
