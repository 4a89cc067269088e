/*
 * adaptive_wait.h - how long a wait stays awake before it sleeps: what this process has seen of it so far.
 *
 * To keep looking helps where the other one runs on a processor of its own. To give the processor away helps where the
 * other one waits for this very one; but where third ones are busy there, it comes back too late, and for a while less of
 * it does. Neither is known beforehand, so both are tried, and done less where they did not help. Threads may overwrite
 * each other's lessons, which does no harm.
 */
#ifndef SHAREABLE__ADAPTIVE_WAIT_H
#define SHAREABLE__ADAPTIVE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/* How long to give the processor away, in nanoseconds. */
#define SHAREABLE__ADAPTIVE_YIELD_NS INT64_C(10000)

/* How often a wait is to look before anything else; and whether that ended it. */
unsigned shareable__adaptive_spin_limit(void);
void shareable__adaptive_spin_done(bool helped);

/* Whether a wait is then to give the processor away; and how long it was away in the end, in nanoseconds. */
bool shareable__adaptive_may_yield(void);
void shareable__adaptive_yield_done(int64_t duration);

#endif
