/*
 * exchange.h - hand-overs to a partner and back: starts the partner, places both processes, and
 * measures each exchange.
 */
#ifndef BENCH_EXCHANGE_H
#define BENCH_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether both run on one processor; otherwise each has its own. */
bool exchange_is_together(const char *where);

/*
 * Starts a partner that only answers. "apart": each has a processor; "together": both share one;
 * "asleep": apart, with a pause before each exchange, so that the partner sleeps.
 */
void exchange_begin(const char *where, void (*answer)(void));

/* Runs the exchanges one after another, and records the time of each. */
void exchange_take(int64_t times, void (*once)(void));

void exchange_end(void);

#ifdef __cplusplus
}
#endif

#endif
