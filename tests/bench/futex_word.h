/*
 * futex_word.h - a word of shared memory with which one process wakes another by futex(2). It is
 * the lower limit of a hand-over.
 */
#ifndef BENCH_FUTEX_WORD_H
#define BENCH_FUTEX_WORD_H

#include <stdint.h>

/* In shared memory. Each direction has a word, in a cache line of its own. */
typedef struct futex_word {
  uint32_t value;
  uint32_t sleeping; /* 1 if a process sleeps until the value changes */
  char fill[120];
} futex_word;

/* Stores the value, and wakes the process that sleeps. */
void futex_word_store(futex_word *word, uint32_t value);

/*
 * Spins for `spin` nanoseconds, then sleeps in futex(2), until the value differs from `before`.
 * Returns the value.
 */
uint32_t futex_word_wait(futex_word *word, uint32_t before, int64_t spin);

/*
 * Runs in the partner: sends each value of the first word back in the second one. Reads the spin
 * time before each wait. Does not return.
 */
void futex_word_echo(futex_word words[2], const int64_t *spin);

#endif
