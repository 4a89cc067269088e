/*
 * adaptive_wait.c - how long a wait spins and yields before it sleeps.
 */
#include "sync/adaptive_wait.h"

/* The minimum costs almost nothing; the maximum takes as long as a sleep and a wake-up. */
#define SPIN_MIN 10
#define SPIN_MAX 300
/*
 * After a wait that spinning has ended, this number of waits spin up to SPIN_MAX. Otherwise one
 * wait in PROBE_INTERVAL does.
 */
#define SPIN_CREDIT 8
#define PROBE_INTERVAL 32

/* After a longer yield, processes other than the writer have used the processor. */
#define CONTENDED_NS INT64_C(50000)
/* The number of waits that do not yield after such a yield: the first time, and at most. */
#define YIELD_PENALTY_MIN 256u
#define YIELD_PENALTY_MAX (1u << 20)
/* This number of short yields resets the penalty to its minimum. */
#define PENALTY_RESET 1000u

static unsigned waits, spin_credit;
static unsigned waits_without_yield, yield_penalty, short_yields;

static unsigned load(const unsigned *number) {
  return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static void store(unsigned *number, unsigned value) {
  __atomic_store_n(number, value, __ATOMIC_RELAXED);
}

unsigned shareable__adaptive_spin_limit(void) {
  bool is_probe = __atomic_add_fetch(&waits, 1, __ATOMIC_RELAXED) % PROBE_INTERVAL == 0;

  return is_probe || load(&spin_credit) > 0 ? SPIN_MAX : SPIN_MIN;
}

void shareable__adaptive_spin_done(bool helped) {
  unsigned credit = load(&spin_credit);

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
