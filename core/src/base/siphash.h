/*
 * siphash.h - SipHash-1-3, the hash function of the dicts of CPython (since 3.11) and of Rust.
 *
 * J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012. Programs that do not
 * know the 128-bit seed cannot find texts with equal hashes. One round a word and three at the end
 * are sufficient for a hash table.
 */
#ifndef SHAREABLE__SIPHASH_H
#define SHAREABLE__SIPHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/atomic.h"
#include "base/inline.h"

typedef struct shareable__siphash {
  uint64_t a, b, c, d;
} shareable__siphash;

static inline uint64_t shareable__rotate(uint64_t word, unsigned bits) {
  return word << bits | word >> (64 - bits);
}

static inline void shareable__siphash_round(shareable__siphash *state) {
  state->a += state->b;
  state->c += state->d;
  state->b = shareable__rotate(state->b, 13) ^ state->a;
  state->d = shareable__rotate(state->d, 16) ^ state->c;
  state->a = shareable__rotate(state->a, 32) + state->d;
  state->c += state->b;
  state->d = shareable__rotate(state->d, 21) ^ state->a;
  state->b = shareable__rotate(state->b, 17) ^ state->c;
  state->c = shareable__rotate(state->c, 32);
}

static inline void shareable__siphash_word(shareable__siphash *state, uint64_t word) {
  state->d ^= word;
  shareable__siphash_round(state);
  state->a ^= word;
}

/* Returns a word in memory as a little-endian number. */
static inline uint64_t shareable__siphash_number(uint64_t word) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return __builtin_bswap64(word);
#else
  return word;
#endif
}

/* Returns the hash of a text. */
SHAREABLE__INLINE uint64_t shareable__siphash13(const uint64_t seed[2], const void *text, size_t length) {
  const unsigned char *bytes = text;
  const uint64_t total = length;
  shareable__siphash state = {seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
                              seed[0] ^ UINT64_C(0x6c7967656e657261), seed[1] ^ UINT64_C(0x7465646279746573)};
  uint64_t word;

  for (; length >= sizeof word; length -= sizeof word, bytes += sizeof word) {
    memcpy(&word, bytes, sizeof word);
    shareable__siphash_word(&state, shareable__siphash_number(word));
  }
  word = shareable__siphash_number(shareable__partial_word(bytes, length));
  shareable__siphash_word(&state, word | total << 56);
  state.c ^= 0xff;
  shareable__siphash_round(&state);
  shareable__siphash_round(&state);
  shareable__siphash_round(&state);
  return state.a ^ state.b ^ state.c ^ state.d;
}

#endif
