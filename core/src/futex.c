/*
 * futex.c - sleeping until a word of shared memory changes, and waking who sleeps.
 */
#include "futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void shareable__futex_sleep(const uint32_t *word, uint32_t seen, int64_t duration) {
  struct timespec time = {duration / 1000000000, duration % 1000000000};

  syscall(SYS_futex, word, FUTEX_WAIT, seen, &time, NULL, 0);
}

void shareable__futex_wake(uint32_t *word, int32_t count) {
  syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}
