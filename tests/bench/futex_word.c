/*
 * futex_word.c - a word of shared memory with which one process wakes another by futex(2).
 */
#include "futex_word.h"

#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"

void futex_word_store(futex_word *word, uint32_t value) {
  __atomic_store_n(&word->value, value, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&word->sleeping, __ATOMIC_SEQ_CST) != 0 &&
      __atomic_exchange_n(&word->sleeping, 0, __ATOMIC_SEQ_CST) != 0)
    syscall(SYS_futex, &word->value, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static bool has_changed(const futex_word *word, uint32_t before) {
  return __atomic_load_n(&word->value, __ATOMIC_SEQ_CST) != before;
}

static void relax(void) {
#if defined(__i386__) || defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

uint32_t futex_word_wait(futex_word *word, uint32_t before, int64_t spin) {
  int64_t end = clock_now() + spin;

  do {
    for (int i = 0; i < 16; i++) {
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

void futex_word_echo(futex_word words[2], const int64_t *spin) {
  uint32_t value = 0;

  for (;;) {
    value = futex_word_wait(&words[0], value, *spin);
    futex_word_store(&words[1], value);
  }
}
