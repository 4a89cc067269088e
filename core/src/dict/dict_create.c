/*
 * dict_create.c - creating a dict.
 */
#include "base/cancel.h"
#include "base/error.h"
#include "base/random.h"
#include "dict/dict.h"

static uint32_t slot_size(size_t size) {
  return (uint32_t)((size + 7) / 8 * 8);
}

static shareable_status check_sizes(size_t places, size_t key_size, size_t value_size, uint32_t flags,
                                    shareable_error *error) {
  if (places == 0 || places > SHAREABLE_DICT_PLACES_MAX)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "a dict of %zu places: it may have 1 to %llu", places,
                           (unsigned long long)SHAREABLE_DICT_PLACES_MAX);
  if (key_size == 0 || key_size > SHAREABLE_DICT_KEY_MAX)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "keys of %zu bytes: a dict may have keys of 1 to %d bytes",
                           key_size, SHAREABLE_DICT_KEY_MAX);
  if (value_size == 0 || value_size > SHAREABLE_TEXT_MAX)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0,
                           "values of %zu bytes: a dict may have values of 1 to %d bytes", value_size,
                           SHAREABLE_TEXT_MAX);
  if ((flags & SHAREABLE_NO_SYNC) != 0)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "a dict cannot be without a sync area");
  return SHAREABLE_OK;
}

/*
 * A place is used by values of different types one after the other. So every store of a value locks
 * the item from the start, and no change of its type has to wait for others.
 */
static void fill(void *area, void *tail, void *context) {
  const shareable__dict_area *header = context;
  shareable__area *sync = area;

  for (uint64_t place = 0; place < header->places; place++)
    sync->version_words[shareable__dict_value_item(place)] = SHAREABLE__SLOW_STORES;
  memcpy(tail, header, sizeof *header);
}

static shareable_status create(shareable_dict *dict, const char *name, shareable__dict_area *header, uint32_t flags,
                               uint32_t mode, shareable_error *error) {
  const shareable__list_tail tail = {header->size, fill, header};
  shareable_value place[2] = {shareable_none(), shareable_none()};
  shareable_status status;

  place[0].capacity = header->key_size;
  place[1].capacity = header->value_size;
  status =
    shareable__list_create_with_tail(&dict->list, name, place, (size_t)(2 * header->places), &tail, flags, mode, error);
  if (status != SHAREABLE_OK)
    return status;
  dict->list->has_keys = true;
  shareable__dict_attach(dict, dict->list->memory->segment.base + dict->list->tail, header);
  return SHAREABLE_OK;
}

shareable_status shareable_dict_create(shareable_dict **result, const char *name, size_t places, size_t key_size,
                                       size_t value_size, uint32_t flags, uint32_t mode, shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable_status status = check_sizes(places, key_size, value_size, flags, error);
  shareable__dict_area header;
  shareable_dict *dict;
  int errnum;

  if (status != SHAREABLE_OK)
    return status;
  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the handle is NULL");
  shareable__dict_area_init(&header, places, slot_size(key_size), slot_size(value_size),
                            (flags & SHAREABLE_EVICT) != 0 ? SHAREABLE__DICT_EVICT : 0);
  errnum = shareable__random(header.seed, sizeof header.seed);
  if (errnum != 0)
    return shareable__fail_errno(error, errnum, "cannot create a dict: no random numbers");
  dict = shareable__dict_allocate(error);
  if (dict == NULL)
    return SHAREABLE_E_NO_MEMORY;
  status = create(dict, name, &header, flags & ~(uint32_t)SHAREABLE_EVICT, mode, error);
  if (status == SHAREABLE_OK)
    *result = dict;
  else
    shareable_dict_unref(dict);
  return status;
}
