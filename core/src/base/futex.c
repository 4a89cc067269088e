/*
 * futex.c - sleeping until a word of shared memory changes, and waking the sleepers.
 */
#include "base/futex.h"

#include <time.h>

#include "base/platform.h"

bool shareable__futex_no_waitv;

#if SHAREABLE__LINUX
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The call that takes this program's time_t. A 32-bit machine has a second call, for 64 bits. */
#if defined(SYS_futex_time64)
#define FUTEX (sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex)
#else
#define FUTEX SYS_futex
#endif

void shareable__futex_sleep(const uint32_t *word, uint32_t seen, int64_t duration) {
  struct timespec time = {.tv_sec = (time_t)(duration / 1000000000), .tv_nsec = (long)(duration % 1000000000)};

  syscall(FUTEX, word, FUTEX_WAIT, seen, &time, NULL, 0);
}

int32_t shareable__futex_wake(uint32_t *word, int32_t count) {
  return (int32_t)syscall(FUTEX, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

/* Kernel headers before 5.16 do not have these. */
#if !defined(SYS_futex_waitv) && defined(__alpha__)
#define SYS_futex_waitv 559
#elif !defined(SYS_futex_waitv)
#define SYS_futex_waitv 449
#endif
#define WORD_OF_32_BITS 2u

_Static_assert(sizeof(shareable__futex_word) == 24, "struct futex_waitv");

shareable__futex_word shareable__futex_word_of(const uint32_t *word, uint32_t seen) {
  return (shareable__futex_word){.seen = seen, .address = (uintptr_t)word, .flags = WORD_OF_32_BITS};
}

bool shareable__futex_sleep_on_any(const shareable__futex_word *words, unsigned count) {
  if (__atomic_load_n(&shareable__futex_no_waitv, __ATOMIC_RELAXED))
    return false;
  return syscall(SYS_futex_waitv, words, count, 0, NULL, 0) >= 0 || errno == EAGAIN || errno == EINTR;
}
#else
#include "base/clock.h"

#define SLEEP_MIN_NS INT64_C(50000)
#define SLEEP_MAX_NS INT64_C(1000000)

/* Checks the word repeatedly, at increasing intervals. */
void shareable__futex_sleep(const uint32_t *word, uint32_t seen, int64_t duration) {
  int64_t deadline = shareable__deadline(duration), interval = SLEEP_MIN_NS, left;

  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == seen && (left = deadline - shareable__now()) > 0) {
    struct timespec time = {.tv_nsec = (long)(interval < left ? interval : left)};

    if (nanosleep(&time, NULL) != 0)
      return;
    interval = 2 * interval < SLEEP_MAX_NS ? 2 * interval : SLEEP_MAX_NS;
  }
}

int32_t shareable__futex_wake(uint32_t *word, int32_t count) {
  (void)word;
  (void)count;
  return 1;
}

shareable__futex_word shareable__futex_word_of(const uint32_t *word, uint32_t seen) {
  return (shareable__futex_word){.seen = seen, .address = (uintptr_t)word};
}

bool shareable__futex_sleep_on_any(const shareable__futex_word *words, unsigned count) {
  (void)words;
  (void)count;
  return false;
}
#endif
