/*
 * dict_items.h - the keys of a dict with their values and TTLs, in the memory of this process.
 */
#ifndef SHAREABLE__CLI_DICT_ITEMS_H
#define SHAREABLE__CLI_DICT_ITEMS_H

#include "cli.h"

/* The caller initializes it to zeros. */
typedef struct dict_items {
  shareable_value *keys, *values;
  int64_t *ttls; /* in nanoseconds; 0: never */
  size_t count;
} dict_items;

/* Adds a key. The texts must be valid as long as the items. */
void dict_items_add(dict_items *items, shareable_value key, shareable_value value, int64_t ttl);

/* Removes all keys. dict_items_free_texts() also frees their texts. */
void dict_items_free(dict_items *items);
void dict_items_free_texts(dict_items *items);

/*
 * Replaces the items by those of a dict, with copies of their texts. If one cannot be read, prints the
 * reason and exits. A key that was deleted and inserted again meanwhile is there once.
 */
void dict_items_read(dict_items *items, const shareable_dict *dict);

/* Removes each item whose key was added again later. The texts of these items are freed if `frees_texts`. */
void dict_items_remove_replaced(dict_items *items, bool frees_texts);

#endif
