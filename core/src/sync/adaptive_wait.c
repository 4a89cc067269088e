/*
 * adaptive_wait.c - how long a wait stays awake before it sleeps.
 */
#include "sync/adaptive_wait.h"

/* How often to look: what takes next to no time; and, where that is worth trying, as long as a sleep and a wake-up. */
#define FEW_TURNS 10
#define MANY_TURNS 300
/* Many are tried for so many waits after they helped, and every so many. */
#define HOPEFUL_WAITS 8
#define WAITS_A_TRIAL 32

/* Others that have the processor for this long are not the one who is waited for. */
#define CROWDED_NS INT64_C(50000)
/* How many waits then do not give it away: the first time, and at most; and how many good ones make that forgotten. */
#define SHY_WAITS 256u
#define MOST_SHY_WAITS (1u << 20)
#define GOOD_WAITS 1000u

static unsigned waits, hope;
static unsigned shy_left, shy_length, good_waits;

static unsigned load(const unsigned *number) {
  return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static void store(unsigned *number, unsigned value) {
  __atomic_store_n(number, value, __ATOMIC_RELAXED);
}

unsigned shareable__adaptive_spin_limit(void) {
  bool is_trial = __atomic_add_fetch(&waits, 1, __ATOMIC_RELAXED) % WAITS_A_TRIAL == 0;

  return is_trial || load(&hope) > 0 ? MANY_TURNS : FEW_TURNS;
}

void shareable__adaptive_spin_done(bool helped) {
  unsigned left = load(&hope);

  store(&hope, helped ? HOPEFUL_WAITS : left > 0 ? left - 1 : 0);
}

bool shareable__adaptive_may_yield(void) {
  unsigned left = load(&shy_left);

  if (left > 0)
    store(&shy_left, left - 1);
  return left == 0;
}

/* Four times as many as the last time. */
static unsigned next_length(void) {
  unsigned length = 4 * load(&shy_length);

  return length < SHY_WAITS ? SHY_WAITS : length > MOST_SHY_WAITS ? MOST_SHY_WAITS : length;
}

void shareable__adaptive_yield_done(int64_t duration) {
  if (duration > CROWDED_NS) {
    store(&shy_length, next_length());
    store(&shy_left, load(&shy_length));
    store(&good_waits, 0);
  } else if (__atomic_add_fetch(&good_waits, 1, __ATOMIC_RELAXED) % GOOD_WAITS == 0) {
    store(&shy_length, 0);
  }
}
