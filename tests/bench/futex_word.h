/*
 * futex_word.h - a word that two processes hand to each other by futex(2): the lower limit of a
 * hand-over.
 */
#ifndef BENCH_BALL_H
#define BENCH_BALL_H

#include <stdint.h>

/* In shared memory. Each direction has one, in a cache line of its own. */
typedef struct ball {
  uint32_t value;
  uint32_t sleeping;
  char fill[120];
} ball;

void ball_hand(ball *word, uint32_t value);

/*
 * Spins for `spin` nanoseconds, then sleeps in futex(2), until the value differs from `before`.
 * Returns the value.
 */
uint32_t ball_await(ball *word, uint32_t before, int64_t spin);

#endif
