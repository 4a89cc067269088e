/*
 * dict_plain.c - a list that has the form of a dict, but no dict area: for example, one of stock
 * Python. The handle is read-only, and has an index of its own, made when it was opened.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/random.h"
#include "dict/dict.h"

shareable__slot shareable__dict_plain_slot(const shareable_dict *dict, size_t item) {
  static unsigned char corrupt[8];
  shareable__slot slot;

  if (shareable__layout_slot(&dict->list->layout, item, &slot))
    return slot;
  return (shareable__slot){.data = corrupt, .size = sizeof corrupt, .format = corrupt, .code = corrupt};
}

/* Returns whether the item is a key, None, or corrupt: then it may become a key. */
static bool may_be_key(const shareable_list *list, size_t item) {
  shareable_type type;

  return shareable_list_type(list, (int64_t)item, &type) != SHAREABLE_OK || type == SHAREABLE_TYPE_NONE ||
         shareable__is_text(type);
}

/* Finds the largest slots, and checks the form of the list. */
static shareable_status measure(shareable_dict *dict, shareable_error *error) {
  const shareable_list *list = dict->list;

  for (uint64_t place = 0; place < dict->parts.places; place++) {
    shareable__slot key = shareable__dict_key_slot(dict, place), value = shareable__dict_value_slot(dict, place);

    if (!may_be_key(list, shareable__dict_key_item(place)))
      return shareable__fail(error, SHAREABLE_E_NOT_DICT, 0,
                             "list '%s' is not a dict: its item %zu would be a key, but is not a str, bytes or None",
                             list->memory->name, shareable__dict_key_item(place));
    if (key.size > dict->key_size)
      dict->key_size = (uint32_t)key.size;
    if (value.size > dict->value_size)
      dict->value_size = (uint32_t)value.size;
  }
  return SHAREABLE_OK;
}

shareable_status shareable__dict_attach_plain(shareable_dict *dict, shareable_error *error) {
  size_t count = dict->list->layout.count;
  uint64_t seed[2];
  shareable_status status;
  int errnum = shareable__random(seed, sizeof seed);

  if (errnum != 0)
    return shareable__fail_errno(error, errnum, "cannot open a dict: no random numbers");
  if (count == 0 || count % 2 != 0 || count / 2 > SHAREABLE_DICT_PLACES_MAX)
    return shareable__fail(error, SHAREABLE_E_NOT_DICT, 0,
                           "list '%s' is not a dict: it has %zu items, and each key of a dict has a value",
                           dict->list->memory->name, count);
  dict->is_plain = true;
  dict->parts.places = count / 2;
  dict->parts.slots = count;
  shareable__dict_set_seed(dict, seed);
  status = measure(dict, error);
  if (status != SHAREABLE_OK)
    return status;
  dict->parts.index = calloc(count, sizeof *dict->parts.index);
  if (dict->parts.index == NULL)
    return shareable__fail(error, SHAREABLE_E_NO_MEMORY, ENOMEM, "no memory for an index of %zu keys", count / 2);
  shareable__dict_index_add_all(dict, &dict->parts);
  return SHAREABLE_OK;
}

void shareable__dict_free_plain(shareable_dict *dict) {
  if (dict->is_plain)
    free(dict->parts.index);
}
