/*
 * clock.h - the monotonic clock and sleep.
 */
#ifndef SHAREABLE__CLOCK_H
#define SHAREABLE__CLOCK_H

#include <stdint.h>

/* Returns the nanoseconds since an unspecified point in the past (CLOCK_MONOTONIC). */
int64_t shareable__now(void);

/* Returns the nanoseconds that a processor has run the calling thread (CLOCK_THREAD_CPUTIME_ID). */
int64_t shareable__thread_time(void);

/*
 * Returns the nanoseconds since the start of the machine, which is the same for all processes, and
 * includes the time in which the machine was suspended (CLOCK_BOOTTIME).
 */
int64_t shareable__boot_time(void);

/*
 * Returns the time in `timeout` nanoseconds; INT64_MAX, which is never reached, if timeout is
 * negative or too large.
 */
int64_t shareable__deadline(int64_t timeout);

/* Sleeps for `duration` nanoseconds, even if signals arrive. It is not a cancellation point. */
void shareable__sleep(int64_t duration);

#endif
