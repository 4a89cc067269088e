/*
 * list_hash.c - a hash of all items of a list.
 */
#include "list/list.h"

/* A bijection of each argument: a change of one word always changes the hash. */
static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 over the golden ratio */
  return hash ^ hash >> 32;
}

/* Hashes the slots, formats and codes, which are contiguous. A partial word may remain. */
static uint64_t mix_all(const shareable__layout *layout) {
  size_t words = layout->data_size / 8 + layout->count + layout->count / 8;
  uint64_t hash = 0;

  for (size_t k = 0; k < words; k++)
    hash = mix(hash, shareable__load(layout->data + 8 * k));
  for (size_t i = layout->count / 8 * 8; i < layout->count; i++)
    hash = mix(hash, __atomic_load_n(&layout->codes[i], __ATOMIC_RELAXED));
  return hash;
}

shareable_status shareable_list_hash(const shareable_list *list, uint64_t *hash) {
  shareable_status status = shareable__list_check(list);
  uint64_t mixed;

  if (status != SHAREABLE_OK)
    return status;
  if (hash == NULL)
    return SHAREABLE_E_ARGUMENT;
  status = shareable__list_check_complete(list);
  if (status != SHAREABLE_OK)
    return status;
  mixed = mix_all(&list->layout);
  *hash = mixed == 0 ? 1 : mixed;
  return SHAREABLE_OK;
}
