/*
 * atomic.h - loads and stores of the words that processes share: each in one piece, each word read once.
 *
 * A store is a release and a load an acquire: what a writer did before it is seen by whoever reads the word.
 */
#ifndef SHAREABLE__ATOMIC_H
#define SHAREABLE__ATOMIC_H

#include <stdint.h>
#include <string.h>

/* Where 8 bytes are aligned to 4 by themselves, as on i386, a compiler might take a lock of the process's for them. */
typedef uint64_t __attribute__((may_alias, aligned(8))) shareable__word;
_Static_assert(__atomic_always_lock_free(8, 0), "a processor that loads and stores 8 bytes in one piece: not i486");

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
