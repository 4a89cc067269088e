/*
 * futex.h - sleeping until a word of shared memory changes, and waking the sleepers (futex(2)).
 */
#ifndef SHAREABLE__FUTEX_H
#define SHAREABLE__FUTEX_H

#include <stdbool.h>
#include <stdint.h>

#define SHAREABLE__FUTEX_WAKE_ALL INT32_MAX

/*
 * Sleeps for at most `duration` nanoseconds if the word is still `seen`. A signal ends the sleep
 * too.
 */
void shareable__futex_sleep(const uint32_t *word, uint32_t seen, int64_t duration);

/* The number of words on which one thread can sleep. */
#define SHAREABLE__FUTEX_WORDS_MAX 128

/* A word and the value that it must have for the sleep, as futex_waitv(2) takes them. */
typedef struct shareable__futex_word {
  uint64_t seen;
  uint64_t address;
  uint32_t flags;
  uint32_t reserved; /* 0 */
} shareable__futex_word;

shareable__futex_word shareable__futex_word_of(const uint32_t *word, uint32_t seen);

/*
 * Sleeps until one of the words is woken, if all of them have the values in `seen`. A signal ends
 * the sleep too. Returns false without sleeping if the kernel does not have futex_waitv(2), or a
 * filter of system calls refuses it.
 */
bool shareable__futex_sleep_on_any(const shareable__futex_word *words, unsigned count);

/* If it is set, shareable__futex_sleep_on_any() returns false. Only tests change it. */
extern bool shareable__futex_no_waitv;

/*
 * Wakes at most `count` waiters of the word, in all processes. Returns their number, or 1 if it is
 * unknown.
 */
int32_t shareable__futex_wake(uint32_t *word, int32_t count);

#endif
