/*
 * atomic.c - tests of core/src/list/list_atomic.c.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "list/list.h"
#include "support.h"

#define TIMES 20000

static shareable_list *ints(uint32_t flags) {
  const shareable_value values[] = {shareable_int(40), shareable_str("text"), shareable_int(INT64_MAX)};
  return new_list_with(values, 3, flags);
}

static int64_t get(const shareable_list *list, int64_t index) {
  int64_t integer = 0;

  cr_ok(shareable_list_get_int(list, index, &integer));
  return integer;
}

static void check_operations(uint32_t flags) {
  shareable_list *list = ints(flags);
  int64_t integer = 0, expected = 7;
  int exchanged = 9;

  cr_ok(shareable_list_add(list, 0, 2, &integer));
  cr_assert_eq(integer, 42);
  cr_ok(shareable_list_add(list, -3, -50, NULL));
  cr_assert_eq(get(list, 0), -8);
  cr_ok(shareable_list_exchange(list, 0, 5, &integer));
  cr_assert_eq(integer, -8);
  cr_ok(shareable_list_compare_exchange(list, 0, &expected, 6, &exchanged));
  cr_assert(exchanged == 0 && expected == 5 && get(list, 0) == 5);
  cr_ok(shareable_list_compare_exchange(list, 0, &expected, 6, &exchanged));
  cr_assert(exchanged == 1 && expected == 5 && get(list, 0) == 6);
  cr_ok(shareable_list_compare_exchange(list, 0, &expected, 7, NULL));
  cr_assert_eq(expected, 6);
  cr_ok(shareable_list_replace_int(list, -3, 9));
  cr_assert_eq(get(list, 0), 9);
  cr_status(shareable_list_replace_int(list, 1, 9), SHAREABLE_E_TYPE);
  end_list(list);
}

Test(atomic, adds_exchanges_compares_and_replaces) {
  check_operations(0);
}

Test(atomic, adds_exchanges_compares_and_replaces_without_a_sync_area) {
  check_operations(SHAREABLE_NO_SYNC);
}

static void check_failures(uint32_t flags) {
  shareable_list *list = ints(flags), *reader;
  int64_t integer = 99;

  cr_status(shareable_list_add(list, 1, 1, &integer), SHAREABLE_E_TYPE);
  cr_status(shareable_list_exchange(list, 1, 1, &integer), SHAREABLE_E_TYPE);
  cr_status(shareable_list_compare_exchange(list, 1, &integer, 1, NULL), SHAREABLE_E_TYPE);
  cr_status(shareable_list_replace_int(list, 1, 1), SHAREABLE_E_TYPE);
  cr_status(shareable_list_replace_int(list, 3, 1), SHAREABLE_E_INDEX);
  cr_status(shareable_list_add(list, 2, 1, &integer), SHAREABLE_E_OVERFLOW);
  cr_status(shareable_list_add(list, 3, 1, &integer), SHAREABLE_E_INDEX);
  cr_status(shareable_list_add(list, -4, 1, &integer), SHAREABLE_E_INDEX);
  cr_status(shareable_list_compare_exchange(list, 0, NULL, 1, NULL), SHAREABLE_E_ARGUMENT);
  cr_assert_eq(integer, 99, "a failure leaves the out-parameters alone");
  cr_assert_eq(get(list, 2), INT64_MAX);
  cr_ok(shareable_list_open(&reader, own_name(), SHAREABLE_READ_ONLY, NULL));
  cr_status(shareable_list_add(reader, 0, 1, NULL), SHAREABLE_E_READ_ONLY);
  cr_status(shareable_list_replace_int(reader, 0, 1), SHAREABLE_E_READ_ONLY);
  shareable_list_unref(reader);
  shareable_list_close(list);
  cr_status(shareable_list_add(list, 0, 1, NULL), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_exchange(NULL, 0, 1, NULL), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_replace_int(NULL, 0, 1), SHAREABLE_E_CLOSED);
  end_list(list);
}

Test(atomic, a_value_that_is_not_an_int_or_would_overflow_does_not_change) {
  check_failures(0);
}

Test(atomic, a_value_that_is_not_an_int_or_would_overflow_does_not_change_without_a_sync_area) {
  check_failures(SHAREABLE_NO_SYNC);
}

Test(atomic, adds_to_an_int_that_had_another_type) {
  shareable_list *list = ints(0);
  int64_t integer;

  cr_ok(shareable_list_set_str(list, 0, "text", 4));
  cr_ok(shareable_list_set_int(list, 0, 1));
  cr_ok(shareable_list_add(list, 0, 1, &integer));
  cr_assert_eq(integer, 2);
  cr_ok(shareable_list_add(list, 0, 1, &integer));
  cr_assert_eq(integer, 3);
  end_list(list);
}

static void add_many(shareable_list *list) {
  for (int i = 0; i < TIMES; i++)
    if (shareable_list_add(list, 0, 1, NULL) != SHAREABLE_OK)
      _exit(1);
}

static void check_no_addition_is_lost(uint32_t flags) {
  shareable_list *list = ints(flags), *again;
  pid_t children[2];
  int result;

  for (int i = 0; i < 2; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      cr_ok(shareable_list_open(&again, shareable_memory_name(shareable_list_memory(list)), 0, NULL));
      add_many(again);
      _exit(0);
    }
  }
  for (int i = 0; i < 2; i++) {
    cr_assert_eq(waitpid(children[i], &result, 0), children[i]);
    cr_assert_eq(result, 0);
  }
  cr_assert_eq(get(list, 0), 40 + 2 * TIMES);
  end_list(list);
}

Test(atomic, two_processes_lose_no_addition) {
  check_no_addition_is_lost(0);
}

Test(atomic, two_processes_lose_no_addition_without_a_sync_area) {
  check_no_addition_is_lost(SHAREABLE_NO_SYNC);
}

static void *add_in_a_thread(void *list) {
  add_many(list);
  return NULL;
}

/* One of the threads uses the handle's hazard, the other locks the item. */
Test(atomic, two_threads_of_one_handle_lose_no_addition) {
  shareable_list *list = ints(0);
  pthread_t other;

  cr_assert_eq(pthread_create(&other, NULL, add_in_a_thread, list), 0);
  add_many(list);
  pthread_join(other, NULL);
  cr_assert_eq(get(list, 0), 40 + 2 * TIMES);
  end_list(list);
}

static void *change_the_type(void *list) {
  for (int i = 0; i < 2000; i++) {
    cr_ok(shareable_list_set_str(list, 0, "text", 4));
    cr_ok(shareable_list_set_int(list, 0, 1000000));
  }
  return NULL;
}

Test(atomic, an_addition_during_changes_of_type_adds_to_an_int_or_fails) {
  shareable_list *list = ints(0);
  pthread_t other;
  int status;

  cr_ok(shareable_list_set_int(list, 0, 1000000));
  cr_assert_eq(pthread_create(&other, NULL, change_the_type, list), 0);
  for (int i = 0; i < TIMES; i++) {
    int64_t integer = 0;
    status = shareable_list_add(list, 0, 1, &integer);
    cr_assert(status == SHAREABLE_OK || status == SHAREABLE_E_TYPE);
    cr_assert(status != SHAREABLE_OK || (integer > 1000000 && integer <= 1000000 + TIMES), "%lld", (long long)integer);
  }
  pthread_join(other, NULL);
  end_list(list);
}

/*
 * The status and the result of an add in a child, which ptrace(2) stops after each of its
 * instructions.
 */
static volatile int64_t *reported;

/*
 * Starts a child that opens the list, acquires a hazard, and stops. Then it adds to item 0, or
 * makes it the int 5.
 */
static pid_t traced(const char *name, bool adds) {
  int state;
  pid_t child = fork();

  if (child == 0) {
    shareable_list *own = NULL;
    int64_t integer = 0;

    if (shareable_list_open(&own, name, 0, NULL) != SHAREABLE_OK || shareable_list_set_int(own, 1, 2) != SHAREABLE_OK ||
        ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
      _exit(1);
    raise(SIGSTOP);
    if (adds) {
      reported[0] = shareable_list_add(own, 0, 1, &integer);
      reported[1] = integer;
    } else {
      shareable_list_set_int(own, 0, 5);
    }
    _exit(0);
  }
  cr_assert_eq(waitpid(child, &state, 0), child);
  if (!WIFSTOPPED(state))
    skip_because("needs ptrace(2)");
  return child;
}

static bool step(pid_t child) {
  int state;

  return ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0 && waitpid(child, &state, 0) == child && WIFSTOPPED(state);
}

/*
 * Runs a writer until item 0 is an int and still locked, and kills it. Returns whether it reached
 * that state.
 */
static bool kill_before_unlock(const shareable_list *list) {
  pid_t writer = traced(shareable_memory_name(shareable_list_memory(list)), false);
  const shareable__word *word = &list->sync.area->version_words[0];
  shareable__slot slot = {0};
  bool reached = false;

  cr_assert(shareable__layout_slot(&list->layout, 0, &slot));
  for (int i = 0; i < 5000 && !reached && step(writer); i++)
    reached = shareable__item_is(&slot, SHAREABLE__FORMAT_INT) && (*word & SHAREABLE__LOCKED) != 0;
  kill(writer, SIGKILL);
  waitpid(writer, NULL, 0);
  return reached;
}

/*
 * Stops an add after n instructions, and kills a writer of the same item while the add is stopped.
 * Returns false if the add has fewer instructions.
 */
static bool add_beside_a_killed_writer(int n) {
  const shareable_value values[] = {shareable_str("abc"), shareable_int(0)};
  shareable_list *list = new_list(values, 2);
  pid_t adder = traced(shareable_memory_name(shareable_list_memory(list)), true);
  bool lives = true;
  int64_t integer = 0;
  int status;

  for (int i = 0; i < n && lives; i++)
    lives = step(adder);
  if (lives) {
    kill_before_unlock(list);
    ptrace(PTRACE_CONT, adder, NULL, NULL);
    waitpid(adder, NULL, 0);
    status = shareable_list_get_int(list, 0, &integer);
    if (reported[0] == SHAREABLE_OK)
      cr_assert(status == SHAREABLE_OK && integer == reported[1],
                "an add that was stopped after %d instructions gave %" PRId64 ", and %" PRId64 " is there", n,
                reported[1], integer);
  }
  end_list(list);
  return lives;
}

Test(atomic, an_add_is_not_undone_by_the_recovery_of_a_killed_writer) {
  need_barriers();
  reported = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int n = 0; n < 160; n++) {
    reported[0] = 1;
    if (!add_beside_a_killed_writer(n))
      break;
  }
}

/* A writer that is killed during the write of a long text leaves such an item. */
Test(atomic, refuses_a_corrupt_item_and_leaves_it_corrupt) {
  shareable_list *list = ints(0);
  int64_t integer = 40;

  for (int i = 0; i < 2; i++) {
    list->sync.area->version_words[i] |= SHAREABLE__CORRUPT;
    cr_status(shareable_list_add(list, i, 1, &integer), SHAREABLE_E_CORRUPT);
    cr_status(shareable_list_exchange(list, i, 1, &integer), SHAREABLE_E_CORRUPT);
    cr_status(shareable_list_compare_exchange(list, i, &integer, 1, NULL), SHAREABLE_E_CORRUPT);
    cr_status(shareable_list_get_int(list, i, &integer), SHAREABLE_E_CORRUPT);
    cr_ok(shareable_list_set_int(list, 0, 5));
  }
  cr_status(shareable_list_get_int(list, 1, &integer), SHAREABLE_E_CORRUPT);
  end_list(list);
}
