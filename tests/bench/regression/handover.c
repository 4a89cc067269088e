/*
 * handover.c - a hand-over to another process and back: by a store and a wait, and by a word and
 * futex(2).
 *
 * Both spin for a short time, then sleep. If each process has its own processor, spinning is
 * enough. On a shared processor, every hand-over must yield it. The word uses the spin time that is
 * best for it in each case.
 */
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>

#include "../futex_word.h"
#include "../partner.h"
#include "measure.h"
#include "shareable.h"

#define SHORT_NS 2000
#define LONG_NS 10000

/* The items for the two directions, in different cache lines. */
enum { THERE = 0, BACK = 64, COUNT = 65 };

static shareable_list *list;
static ball *balls; /* one for each direction */
static int64_t *spin;

static void answer_bare(void) {
  uint32_t value = 0;

  for (;;) {
    value = ball_await(&balls[0], value, *spin);
    ball_hand(&balls[1], value);
  }
}

static void play_bare(int times) {
  static uint32_t value;

  for (int i = 0; i < times; i++) {
    ball_hand(&balls[0], value + 1);
    value = ball_await(&balls[1], value, *spin);
  }
}

static int64_t await_shared(shareable_list *handle, int64_t index, int64_t before) {
  const shareable_value value = shareable_int(before);
  int64_t integer;

  must(shareable_list_wait(handle, index, &value, -1));
  must(shareable_list_get_int(handle, index, &integer));
  return integer;
}

static void answer_shared(void) {
  shareable_list *own;
  int64_t value = 0;

  must(shareable_list_open(&own, shareable_memory_name(shareable_list_memory(list)), 0, NULL));
  for (;;) {
    value = await_shared(own, THERE, value);
    must(shareable_list_set_int(own, BACK, value));
  }
}

static void play_shared(int times) {
  static int64_t value;

  for (int i = 0; i < times; i++) {
    must(shareable_list_set_int(list, THERE, value + 1));
    value = await_shared(list, BACK, value);
  }
}

/* Returns another processor that this process may use, or -1. */
static int another(int processor) {
  cpu_set_t set;

  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  for (int i = 0; i < CPU_SETSIZE; i++)
    if (i != processor && CPU_ISSET(i, &set))
      return i;
  return -1;
}

int main(void) {
  shareable_value values[COUNT];
  pid_t bare, shared;
  int over = 0, here, there;

  for (int i = 0; i < COUNT; i++)
    values[i] = shareable_int(0);
  must(shareable_list_create(&list, NULL, values, COUNT, 0, 0, NULL));
  balls = mmap(NULL, 2 * sizeof *balls, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  must(balls == MAP_FAILED);
  spin = (int64_t *)(void *)balls[0].fill;
  *spin = SHORT_NS;
  bare = partner_start(answer_bare);
  shared = partner_start(answer_shared);

  must(bare < 0 || shared < 0);

  print_head();
  over = compare("hand over and back", play_shared, "bare word, then futex", play_bare, 5000, 1.3);
  here = sched_getcpu();
  there = another(here);
  partner_place(0, here);
  if (there >= 0) {
    *spin = LONG_NS;
    partner_place(bare, there);
    partner_place(shared, there);
    over |= compare("the same, on two processors", play_shared, "bare word, then futex", play_bare, 5000, 1.3);
  }
  *spin = SHORT_NS;
  partner_place(bare, here);
  partner_place(shared, here);
  over |= compare("the same, on one processor", play_shared, "bare word, then futex", play_bare, 2000, 1.3);

  partner_end(bare);
  partner_end(shared);
  must(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
  return over;
}
