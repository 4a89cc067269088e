/*
 * handover.c - compares a hand-over to another process and back by a list with one by futex(2).
 *
 * Both wait in the same way: they spin for a short time, then sleep. If each process has a
 * processor of its own, the spinning is enough. On a shared processor, each hand-over must yield
 * the processor. The futex word uses the spin time that is best for it in each case.
 */
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>

#include "../futex_word.h"
#include "../list_echo.h"
#include "../partner.h"
#include "measure.h"
#include "shareable.h"

#define SHORT_NS 2000
#define LONG_NS 10000

static shareable_list *list;
static futex_word *words; /* a word for each direction */
static int64_t *spin;

static void answer_bare(void) {
  futex_word_echo(words, spin);
}

static void exchange_bare(int times) {
  static uint32_t value;

  for (int i = 0; i < times; i++) {
    futex_word_store(&words[0], value + 1);
    value = futex_word_wait(&words[1], value, *spin);
  }
}

static void answer_shared(void) {
  list_echo_answer(shareable_memory_name(shareable_list_memory(list)));
}

static void exchange_shared(int times) {
  static int64_t value;

  for (int i = 0; i < times; i++)
    value = list_echo_exchange(list, value);
}

/* Returns another processor that this process may use, or -1. */
static int other_processor(int processor) {
  cpu_set_t set;

  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  for (int i = 0; i < CPU_SETSIZE; i++)
    if (i != processor && CPU_ISSET(i, &set))
      return i;
  return -1;
}

int main(void) {
  shareable_value values[LIST_ECHO_COUNT];
  pid_t bare, shared;
  int over = 0, here, there;

  for (int i = 0; i < LIST_ECHO_COUNT; i++)
    values[i] = shareable_int(0);
  must(shareable_list_create(&list, NULL, values, LIST_ECHO_COUNT, 0, 0, NULL));
  words = mmap(NULL, 2 * sizeof *words, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  must(words == MAP_FAILED);
  spin = (int64_t *)(void *)words[0].fill;
  *spin = SHORT_NS;
  bare = partner_start(answer_bare);
  shared = partner_start(answer_shared);
  must(bare < 0 || shared < 0);
  print_head();
  over = compare("hand over and back", exchange_shared, "a word and futex", exchange_bare, 5000, 1.3);
  here = sched_getcpu();
  there = other_processor(here);
  partner_place(0, here);
  if (there >= 0) {
    *spin = LONG_NS;
    partner_place(bare, there);
    partner_place(shared, there);
    over |= compare("the same, on two processors", exchange_shared, "a word and futex", exchange_bare, 5000, 1.3);
  }
  *spin = SHORT_NS;
  partner_place(bare, here);
  partner_place(shared, here);
  over |= compare("the same, on one processor", exchange_shared, "a word and futex", exchange_bare, 2000, 1.3);

  partner_end(bare);
  partner_end(shared);
  must(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
  return over;
}
