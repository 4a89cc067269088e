/*
 * hash.c - hashes of the bytes of an item and of a whole list.
 */
#include "format/hash.h"

/* A bijection of each argument: a change of one word always changes the hash. */
static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 over the golden ratio */
  return hash ^ hash >> 32;
}

static uint64_t nonzero(uint64_t hash) {
  return hash == 0 ? 1 : hash;
}

/* Hashes the slots, formats and codes, which are contiguous. A partial word may remain. */
uint64_t shareable__hash_layout(const shareable__layout *layout) {
  size_t words = layout->data_size / 8 + layout->count + layout->count / 8;
  uint64_t hash = 0;

  for (size_t k = 0; k < words; k++)
    hash = mix(hash, shareable__load(layout->data + 8 * k));
  for (size_t i = layout->count / 8 * 8; i < layout->count; i++)
    hash = mix(hash, __atomic_load_n(&layout->codes[i], __ATOMIC_RELAXED));
  return nonzero(hash);
}

uint64_t shareable__hash_slot(const shareable__slot *slot) {
  uint64_t hash = mix(shareable__load(slot->format), __atomic_load_n(slot->code, __ATOMIC_RELAXED));

  for (size_t k = 0; k < slot->size / 8; k++)
    hash = mix(hash, shareable__load(slot->data + 8 * k));
  return nonzero(hash);
}
