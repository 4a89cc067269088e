/*
 * backoff.c - waiting for somebody who holds something, and having waited.
 */
#include "sync/backoff.h"

#include <sched.h>

#include "base/clock.h"

/*
 * How long one writer may hold an item before it is an error, how long all that come between may, and how often to ask whether
 * he lives. A fuzzer makes up a great many who do not.
 */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define LIMIT_NS INT64_C(1000000)
#define OWNER_CHECK_NS INT64_C(1000)
#else
#define LIMIT_NS INT64_C(1000000000)
#define OWNER_CHECK_NS INT64_C(1000000)
#endif
#define LIMIT_OF_ALL_NS (10 * LIMIT_NS)

/* How many turns on the processor; how many until then, that give it away; and how long each one after them sleeps. */
#define SPINNING_TURNS 100
#define YIELDING_TURNS (SPINNING_TURNS + 64)
#define NAP_NS INT64_C(50000)

/*
 * Waits a moment; returns whether it is time to look at the clock. A process with a real-time priority gets its processor back
 * at once when it yields it to one without, so after some turns it sleeps.
 */
static bool pause_a_turn(unsigned turns) {
  if (turns < YIELDING_TURNS) {
    sched_yield();
    return turns % 16 == 0;
  }
  shareable__sleep(NAP_NS);
  return true;
}

shareable__backoff_action shareable__backoff_wait(shareable__backoff *spent, uint64_t seen) {
  int64_t time;
  bool is_over;

  if (spent->turns++ < SPINNING_TURNS || !pause_a_turn(spent->turns))
    return SHAREABLE__RETRY;
  time = shareable__now();
  if (spent->first == 0)
    spent->first = time;
  if (spent->start == 0 || spent->seen != seen)
    spent->start = spent->asked = time;
  spent->seen = seen;
  is_over = time - spent->start > LIMIT_NS || time - spent->first > LIMIT_OF_ALL_NS;
  if (is_over && spent->is_over)
    return SHAREABLE__TIMED_OUT;
  if (!is_over && time - spent->asked < OWNER_CHECK_NS)
    return SHAREABLE__RETRY;
  spent->is_over = is_over; /* asked once more: the one who waits may have been stopped himself for that long */
  spent->asked = time;
  return SHAREABLE__CHECK_OWNER;
}
