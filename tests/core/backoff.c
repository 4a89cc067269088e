/*
 * backoff.c - tests of core/src/sync/backoff.c and core/src/base/clock.c.
 */
#include "sync/backoff.h"
#include "base/clock.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "support.h"

/* Returns the number of times that this process has slept. */
static long sleeps(void) {
  struct rusage usage;

  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nvcsw;
}

/*
 * Yielding is not enough: a real-time process gets its processor back at once from sched_yield(2).
 */
Test(backoff, sleeps_after_some_yields) {
  shareable__backoff backoff = {0};
  long before = sleeps();

  for (int i = 0; i < 200; i++)
    shareable__backoff_wait(&backoff, 1);
  cr_assert_gt(sleeps(), before);
}

static volatile int signals;

static void count(int number) {
  (void)number;
  signals++;
}

Test(backoff, a_signal_does_not_end_a_sleep) {
  const struct itimerval often = {.it_interval.tv_usec = 2000, .it_value.tv_usec = 2000}, never = {0};
  int64_t start = shareable__now();

  signal(SIGALRM, count);
  setitimer(ITIMER_REAL, &often, NULL);
  shareable__sleep(INT64_C(30000000));
  setitimer(ITIMER_REAL, &never, NULL);
  cr_assert_geq(shareable__now() - start, INT64_C(30000000));
  cr_assert_gt(signals, 1);
}
