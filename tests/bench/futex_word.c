/*
 * futex_word.c - a word that two processes hand to each other by futex(2).
 */
#include "futex_word.h"

#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"

void ball_hand(ball *word, uint32_t value) {
  __atomic_store_n(&word->value, value, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&word->sleeping, __ATOMIC_SEQ_CST) != 0 &&
      __atomic_exchange_n(&word->sleeping, 0, __ATOMIC_SEQ_CST) != 0)
    syscall(SYS_futex, &word->value, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static bool has_changed(const ball *word, uint32_t before) {
  return __atomic_load_n(&word->value, __ATOMIC_SEQ_CST) != before;
}

static void relax(void) {
#if defined(__i386__) || defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

uint32_t ball_await(ball *word, uint32_t before, int64_t spin) {
  int64_t end = clock_now() + spin;

  do {
    for (int turn = 0; turn < 16; turn++) {
      if (has_changed(word, before))
        return word->value;
      relax();
    }
  } while (clock_now() < end);
  while (!has_changed(word, before)) {
    __atomic_store_n(&word->sleeping, 1, __ATOMIC_SEQ_CST);
    if (!has_changed(word, before))
      syscall(SYS_futex, &word->value, FUTEX_WAIT, before, NULL, NULL, 0);
  }
  return word->value;
}
