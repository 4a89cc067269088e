/*
 * list_hash.c - a hash of all items of a list.
 */
#include "list/list.h"

/* A bijection of each argument: a change of one word always changes the digest. */
static uint64_t mix(uint64_t digest, uint64_t word) {
  digest = (digest ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 over the golden ratio */
  return digest ^ digest >> 32;
}

/* Hashes the slots, formats and codes, which are contiguous. A partial word may remain. */
static uint64_t mix_all(const shareable__layout *layout) {
  size_t words = layout->data_size / 8 + layout->count + layout->count / 8;
  uint64_t digest = 0;

  for (size_t k = 0; k < words; k++)
    digest = mix(digest, shareable__load(layout->data + 8 * k));
  for (size_t i = layout->count / 8 * 8; i < layout->count; i++)
    digest = mix(digest, __atomic_load_n(&layout->codes[i], __ATOMIC_RELAXED));
  return digest;
}

shareable_status shareable_list_digest(const shareable_list *list, uint64_t *digest) {
  shareable_status status = shareable__list_check(list);
  uint64_t mixed;

  if (status != SHAREABLE_OK)
    return status;
  if (digest == NULL)
    return SHAREABLE_E_ARGUMENT;
  status = shareable__list_check_whole(list);
  if (status != SHAREABLE_OK)
    return status;
  mixed = mix_all(&list->layout);
  *digest = mixed == 0 ? 1 : mixed;
  return SHAREABLE_OK;
}
