/*
 * adaptive_wait.c - tests of core/src/sync/adaptive_wait.c. Each test runs in a process of its own,
 * so the counters are at their start.
 */
#include "sync/adaptive_wait.h"

#include "support.h"

enum { SHORT_SPIN = 10, FIRST_INTERVAL = 32, LAST_INTERVAL = 1024 };

/* Makes one wait that spinning does not end. Returns whether it spun for a long time. */
static bool spins_long(void) {
  unsigned limit = shareable__adaptive_spin_limit();

  shareable__adaptive_spin_done(false);
  return limit > SHORT_SPIN;
}

/* Returns the number of waits that spin for a long time. */
static int count_long_spins(int waits) {
  int count = 0;

  for (int i = 0; i < waits; i++)
    count += spins_long();
  return count;
}

Test(adaptive_wait, spins_less_often_while_spinning_does_not_help) {
  cr_expect_eq(count_long_spins(FIRST_INTERVAL + 1), 1);
  cr_expect_eq(shareable__adaptive_spin_limit(), SHORT_SPIN);
  count_long_spins(2 * LAST_INTERVAL);
  cr_expect_eq(shareable__adaptive_spin_limit(), 1);
  cr_expect(count_long_spins(10 * LAST_INTERVAL) <= 10);
}

Test(adaptive_wait, spins_again_when_it_helps) {
  count_long_spins(10 * LAST_INTERVAL);
  shareable__adaptive_spin_limit();
  shareable__adaptive_spin_done(true);
  cr_expect(spins_long());
  cr_expect(count_long_spins(3 * FIRST_INTERVAL) >= 8);
}

Test(adaptive_wait, yields_until_other_processes_use_the_processor) {
  shareable__adaptive_yield_done(3000);
  cr_expect(shareable__adaptive_may_yield());
  shareable__adaptive_yield_done(100000); /* the writer has spun, yielded and slept */
  cr_expect(shareable__adaptive_may_yield());
  shareable__adaptive_yield_done(3000000);
  cr_expect_not(shareable__adaptive_may_yield());
}

/* A tick of 100 Hz takes 10 milliseconds. */
Test(adaptive_wait, sleeps_longer_than_a_tick_if_writers_wake_it) {
  cr_expect_eq(shareable__adaptive_first_sleep(), 1000000);
  for (int i = 0; i < 8; i++)
    shareable__adaptive_sleep_done(true);
  cr_expect_gt(shareable__adaptive_first_sleep(), 10000000);
  shareable__adaptive_sleep_done(false);
  cr_expect_eq(shareable__adaptive_first_sleep(), 1000000);
}
