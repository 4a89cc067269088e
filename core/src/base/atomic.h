/*
 * atomic.h - atomic loads and stores of the words that processes share.
 *
 * A store has release order and a load has acquire order: a process that reads the word sees what
 * the writer did before.
 */
#ifndef SHAREABLE__ATOMIC_H
#define SHAREABLE__ATOMIC_H

#include <stdint.h>
#include <string.h>

/* If 8 bytes are aligned to 4, as on i386, a compiler might use a process-private lock for them. */
typedef uint64_t __attribute__((may_alias, aligned(8))) shareable__word;
_Static_assert(__atomic_always_lock_free(8, 0), "needs atomic loads and stores of 8 bytes, which i486 does not have");

static inline uint64_t shareable__load(const void *word) {
  return __atomic_load_n((const shareable__word *)word, __ATOMIC_ACQUIRE);
}

static inline void shareable__store(void *word, uint64_t bits) {
  __atomic_store_n((shareable__word *)word, bits, __ATOMIC_RELEASE);
}

/* Returns a word whose first bytes are the `count` bytes of the data, 0 to 7; the others are 0. */
static inline uint64_t shareable__partial_word(const void *data, size_t count) {
  uint64_t word = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  const unsigned char *bytes = data;
  uint32_t first, last;

  if (count >= 4) { /* two words that overlap */
    memcpy(&first, bytes, sizeof first);
    memcpy(&last, bytes + count - sizeof last, sizeof last);
    return first | (uint64_t)last << 8 * (count - sizeof last);
  }
  for (size_t i = 0; i < count; i++)
    word |= (uint64_t)bytes[i] << 8 * i;
#else
  if (count > 0)
    memcpy(&word, data, count);
#endif
  return word;
}

static inline double shareable__real_of(uint64_t bits) {
  double real;
  memcpy(&real, &bits, sizeof real);
  return real;
}

static inline uint64_t shareable__bits_of(double real) {
  uint64_t bits;
  memcpy(&bits, &real, sizeof bits);
  return bits;
}

#endif
