/*
 * backoff.c - tests of core/src/sync/backoff.c.
 */
#include "sync/backoff.h"
#include "base/clock.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "support.h"

/* How many times this process has given its processor away to sleep. */
static long sleeps(void) {
  struct rusage usage;

  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nvcsw;
}

/* A process with a real-time priority gets its processor back at once from sched_yield(2). */
Test(patience, sleeps_before_it_asks_whether_the_holder_lives) {
  shareable__backoff spent = {0};
  long before = sleeps();

  while (shareable__backoff_wait(&spent, 1) != SHAREABLE__CHECK_OWNER)
    ;
  cr_assert_gt(sleeps(), before);
}

static volatile int signals;

static void count(int number) {
  (void)number;
  signals++;
}

Test(patience, a_signal_does_not_end_a_sleep) {
  const struct itimerval often = {.it_interval.tv_usec = 2000, .it_value.tv_usec = 2000}, never = {0};
  int64_t start = shareable__now();

  signal(SIGALRM, count);
  setitimer(ITIMER_REAL, &often, NULL);
  shareable__sleep(INT64_C(30000000));
  setitimer(ITIMER_REAL, &never, NULL);
  cr_assert_geq(shareable__now() - start, INT64_C(30000000));
  cr_assert_gt(signals, 1);
}
