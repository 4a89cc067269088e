/*
 * backoff.c - waiting for another writer: spin, yield, sleep, and check at intervals whether that
 * writer is alive.
 */
#include "sync/backoff.h"

#include <sched.h>

#include "base/clock.h"

/*
 * The time for which one writer may hold an item, the time for which a sequence of writers may hold
 * it, and the interval between two checks of the owner. The fuzzer uses short times, because it
 * makes up many writers that do not exist.
 */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define HOLD_TIMEOUT_NS INT64_C(1000000)
#define OWNER_CHECK_NS INT64_C(1000)
#else
#define HOLD_TIMEOUT_NS INT64_C(1000000000)
#define OWNER_CHECK_NS INT64_C(1000000)
#endif
#define TOTAL_TIMEOUT_NS (10 * HOLD_TIMEOUT_NS)

/* Calls below SPIN_LIMIT return at once, calls below YIELD_LIMIT yield, and later calls sleep. */
#define SPIN_LIMIT 100
#define YIELD_LIMIT (SPIN_LIMIT + 64)
#define SLEEP_NS INT64_C(50000)

/*
 * Yields or sleeps; returns whether it is time to read the clock. A real-time process that yields
 * gets its processor back at once if the other process has no real-time priority. So it must sleep
 * after some yields.
 */
static bool pause_briefly(unsigned spins) {
  if (spins < YIELD_LIMIT) {
    sched_yield();
    return spins % 16 == 0;
  }
  shareable__sleep(SLEEP_NS);
  return true;
}

shareable__backoff_action shareable__backoff_wait(shareable__backoff *backoff, uint64_t observed) {
  int64_t now;
  bool expired;

  if (backoff->spins++ < SPIN_LIMIT || !pause_briefly(backoff->spins))
    return SHAREABLE__RETRY;
  now = shareable__now();
  if (backoff->first_ns == 0)
    backoff->first_ns = now;
  if (backoff->start_ns == 0 || backoff->observed != observed)
    backoff->start_ns = backoff->checked_ns = now;
  backoff->observed = observed;
  expired = now - backoff->start_ns > HOLD_TIMEOUT_NS || now - backoff->first_ns > TOTAL_TIMEOUT_NS ||
            (backoff->is_limited && now - backoff->first_ns >= backoff->limit_ns);
  if (expired && backoff->expired)
    return SHAREABLE__TIMED_OUT;
  if (!expired && now - backoff->checked_ns < OWNER_CHECK_NS)
    return SHAREABLE__RETRY;
  backoff->expired = expired; /* one more check: the caller itself may have been stopped during the timeout */
  backoff->checked_ns = now;
  return SHAREABLE__CHECK_OWNER;
}
