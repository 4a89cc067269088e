/*
 * futex.h - sleeping until a word of shared memory changes, and waking the sleepers (futex(2)).
 */
#ifndef SHAREABLE__FUTEX_H
#define SHAREABLE__FUTEX_H

#include <stdint.h>

#define SHAREABLE__FUTEX_WAKE_ALL INT32_MAX

/*
 * Sleeps for at most `duration` nanoseconds if the word is still `seen`. A signal ends the sleep
 * too.
 */
void shareable__futex_sleep(const uint32_t *word, uint32_t seen, int64_t duration);

/*
 * Wakes at most `count` waiters of the word, in all processes. Returns their number, or 1 if it is
 * unknown.
 */
int32_t shareable__futex_wake(uint32_t *word, int32_t count);

#endif
