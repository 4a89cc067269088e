/*
 * futex.c - sleeping until a word of shared memory changes, and waking who sleeps.
 */
#include "futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The call whose seconds have the width of this program's: on a machine of 32 bits there are two. */
#if defined(SYS_futex_time64)
#define FUTEX (sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex)
#else
#define FUTEX SYS_futex
#endif

void shareable__futex_sleep(const uint32_t *word, uint32_t seen, int64_t duration) {
  struct timespec time = {.tv_sec = (time_t)(duration / 1000000000), .tv_nsec = (long)(duration % 1000000000)};

  syscall(FUTEX, word, FUTEX_WAIT, seen, &time, NULL, 0);
}

void shareable__futex_wake(uint32_t *word, int32_t count) {
  syscall(FUTEX, word, FUTEX_WAKE, count, NULL, NULL, 0);
}
