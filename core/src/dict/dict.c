/*
 * dict.c - opening and closing a dict, and its properties.
 */
#include "dict/dict.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "base/error.h"

shareable_dict *shareable__dict_allocate(shareable_error *error) {
  shareable_dict *dict = calloc(1, sizeof *dict);

  if (dict == NULL) {
    shareable__fail(error, SHAREABLE_E_NO_MEMORY, ENOMEM, "no memory for a handle");
    return NULL;
  }
  atomic_init(&dict->references, 1);
  atomic_init(&dict->evicted, 0);
  atomic_init(&dict->lock.lost_wakeups, 0);
  return dict;
}

void shareable__dict_attach(shareable_dict *dict, void *address, const shareable__dict_area *header) {
  shareable__dict_area_parts(&dict->parts, address, header);
  dict->lock.word = &dict->parts.area->lock;
  dict->key_size = header->key_size;
  dict->value_size = header->value_size;
  dict->key_format = shareable__slot_format(header->key_size);
  dict->evicts = (header->flags & SHAREABLE__DICT_EVICT) != 0;
  dict->notes_use = dict->evicts && !dict->list->memory->read_only;
  shareable__dict_set_seed(dict, header->seed);
}

static shareable_status fail_area(const shareable_list *list, shareable__dict_area_kind kind, shareable_error *error) {
  const char *name = list->memory->name;

  if (kind == SHAREABLE__DICT_OTHER_VERSION)
    return shareable__fail(error, SHAREABLE_E_VERSION, 0,
                           "dict '%s' was made by another version of this library, and this version (%s) cannot use "
                           "it: create the dict again",
                           name, shareable_version());
  if (kind == SHAREABLE__DICT_CORRUPT)
    return shareable__fail(error, SHAREABLE_E_NOT_DICT, 0, "the dict area of '%s' is corrupt: create the dict again",
                           name);
  return shareable__fail(
    error, SHAREABLE_E_NOT_DICT, 0,
    "block '%s' contains a list that is not a dict: open it as a list instead, or, if its items are keys and "
    "values in turn, as a read-only dict",
    name);
}

static shareable_status read_area(shareable_dict *dict, shareable_error *error) {
  const shareable_list *list = dict->list;
  const shareable__segment *segment = &list->memory->segment;
  shareable__dict_area_kind kind = SHAREABLE__DICT_NONE;
  shareable__dict_area header;
  int errnum;

  if (list->tail != 0 && list->tail < segment->size && segment->size - list->tail >= sizeof header) {
    errnum = shareable__segment_read(segment, list->tail, &header, sizeof header);
    if (errnum != 0)
      return shareable__fail_errno(error, errnum, "cannot read '%s'", list->memory->name);
    kind = shareable__dict_area_check(&header, segment->size - list->tail, list->layout.count, list->layout.data_size);
  }
  if (kind == SHAREABLE__DICT_NONE && list->memory->read_only)
    return shareable__dict_attach_plain(dict, error);
  if (kind != SHAREABLE__DICT_USABLE)
    return fail_area(list, kind, error);
  shareable__dict_attach(dict, segment->base + list->tail, &header);
  return SHAREABLE_OK;
}

shareable_status shareable_dict_open(shareable_dict **result, const char *name, uint32_t flags,
                                     shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable_status status;
  shareable_dict *dict;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the handle is NULL");
  dict = shareable__dict_allocate(error);
  if (dict == NULL)
    return SHAREABLE_E_NO_MEMORY;
  status = shareable_list_open(&dict->list, name, flags, error);
  if (status == SHAREABLE_OK)
    status = read_area(dict, error);
  if (status == SHAREABLE_OK)
    *result = dict;
  else
    shareable_dict_unref(dict);
  return status;
}

shareable_dict *shareable_dict_ref(shareable_dict *dict) {
  if (dict != NULL)
    atomic_fetch_add(&dict->references, 1);
  return dict;
}

void shareable_dict_unref(shareable_dict *dict) {
  if (dict == NULL || atomic_fetch_sub(&dict->references, 1) != 1)
    return;
  shareable__dict_free_plain(dict);
  shareable_list_unref(dict->list);
  free(dict);
}

void shareable_dict_close(shareable_dict *dict) {
  if (dict != NULL)
    shareable_list_close(dict->list);
}

void shareable_dict_close_in_place(shareable_dict *dict) {
  if (dict != NULL)
    shareable_list_close_in_place(dict->list);
}

shareable_status shareable_dict_unlink(shareable_dict *dict, shareable_error *error) {
  return shareable_list_unlink(dict == NULL ? NULL : dict->list, error);
}

shareable_list *shareable_dict_list(const shareable_dict *dict) {
  return dict == NULL ? NULL : dict->list;
}

size_t shareable_dict_places(const shareable_dict *dict) {
  return dict == NULL ? 0 : (size_t)dict->parts.places;
}

size_t shareable_dict_key_size(const shareable_dict *dict) {
  return dict == NULL ? 0 : dict->key_size;
}

size_t shareable_dict_value_size(const shareable_dict *dict) {
  return dict == NULL ? 0 : dict->value_size;
}

int shareable_dict_evicts(const shareable_dict *dict) {
  return dict != NULL && dict->evicts;
}

uint64_t shareable_dict_evicted(const shareable_dict *dict) {
  return dict == NULL ? 0 : atomic_load_explicit(&dict->evicted, memory_order_relaxed);
}

/* A key that does not fit in the buffer is one, too, unless it ends in a NUL. */
static size_t count_keys(const shareable_dict *dict) {
  char buffer[SHAREABLE_DICT_KEY_MAX];
  size_t count = 0;

  for (uint64_t place = 0; place < dict->parts.places; place++) {
    shareable_value key;
    uint64_t version;

    count += shareable__dict_read_key(dict, place, &key, buffer, sizeof buffer, &version) != SHAREABLE_E_NO_KEY;
  }
  return count;
}

/* The count is not trusted. It includes keys that have expired. */
static size_t count_of(const shareable_dict *dict) {
  uint64_t count = __atomic_load_n(&dict->parts.area->count, __ATOMIC_ACQUIRE);
  uint64_t expired = shareable__dict_count_expired(dict);

  if (count > dict->parts.places)
    count = dict->parts.places;
  return (size_t)(count > expired ? count - expired : 0);
}

shareable_status shareable_dict_length(const shareable_dict *dict, size_t *length) {
  shareable_status status = dict == NULL ? SHAREABLE_E_CLOSED : shareable__list_check(dict->list);

  if (status == SHAREABLE_OK && length == NULL)
    status = SHAREABLE_E_ARGUMENT;
  if (status == SHAREABLE_OK)
    *length = dict->is_plain ? count_keys(dict) : count_of(dict);
  return status;
}
