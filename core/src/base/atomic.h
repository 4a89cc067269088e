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
