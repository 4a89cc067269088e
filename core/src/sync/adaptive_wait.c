/*
 * adaptive_wait.c - how long a wait spins and yields before it sleeps, and how long it sleeps at first.
 */
#include "sync/adaptive_wait.h"

/*
 * The number of checks of a wait before it yields: SPIN_NONE if spinning has not helped for a long
 * time, otherwise SPIN_MIN, and SPIN_MAX in a wait that tries whether spinning helps. SPIN_MAX checks
 * take as long as a sleep and a wake-up.
 */
#define SPIN_NONE 1
#define SPIN_MIN 10
#define SPIN_MAX 300
/*
 * After a wait that spinning has ended, this number of waits spin up to SPIN_MAX. Otherwise one wait
 * in an interval does. The interval doubles each time, up to the maximum, because on a shared
 * processor such a wait takes longer than several hand-overs, and the spinning never helps. When the
 * interval has reached the maximum, the other waits use SPIN_NONE.
 */
#define SPIN_CREDIT 8
#define PROBE_INTERVAL_MIN 32u
#define PROBE_INTERVAL_MAX 1024u

/*
 * After a longer yield, processes other than the writer have used the processor. The writer itself
 * may spin up to SPIN_MAX, and yield, before this process continues.
 */
#define CONTENDED_NS INT64_C(200000)
/* The number of waits that do not yield after such a yield: the first time, and at most. */
#define YIELD_PENALTY_MIN 256u
#define YIELD_PENALTY_MAX (1u << 20)
/* This number of short yields resets the penalty to its minimum. */
#define PENALTY_RESET 1000u

/*
 * The first sleep is long after this number of changes whose writers woke this process, and short
 * otherwise. The long one exceeds any tick.
 */
#define WAKE_UPS 8u
#define FIRST_SLEEP_LONG_NS INT64_C(20000000)
#define FIRST_SLEEP_SHORT_NS INT64_C(1000000)

static unsigned spin_credit;
static unsigned probe_interval = PROBE_INTERVAL_MIN, waits_before_probe = PROBE_INTERVAL_MIN;
static unsigned waits_without_yield, yield_penalty, short_yields;
static unsigned wake_ups; /* since a change whose writer did not wake this process; at most WAKE_UPS */

static unsigned load(const unsigned *number) {
  return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static void store(unsigned *number, unsigned value) {
  __atomic_store_n(number, value, __ATOMIC_RELAXED);
}

static void plan_probe(unsigned interval) {
  store(&probe_interval, interval);
  store(&waits_before_probe, interval);
}

unsigned shareable__adaptive_spin_limit(void) {
  unsigned left = load(&waits_before_probe), interval = load(&probe_interval);

  if (load(&spin_credit) > 0)
    return SPIN_MAX;
  if (left == 0) {
    plan_probe(2 * interval < PROBE_INTERVAL_MAX ? 2 * interval : PROBE_INTERVAL_MAX);
    return SPIN_MAX;
  }
  store(&waits_before_probe, left - 1);
  return interval < PROBE_INTERVAL_MAX ? SPIN_MIN : SPIN_NONE;
}

void shareable__adaptive_spin_done(bool helped) {
  unsigned credit = load(&spin_credit);

  if (helped)
    plan_probe(PROBE_INTERVAL_MIN);
  store(&spin_credit, helped ? SPIN_CREDIT : credit > 0 ? credit - 1 : 0);
}

bool shareable__adaptive_may_yield(void) {
  unsigned left = load(&waits_without_yield);

  if (left > 0)
    store(&waits_without_yield, left - 1);
  return left == 0;
}

/* Returns four times the last penalty. */
static unsigned next_penalty(void) {
  unsigned penalty = 4 * load(&yield_penalty);

  return penalty < YIELD_PENALTY_MIN ? YIELD_PENALTY_MIN : penalty > YIELD_PENALTY_MAX ? YIELD_PENALTY_MAX : penalty;
}

void shareable__adaptive_yield_done(int64_t duration) {
  if (duration > CONTENDED_NS) {
    store(&yield_penalty, next_penalty());
    store(&waits_without_yield, load(&yield_penalty));
    store(&short_yields, 0);
  } else if (__atomic_add_fetch(&short_yields, 1, __ATOMIC_RELAXED) % PENALTY_RESET == 0) {
    store(&yield_penalty, 0);
  }
}

int64_t shareable__adaptive_first_sleep(void) {
  return load(&wake_ups) < WAKE_UPS ? FIRST_SLEEP_SHORT_NS : FIRST_SLEEP_LONG_NS;
}

void shareable__adaptive_sleep_done(bool was_woken) {
  unsigned count = load(&wake_ups);

  if (!was_woken)
    store(&wake_ups, 0);
  else if (count < WAKE_UPS)
    store(&wake_ups, count + 1);
}
