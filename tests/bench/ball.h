/*
 * ball.h - a bare word that two processes hand to each other: the least that a hand-over can be.
 */
#ifndef BENCH_BALL_H
#define BENCH_BALL_H

#include <stdint.h>

/* In memory that both have; one for each direction, far apart, so that neither is in the way of the other. */
typedef struct ball {
  uint32_t value;
  uint32_t sleeping;
  char fill[120];
} ball;

void ball_hand(ball *to, uint32_t value);

/* Looks for so many nanoseconds, then sleeps in futex(2), until the value is another one than before, which it returns. */
uint32_t ball_await(ball *from, uint32_t before, int64_t spin);

#endif
