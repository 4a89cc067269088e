/*
 * json.h - reads the values of a list, or the keys and values of a dict, from JSON: the output of 'shareable dump --json', or an
 * array.
 */
#ifndef SHAREABLE__CLI_JSON_H
#define SHAREABLE__CLI_JSON_H

#include "dict_items.h"

/* The values, and what their texts point to. json_free() frees both. */
typedef struct json_list {
  shareable_value *values;
  size_t count;
  bool has_no_sync_area; /* the list was dumped from one without a sync area */
  void **texts;          /* one for each value, or NULL */
  size_t *offsets;       /* of the item of each value in the JSON text, for messages */

  /* Of a dict. Its keys and values are also values of the list. */
  bool is_dict, evicts;
  size_t places, key_size, value_size;
  dict_items items;
} json_list;

/*
 * Reads the file, or standard input if the path is "-". If it does not describe a list or a dict, prints the
 * position and the reason, and exits.
 */
void json_read(json_list *list, const char *path);
void json_free(json_list *list);

#endif
