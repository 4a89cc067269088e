/*
 * clock.h - the monotonic clock, and sleeping by it.
 */
#ifndef SHAREABLE__CLOCK_H
#define SHAREABLE__CLOCK_H

#include <stdint.h>

/* Returns the nanoseconds since an unspecified point in the past (CLOCK_MONOTONIC). */
int64_t shareable__now(void);

/* Returns the time that is `timeout` nanoseconds from now; INT64_MAX, which never comes, if timeout is negative or too large. */
int64_t shareable__deadline(int64_t timeout);

/* Sleeps for `duration` nanoseconds, also if signals arrive. It is not a cancellation point. */
void shareable__sleep(int64_t duration);

#endif
