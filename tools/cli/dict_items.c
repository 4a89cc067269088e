/*
 * dict_items.c - the keys of a dict with their values and TTLs, in the memory of this process.
 */
#include "dict_items.h"

#include <stdlib.h>
#include <string.h>

#include "dict_visit.h"

/* The arrays grow when the count is a power of 2. */
static void grow(dict_items *items) {
  size_t size = items->count == 0 ? 64 : 2 * items->count;

  if (items->count != 0 && (items->count < 64 || (items->count & (items->count - 1)) != 0))
    return;
  items->keys = cli_allocate(items->keys, size, sizeof *items->keys);
  items->values = cli_allocate(items->values, size, sizeof *items->values);
  items->ttls = cli_allocate(items->ttls, size, sizeof *items->ttls);
}

void dict_items_add(dict_items *items, shareable_value key, shareable_value value, int64_t ttl) {
  grow(items);
  items->keys[items->count] = key;
  items->values[items->count] = value;
  items->ttls[items->count++] = ttl;
}

void dict_items_free(dict_items *items) {
  free(items->keys);
  free(items->values);
  free(items->ttls);
  items->keys = items->values = NULL;
  items->ttls = NULL;
  items->count = 0;
}

static bool is_text(const shareable_value *value) {
  return value->type == SHAREABLE_TYPE_STR || value->type == SHAREABLE_TYPE_BYTES;
}

static void free_text(const shareable_value *value) {
  if (is_text(value))
    free((void *)value->text);
}

void dict_items_free_texts(dict_items *items) {
  for (size_t i = 0; i < items->count; i++) {
    free_text(&items->keys[i]);
    free_text(&items->values[i]);
  }
  dict_items_free(items);
}

static shareable_value copy_text(shareable_value value) {
  char *text;

  if (!is_text(&value))
    return value;
  text = cli_allocate(NULL, (size_t)value.length, 1);
  if (value.length > 0)
    memcpy(text, value.text, (size_t)value.length);
  value.text = text;
  return value;
}

typedef struct sorted_key {
  const shareable_value *key;
} sorted_key;

static int compare_keys(const void *a, const void *b) {
  const shareable_value *left = ((const sorted_key *)a)->key, *right = ((const sorted_key *)b)->key;
  int order;

  if (left->type != right->type)
    return left->type < right->type ? -1 : 1;
  if (left->length != right->length)
    return left->length < right->length ? -1 : 1;
  order = memcmp(left->text, right->text, (size_t)left->length);
  return order != 0 ? order : (left > right) - (left < right);
}

static bool is_same_key(const shareable_value *a, const shareable_value *b) {
  return a->type == b->type && a->length == b->length && memcmp(a->text, b->text, (size_t)a->length) == 0;
}

/* Returns the keys, sorted. Of equal keys, the one that was added last is the last. The caller frees them. */
static sorted_key *sort(const dict_items *items) {
  sorted_key *keys = cli_allocate(NULL, items->count, sizeof *keys);

  for (size_t i = 0; i < items->count; i++)
    keys[i].key = &items->keys[i];
  if (items->count > 0)
    qsort(keys, items->count, sizeof *keys, compare_keys);
  return keys;
}

/* Returns which items have a key that was added again. The caller frees the array. */
static bool *find_replaced(const dict_items *items) {
  bool *is_replaced = cli_allocate(NULL, items->count, sizeof *is_replaced);
  sorted_key *keys = sort(items);

  memset(is_replaced, 0, items->count);
  for (size_t i = 1; i < items->count; i++)
    if (is_same_key(keys[i - 1].key, keys[i].key))
      is_replaced[keys[i - 1].key - items->keys] = true;
  free(keys);
  return is_replaced;
}

void dict_items_remove_replaced(dict_items *items, bool frees_texts) {
  bool *is_replaced = find_replaced(items);
  size_t kept = 0;

  for (size_t i = 0; i < items->count; i++) {
    if (is_replaced[i] && frees_texts) {
      free_text(&items->keys[i]);
      free_text(&items->values[i]);
    }
    if (is_replaced[i])
      continue;
    items->keys[kept] = items->keys[i];
    items->values[kept] = items->values[i];
    items->ttls[kept++] = items->ttls[i];
  }
  items->count = kept;
  free(is_replaced);
}

void dict_items_read(dict_items *items, const shareable_dict *dict) {
  dict_visit visit;

  dict_items_free_texts(items);
  for (dict_visit_begin(&visit, dict); dict_visit_next(&visit);) {
    if (visit.key_status != SHAREABLE_OK || visit.value_status != SHAREABLE_OK) {
      dict_visit_warn(&visit);
      exit(CLI_FAILED);
    }
    dict_items_add(items, copy_text(visit.key), copy_text(visit.value), visit.ttl);
  }
  dict_visit_end(&visit);
  dict_items_remove_replaced(items, true);
}
