/*
 * dict_create.c - creating a dict.
 */
#include "base/cancel.h"
#include "base/error.h"
#include "base/random.h"
#include "dict/dict.h"
#include "dict/dict_index.h"

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
  if (value_size == 0 ||
      value_size > SHAREABLE__SLOT_MAX) /* one more than TEXT_MAX: that of another dict, rounded up */
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0,
                           "values of %zu bytes: a dict may have values of 1 to %d bytes", value_size,
                           SHAREABLE_TEXT_MAX);
  if ((flags & SHAREABLE_NO_SYNC) != 0)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "a dict cannot be without a sync area");
  return SHAREABLE_OK;
}

/* What is necessary to fill a new dict. */
typedef struct creation {
  shareable_dict *dict; /* has only the seed yet */
  const shareable__dict_area *header;
  const shareable__dict_content *content;
} creation;

/* No other process sees the list yet. */
static void put_item(const shareable_list *list, size_t i, const shareable_value *value) {
  shareable__encoded_item item;
  shareable__slot slot;

  if (!shareable__layout_slot(&list->layout, i, &slot))
    return; /* the offsets were written by this process */
  shareable__item_encode(value, slot.size, &item);
  shareable__item_put(&slot, &item);
}

/* Key i is in place i. */
static void put_key(const shareable_list *list, const creation *made, shareable__dict_parts *parts, size_t i) {
  const shareable_value *key = &made->content->keys[i];
  unsigned char code = key->type == SHAREABLE_TYPE_BYTES ? SHAREABLE__CODE_BYTES : SHAREABLE__CODE_STR;
  uint32_t tag = shareable__dict_hash(made->dict, code, key->text, (size_t)key->length);

  put_item(list, shareable__dict_key_item(i), key);
  put_item(list, shareable__dict_value_item(i), &made->content->values[i]);
  shareable__dict_index_add(parts, shareable__dict_entry(tag, i));
  parts->expiries[i] = shareable__dict_expiry_of(made->content->ttls[i]);
  parts->area->has_expiries |= parts->expiries[i] != 0;
}

/*
 * A place is used by values of different types one after the other. So every store of a value locks
 * the item from the start, and no change of its type has to wait for others.
 */
static void fill(shareable_list *list, void *area, void *tail, void *context) {
  const creation *made = context;
  shareable__area *sync = area;
  shareable__dict_parts parts;

  for (uint64_t place = 0; place < made->header->places; place++)
    sync->version_words[shareable__dict_value_item(place)] = SHAREABLE__SLOW_STORES;
  memcpy(tail, made->header, sizeof *made->header);
  shareable__dict_area_parts(&parts, tail, made->header);
  for (size_t i = 0; i < made->content->count; i++)
    put_key(list, made, &parts, i);
  parts.area->count = made->content->count;
}

static shareable_status check_key(const shareable_value *key, size_t key_size) {
  if (!shareable__is_text(key->type) || key->length == 0 || key->length > key_size || shareable__ends_in_nul(key))
    return SHAREABLE_E_KEY;
  return shareable__value_check(key);
}

static shareable_status check_content(const shareable__dict_area *header, const shareable__dict_content *content,
                                      shareable_error *error) {
  if (content->count > header->places)
    return shareable__fail(error, SHAREABLE_E_FULL, 0, "%zu keys do not fit in a dict of %zu places", content->count,
                           (size_t)header->places);
  for (size_t i = 0; i < content->count; i++) {
    const shareable_value *value = &content->values[i];
    shareable_status status = check_key(&content->keys[i], header->key_size);

    if (status != SHAREABLE_OK)
      return shareable__fail(error, status, 0,
                             "key %zu is not a str or bytes of 1 to %zu bytes whose last byte is not NUL", i,
                             (size_t)header->key_size);
    status = shareable__value_check(value);
    if (status == SHAREABLE_OK)
      status = shareable__item_fits(value, header->value_size);
    if (status == SHAREABLE_E_CAPACITY)
      return shareable__fail(error, status, 0, "the value of key %zu has %zu bytes, not at most %zu", i,
                             (size_t)value->length, (size_t)header->value_size);
    if (status != SHAREABLE_OK)
      return shareable__fail(error, status, 0, "the value of key %zu: %s", i, shareable_status_message(status));
  }
  return SHAREABLE_OK;
}

static shareable_status create(shareable_dict *dict, const char *name, const shareable__dict_area *header,
                               const shareable__dict_content *content, uint32_t flags, uint32_t mode,
                               shareable_error *error) {
  creation made = {dict, header, content};
  const shareable__list_tail tail = {header->size, fill, &made};
  shareable_value place[2] = {shareable_none(), shareable_none()};
  shareable_status status;

  place[0].capacity = header->key_size;
  place[1].capacity = header->value_size;
  shareable__dict_set_seed(dict, header->seed);
  status = shareable__list_create_with_tail(&dict->list, name, place, (size_t)(2 * header->places), &tail, flags, mode,
                                            content->replaces, error);
  if (status != SHAREABLE_OK)
    return status;
  dict->list->has_keys = true;
  shareable__dict_attach(dict, dict->list->memory->segment.base + dict->list->tail, header);
  return SHAREABLE_OK;
}

shareable_status shareable__dict_create_with(shareable_dict **result, const char *name, size_t places, size_t key_size,
                                             size_t value_size, const shareable__dict_content *content, uint32_t flags,
                                             uint32_t mode, shareable_error *error) {
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
  status = check_content(&header, content, error);
  if (status != SHAREABLE_OK)
    return status;
  errnum = shareable__random(header.seed, sizeof header.seed);
  if (errnum != 0)
    return shareable__fail_errno(error, errnum, "cannot create a dict: no random numbers");
  dict = shareable__dict_allocate(error);
  if (dict == NULL)
    return SHAREABLE_E_NO_MEMORY;
  status = create(dict, name, &header, content, flags & ~(uint32_t)SHAREABLE_EVICT, mode, error);
  if (status == SHAREABLE_OK)
    *result = dict;
  else
    shareable_dict_unref(dict);
  return status;
}

shareable_status shareable_dict_create(shareable_dict **dict, const char *name, size_t places, size_t key_size,
                                       size_t value_size, uint32_t flags, uint32_t mode, shareable_error *error) {
  const shareable__dict_content nothing = {0};

  return shareable__dict_create_with(dict, name, places, key_size, value_size, &nothing, flags, mode, error);
}
