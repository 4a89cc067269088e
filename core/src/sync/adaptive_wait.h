/*
 * adaptive_wait.h - how long a wait spins and yields before it sleeps, and how long it sleeps at
 * first, adapted to the earlier waits of this process.
 *
 * Spinning helps if the process that makes the change runs on another processor. Yielding helps if
 * that process waits for this processor. If other processes keep this processor busy, a waiter that
 * yields gets it back too late; then the following waits do not yield. A waiter does not know which
 * case it is in, so it tries both, and less after they did not help. Threads may overwrite each
 * other's counters, which does no harm.
 *
 * A short sleep notices soon if the writer wakes no waiters. But a timer that expires before the
 * processor's next tick must be programmed in hardware at the start and at the end of the sleep. On a
 * virtual machine, that takes longer than the sleep and the wake-up. So the first sleep is long if
 * writers woke this process in its last waits.
 */
#ifndef SHAREABLE__ADAPTIVE_WAIT_H
#define SHAREABLE__ADAPTIVE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/* The time for which a wait yields, in nanoseconds. */
#define SHAREABLE__ADAPTIVE_YIELD_NS INT64_C(10000)

/* Returns the number of checks that a wait makes before it yields. */
unsigned shareable__adaptive_spin_limit(void);

/* Records whether one of those checks ended the wait. */
void shareable__adaptive_spin_done(bool helped);

/* Returns whether a wait may yield after it has spun. */
bool shareable__adaptive_may_yield(void);

/* Records the duration of the last yield, in nanoseconds. */
void shareable__adaptive_yield_done(int64_t duration);

/* Returns the duration of the first sleep of a wait, in nanoseconds. */
int64_t shareable__adaptive_first_sleep(void);

/* Records whether a writer woke this process for the change that ended the last sleep. */
void shareable__adaptive_sleep_done(bool was_woken);

#endif
