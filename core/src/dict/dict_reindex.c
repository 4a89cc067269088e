/*
 * dict_reindex.c - making the index of a dict again from its keys.
 */
#include <stdlib.h>

#include "dict/dict.h"
#include "dict/dict_index.h"

uint64_t shareable__dict_index_add_all(const shareable_dict *dict, const shareable__dict_parts *parts) {
  uint64_t count = 0;

  for (uint64_t place = parts->places; place > 0; place--) {
    uint32_t tag;

    if (!shareable__dict_tag_of_place(dict, place - 1, &tag))
      continue;
    shareable__dict_index_add(parts, shareable__dict_entry(tag, place - 1));
    count++;
  }
  return count;
}

static void store_entry(const shareable__dict_parts *parts, uint64_t slot, uint64_t entry) {
  if (__atomic_load_n(&parts->index[slot], __ATOMIC_RELAXED) != entry)
    __atomic_store_n(&parts->index[slot], entry, __ATOMIC_RELEASE);
}

/*
 * Without memory for a second index, makes the first one in place. Readers read all keys meanwhile,
 * because the sequence is odd.
 */
static uint64_t rebuild(const shareable_dict *dict) {
  const shareable__dict_parts *parts = &dict->parts;
  shareable__dict_parts private = *parts;
  uint64_t count;

  private.index = calloc((size_t)parts->slots, sizeof *private.index);
  if (private.index == NULL) {
    for (uint64_t slot = 0; slot < parts->slots; slot++)
      store_entry(parts, slot, 0);
    return shareable__dict_index_add_all(dict, parts);
  }
  count = shareable__dict_index_add_all(dict, &private);
  for (uint64_t slot = 0; slot < parts->slots; slot++)
    store_entry(parts, slot, private.index[slot]);
  free(private.index);
  return count;
}

void shareable__dict_reindex_locked(shareable_dict *dict) {
  uint64_t count;

  shareable__dict_declare_reindex(dict);
  count = rebuild(dict);
  shareable__dict_end_reindex(dict, count);
}

shareable_status shareable_dict_reindex(shareable_dict *dict, int64_t timeout) {
  shareable_status status = shareable__dict_check_write(dict);

  if (status == SHAREABLE_OK)
    status = shareable__dict_lock(dict, timeout);
  if (status != SHAREABLE_OK)
    return status;
  shareable__dict_reindex_locked(dict);
  shareable__dict_unlock(dict);
  return SHAREABLE_OK;
}
