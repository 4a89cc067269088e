/*
 * waiter.c - the threads that sleep until a word changes, and then report the entries of the word.
 */
#include "watch/waiter.h"

#include <stdlib.h>

#include "watch/watch.h"

/*
 * The first and the longest sleep between two checks of the words, if the kernel cannot wake a
 * thread that sleeps on several words. Each is a quarter longer than the one before.
 */
#define FIRST_POLL_NS INT64_C(1000000)
#define LONGEST_POLL_NS INT64_C(10000000)

static shareable__waiter *waiters;

/* Reports the entries of words that have changed. Returns the number of words to sleep on. */
static unsigned prepare_sleep(shareable__waiter *waiter, shareable__futex_word *words) {
  unsigned count = 0;

  words[count++] =
    shareable__futex_word_of(&waiter->thread.control, __atomic_load_n(&waiter->thread.control, __ATOMIC_ACQUIRE));
  for (unsigned k = 0; k < waiter->count; k++) {
    shareable__watch_word *word = waiter->words[k];

    if (shareable__word_update(word))
      words[count++] = shareable__futex_word_of(word->address, word->observed);
  }
  return count;
}

/* Returns the duration of the next sleep between two checks. */
static int64_t poll_words(shareable__waiter *waiter, const shareable__futex_word *words, int64_t duration) {
  uint32_t control = (uint32_t)words[0].seen;

  shareable__futex_sleep(&waiter->thread.control, control, duration);
  if (__atomic_load_n(&waiter->thread.control, __ATOMIC_ACQUIRE) != control)
    return FIRST_POLL_NS;
  return duration + duration / 4 < LONGEST_POLL_NS ? duration + duration / 4 : LONGEST_POLL_NS;
}

/* The words may be unmapped during the sleep. The thread accesses them only with the lock. */
static void *run(void *context) {
  shareable__waiter *waiter = context;
  shareable__futex_word words[SHAREABLE__FUTEX_WORDS_MAX];
  int64_t duration = FIRST_POLL_NS;

  shareable__watch_lock_for_reports();
  while (!waiter->thread.must_end) {
    unsigned count = prepare_sleep(waiter, words);

    shareable__watch_unlock_and_signal();
    if (!shareable__futex_sleep_on_any(words, count))
      duration = poll_words(waiter, words, duration);
    shareable__watch_lock_for_reports();
  }
  shareable__watch_unlock_and_signal();
  return NULL;
}

static shareable_status new_waiter(shareable__waiter **started) {
  shareable__waiter *waiter = calloc(1, sizeof *waiter);

  if (waiter == NULL)
    return SHAREABLE_E_NO_MEMORY;
  if (!shareable__watch_thread_start(&waiter->thread, run, waiter)) {
    free(waiter);
    return SHAREABLE_E_SYSTEM;
  }
  waiter->next = waiters;
  waiters = waiter;
  *started = waiter;
  return SHAREABLE_OK;
}

shareable_status shareable__waiter_add(shareable__watch_word *word) {
  shareable__waiter *waiter = waiters;
  shareable_status status = SHAREABLE_OK;

  if (word->waiter != NULL)
    return SHAREABLE_OK;
  while (waiter != NULL && waiter->count == SHAREABLE__WAITER_WORDS)
    waiter = waiter->next;
  if (waiter == NULL)
    status = new_waiter(&waiter);
  if (status != SHAREABLE_OK)
    return status;
  waiter->words[waiter->count++] = word;
  word->waiter = waiter;
  shareable__watch_thread_wake(&waiter->thread);
  return SHAREABLE_OK;
}

/*
 * A thread that still sleeps on the counter of an eventcount is woken once more at most. But it would
 * consume a wake-up of a lock.
 */
void shareable__waiter_remove(shareable__watch_word *word) {
  shareable__waiter *waiter = word->waiter;
  unsigned k = 0;

  if (waiter == NULL)
    return;
  while (waiter->words[k] != word)
    k++;
  waiter->words[k] = waiter->words[--waiter->count];
  word->waiter = NULL;
  word->is_slept_on = false;
  if (word->number == SHAREABLE__WORD_LOCK)
    shareable__watch_thread_wake(&waiter->thread);
}

void shareable__waiter_wake(shareable__watch_word *word) {
  shareable__watch_thread_wake(&word->waiter->thread);
}

/* Returns all threads. From now on, no word has a thread. */
static shareable__waiter *take_all(void) {
  shareable__waiter *all = waiters;

  for (shareable__waiter *waiter = all; waiter != NULL; waiter = waiter->next) {
    for (unsigned k = 0; k < waiter->count; k++) {
      waiter->words[k]->waiter = NULL;
      waiter->words[k]->is_slept_on = false;
    }
    waiter->count = 0;
  }
  waiters = NULL;
  return all;
}

shareable__waiter *shareable__waiters_end(void) {
  shareable__waiter *all = take_all();

  for (shareable__waiter *waiter = all; waiter != NULL; waiter = waiter->next)
    shareable__watch_thread_end(&waiter->thread);
  return all;
}

static void free_all(shareable__waiter *all) {
  while (all != NULL) {
    shareable__waiter *waiter = all;

    all = waiter->next;
    free(waiter);
  }
}

void shareable__waiters_join(shareable__waiter *all) {
  for (shareable__waiter *waiter = all; waiter != NULL; waiter = waiter->next)
    shareable__watch_thread_join(&waiter->thread);
  free_all(all);
}

void shareable__waiters_forget(void) {
  free_all(take_all());
}
