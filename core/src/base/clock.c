/*
 * clock.c - the monotonic clock and sleep.
 */
#include "base/clock.h"

#include <pthread.h>
#include <time.h>

static int64_t read_clock(clockid_t clock) {
  struct timespec time;

  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t shareable__now(void) {
  return read_clock(CLOCK_MONOTONIC);
}

int64_t shareable__thread_time(void) {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

int64_t shareable__boot_time(void) {
  return read_clock(CLOCK_BOOTTIME);
}

int64_t shareable__deadline(int64_t timeout) {
  int64_t start = timeout < 0 ? INT64_MAX : shareable__now();

  return timeout < 0 || timeout > INT64_MAX - start ? INT64_MAX : start + timeout;
}

void shareable__sleep(int64_t duration) {
  int64_t end = shareable__deadline(duration), left = duration;
  int state;

  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  for (; left > 0; left = end - shareable__now()) {
    struct timespec time = {.tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000)};

    if (nanosleep(&time, NULL) == 0)
      break;
  }
  pthread_setcancelstate(state, NULL);
}
