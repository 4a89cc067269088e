/*
 * exchange.h - handing over to a partner and back: who answers, where both of them run, and how long each exchange takes.
 */
#ifndef BENCH_EXCHANGE_H
#define BENCH_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Both on one processor; otherwise each has its own. */
bool exchange_is_together(const char *where);

/*
 * Starts a partner that does nothing but answer. "apart": each has a processor; "together": both have one; "asleep": apart, and a
 * pause before each exchange, so that the partner sleeps.
 */
void exchange_begin(const char *where, void (*answer)(void));

/* One after the other, each of them timed. */
void exchange_take(int64_t times, void (*once)(void));

void exchange_end(void);

#ifdef __cplusplus
}
#endif

#endif
