/*
 * exchange.h - hand-overs to a partner and back: starts the partner, assigns the processors, and
 * measures each exchange.
 */
#ifndef BENCH_EXCHANGE_H
#define BENCH_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns true if both processes run on one processor, and false if each has its own. */
bool exchange_shares_processor(const char *placement);

/*
 * Starts a partner that calls answer(). The placement is "apart" (each process has a processor of
 * its own), "together" (both share one), or "asleep" (apart, with a pause before each exchange, so
 * that the partner sleeps).
 */
void exchange_begin(const char *placement, void (*answer)(void));

/* Runs `times` exchanges, and records the time of each. */
void exchange_run(int64_t times, void (*exchange)(void));

/* Kills the partner. */
void exchange_end(void);

#ifdef __cplusplus
}
#endif

#endif
