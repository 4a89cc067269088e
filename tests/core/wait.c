/*
 * wait.c - tests of core/src/list/list_wait.c and list_hash.c, and of core/src/sync/eventcount.c.
 */
#include <linux/futex.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "list/list.h"
#include "support.h"

#define MILLISECOND INT64_C(1000000)
#define SECOND (1000 * MILLISECOND)

static shareable_list *again(const shareable_list *list, uint32_t flags) {
  shareable_list *other;

  cr_ok(shareable_list_open(&other, shareable_memory_name(shareable_list_memory(list)), flags, NULL));
  return other;
}

/*
 * The items: the one that changes, the time of its last change, the last change that the waiter has
 * seen, and one with the same eventcount as the first.
 */
enum { ITEM, WHEN, SEEN, NEIGHBOUR = ITEM + SHAREABLE__EVENTCOUNTS, COUNT };

static shareable_list *signals(uint32_t flags) {
  shareable_value values[COUNT];

  for (size_t i = 0; i < COUNT; i++)
    values[i] = shareable_int(0);
  return new_list_with(values, COUNT, flags);
}

static shareable_status wait_int(const shareable_list *list, int64_t index, int64_t integer, int64_t timeout) {
  const shareable_value value = shareable_int(integer);
  return shareable_list_wait(list, index, &value, timeout);
}

Test(wait, returns_at_once_if_the_item_has_another_value) {
  shareable_list *list = signals(0);

  cr_ok(wait_int(list, ITEM, 1, 0));
  cr_ok(wait_int(list, ITEM, 1, -1));
  cr_ok(wait_int(list, -1, 1, -1));
  end_list(list);
}

Test(wait, ends_at_the_timeout) {
  shareable_list *list = signals(0);
  int64_t start = shareable__now();

  cr_status(wait_int(list, ITEM, 0, 0), SHAREABLE_E_TIMED_OUT);
  cr_assert_lt(shareable__now() - start, time_limit(100 * MILLISECOND));
  cr_status(wait_int(list, ITEM, 0, 120 * MILLISECOND), SHAREABLE_E_TIMED_OUT);
  cr_assert_geq(shareable__now() - start, 120 * MILLISECOND);
  cr_assert_lt(shareable__now() - start, time_limit(1000 * MILLISECOND));
  end_list(list);
}

Test(wait, compares_as_python_does) {
  shareable_list *list = signals(0);
  const shareable_value zero = shareable_float(0.0), no = shareable_bool(0), none = shareable_none();
  const shareable_value nan = shareable_float(NAN), text = shareable_str("text"), cut = shareable_str("\xc3");

  cr_status(shareable_list_wait(list, ITEM, &zero, 0), SHAREABLE_E_TIMED_OUT);
  cr_status(shareable_list_wait(list, ITEM, &no, 0), SHAREABLE_E_TIMED_OUT);
  cr_ok(shareable_list_wait(list, ITEM, &none, 0));
  cr_ok(shareable_list_set_float(list, ITEM, NAN));
  cr_ok(shareable_list_wait(list, ITEM, &nan, 0));
  cr_ok(shareable_list_set_str(list, ITEM, "text", 4));
  cr_status(shareable_list_wait(list, ITEM, &text, 0), SHAREABLE_E_TIMED_OUT);
  cr_ok(shareable_list_wait(list, ITEM, &cut, 0));
  end_list(list);
}

Test(wait, rejects_bad_arguments) {
  shareable_list *list = signals(0);
  const shareable_value zero = shareable_int(0), odd = {.type = 77};
  uint64_t hash = 0;

  cr_status(wait_int(list, COUNT, 0, 0), SHAREABLE_E_INDEX);
  cr_status(shareable_list_wait(list, ITEM, NULL, 0), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_wait(list, ITEM, &odd, 0), SHAREABLE_E_VALUE_TYPE);
  cr_status(shareable_list_wait_any(list, NULL, 0), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_hash(list, NULL), SHAREABLE_E_ARGUMENT);
  memset(list->layout.codes + ITEM, 9, 1);
  cr_status(wait_int(list, ITEM, 0, -1), SHAREABLE_E_CORRUPT);
  shareable_list_close(list);
  cr_status(shareable_list_wait(list, ITEM, &zero, 0), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_wait_any(list, &hash, 0), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_hash(list, &hash), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_wait(NULL, ITEM, &zero, 0), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_wait_any(NULL, &hash, 0), SHAREABLE_E_CLOSED);
  end_list(list);
}

/* Changes the item for the k-th time, in the other process. */
typedef shareable_status change(shareable_list *list, int64_t k);

static shareable_status store(shareable_list *list, int64_t k) {
  return shareable_list_set_int(list, ITEM, k);
}

static shareable_status store_both_types(shareable_list *list, int64_t k) {
  return k % 2 == 0 ? shareable_list_set_int(list, ITEM, k) : shareable_list_set_str(list, ITEM, "text", 4);
}

static shareable_status add_one(shareable_list *list, int64_t k) {
  (void)k;
  return shareable_list_add(list, ITEM, 1, NULL);
}

static shareable_status store_range(shareable_list *list, int64_t k) {
  return shareable_list_set_ints(list, ITEM, 1, &k, NULL);
}

/* Changes the item as stock Python does, without waking waiters. */
static shareable_status poke(shareable_list *list, int64_t k) {
  memcpy(list->layout.data + 8 * ITEM, &k, sizeof k);
  return SHAREABLE_OK;
}

#define TIMES 21

static void make_changes(const shareable_list *parents, change *make_change) {
  shareable_list *list = again(parents, 0);

  if (shareable_list_set_int(list, WHEN, 0) != SHAREABLE_OK) /* registers the handle */
    _exit(1);
  for (int64_t k = 1; k <= TIMES; k++) {
    usleep(3000); /* until the waiter sleeps */
    if (shareable_list_set_int(list, WHEN, shareable__now()) != SHAREABLE_OK || make_change(list, k) != SHAREABLE_OK)
      _exit(1);
    if (wait_int(list, SEEN, k - 1, 10 * SECOND) != SHAREABLE_OK)
      _exit(1);
  }
  _exit(0);
}

/* Waits for the next change of the item. */
typedef shareable_status await(const shareable_list *list, void *state);

static shareable_status await_item(const shareable_list *list, void *state) {
  shareable_value *before = state;
  static char buffer[8];
  shareable_status status = shareable_list_wait(list, ITEM, before, 10 * SECOND);

  return status == SHAREABLE_OK ? shareable_list_get(list, ITEM, before, buffer, sizeof buffer) : status;
}

/* One change of the item comes with two other changes of the list. */
static shareable_status await_anything(const shareable_list *list, void *state) {
  shareable_value *before = state, now;
  uint64_t hash;
  shareable_status status = shareable_list_hash(list, &hash);

  while (status == SHAREABLE_OK && (status = shareable_list_get(list, ITEM, &now, NULL, 0)) == SHAREABLE_OK &&
         now.integer == before->integer)
    status = shareable_list_wait_any(list, &hash, 10 * SECOND);
  *before = now;
  return status;
}

static int compare_delays(const void *first, const void *second) {
  const int64_t a = *(const int64_t *)first, b = *(const int64_t *)second;

  return (a > b) - (a < b);
}

/*
 * Returns the median time from a change by another process to the end of the wait, in nanoseconds.
 */
static int64_t median_delay(shareable_list *list, uint32_t flags, change *make_change, await *wait) {
  shareable_list *waits = again(list, flags);
  shareable_value before = shareable_int(0);
  int64_t delays[TIMES], when;
  int status;
  pid_t child = fork();

  if (child == 0)
    make_changes(list, make_change);
  for (size_t k = 0; k < TIMES; k++) {
    cr_ok(wait(waits, &before));
    cr_ok(shareable_list_get_int(waits, WHEN, &when));
    delays[k] = shareable__now() - when;
    cr_ok(shareable_list_set_int(list, SEEN, (int64_t)k + 1));
  }
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0);
  shareable_list_unref(waits);
  qsort(delays, TIMES, sizeof *delays, compare_delays);
  return delays[TIMES / 2];
}

/* Without a wake-up, a waiter checks again after 50 ms, so the average delay is 25 ms. */
#define WOKEN (10 * MILLISECOND)

static void expect_delay(uint32_t list_flags, change *make_change, await *wait, int64_t limit) {
  shareable_list *list = signals(list_flags);

  cr_assert_lt(median_delay(list, 0, make_change, wait), limit);
  end_list(list);
}

Test(wait, is_woken_by_a_store_of_another_process) {
  expect_delay(0, store, await_item, WOKEN);
}

Test(wait, is_woken_by_a_change_of_type) {
  expect_delay(0, store_both_types, await_item, WOKEN);
}

Test(wait, is_woken_by_an_atomic_addition) {
  expect_delay(0, add_one, await_item, WOKEN);
}

Test(wait, is_woken_by_a_range_of_stores) {
  expect_delay(0, store_range, await_item, WOKEN);
}

Test(wait, for_any_item_is_woken_by_a_store) {
  expect_delay(0, store, await_anything, WOKEN);
}

Test(wait, notices_a_write_of_stock_python_within_the_longest_sleep) {
  expect_delay(0, poke, await_item, 200 * MILLISECOND);
}

Test(wait, works_on_a_list_without_a_sync_area) {
  expect_delay(SHAREABLE_NO_SYNC, poke, await_item, 100 * MILLISECOND);
}

Test(wait, works_with_a_read_only_handle) {
  shareable_list *list = signals(0);
  const shareable__area *area = list->sync.area;

  cr_assert_lt(median_delay(list, SHAREABLE_READ_ONLY, store, await_item), 100 * MILLISECOND);
  cr_assert_eq(area->eventcounts.state & 1, 0);
  end_list(list);
}

Test(wait, for_any_item_notices_changes_between_two_calls) {
  shareable_list *list = signals(0);
  uint64_t hash = 0, before;

  cr_ok(shareable_list_wait_any(list, &hash, -1));
  before = hash;
  cr_status(shareable_list_wait_any(list, &hash, 0), SHAREABLE_E_TIMED_OUT);
  cr_assert_eq(hash, before);
  cr_ok(shareable_list_set_int(list, COUNT - 1, 5));
  cr_ok(shareable_list_wait_any(list, &hash, -1));
  cr_assert_neq(hash, before);
  cr_status(shareable_list_wait_any(list, &hash, 100 * MILLISECOND), SHAREABLE_E_TIMED_OUT);
  end_list(list);
}

Test(wait, the_hash_depends_on_types_and_values) {
  const shareable_value empty = shareable_none();
  shareable_value values[] = {shareable_int(0), shareable_strn(NULL, 0)};
  uint64_t seen[8], one;
  shareable_list *list, *other;
  size_t n = 0;

  cr_ok(shareable_list_create(&list, own_name(), values, 2, 0, 0, NULL));
  other = again(list, SHAREABLE_READ_ONLY);
  cr_ok(shareable_list_hash(list, &seen[n++]));
  cr_ok(shareable_list_set_int(list, 0, 1));
  cr_ok(shareable_list_hash(list, &seen[n++]));
  cr_ok(shareable_list_set_float(list, 0, 1.0));
  cr_ok(shareable_list_hash(list, &seen[n++]));
  cr_ok(shareable_list_set_bytes(list, 1, NULL, 0)); /* one code */
  cr_ok(shareable_list_hash(list, &seen[n++]));
  cr_ok(shareable_list_set(list, 1, &empty));
  cr_ok(shareable_list_hash(list, &seen[n++]));
  cr_ok(shareable_list_hash(other, &one));
  cr_assert_eq(one, seen[n - 1]);
  cr_ok(shareable_list_hash(other, &one));
  cr_assert_eq(one, seen[n - 1]);
  for (size_t i = 0; i < n; i++) {
    cr_assert_neq(seen[i], 0);
    for (size_t k = 0; k < i; k++)
      cr_assert_neq(seen[i], seen[k], "%zu, %zu", i, k);
  }
  shareable_list_unref(other);
  end_list(list);
}

Test(wait, an_empty_list_has_a_hash) {
  shareable_list *list = new_list(NULL, 0);
  uint64_t hash = 0;

  cr_ok(shareable_list_wait_any(list, &hash, -1));
  cr_assert_neq(hash, 0);
  cr_status(shareable_list_wait_any(list, &hash, 0), SHAREABLE_E_TIMED_OUT);
  end_list(list);
}

static bool has_waiters(const shareable__eventcounts *eventcounts, size_t i) {
  return (__atomic_load_n(&eventcounts->state, __ATOMIC_SEQ_CST) & UINT64_C(1) << SHAREABLE__EVENTCOUNT_OF_ITEM(i)) !=
         0;
}

Test(wait, a_killed_waiter_causes_one_wakeup) {
  shareable_list *list = signals(0);
  shareable__eventcounts *eventcounts = &list->sync.area->eventcounts;
  pid_t child = fork();

  if (child == 0) {
    wait_int(list, ITEM, 0, -1);
    _exit(0);
  }
  while (!has_waiters(eventcounts, ITEM))
    usleep(1000);
  kill(child, SIGKILL);
  cr_assert_eq(waitpid(child, NULL, 0), child);
  cr_ok(shareable_list_set_int(list, WHEN, 1));
  cr_assert(has_waiters(eventcounts, ITEM), "a change of another item does not notify");
  cr_ok(shareable_list_set_int(list, NEIGHBOUR, 1));
  cr_assert(!has_waiters(eventcounts, ITEM));
  cr_assert_eq(eventcounts->items[ITEM], 1);
  cr_ok(shareable_list_set_int(list, ITEM, 1));
  cr_assert_eq(eventcounts->items[ITEM], 1);
  end_list(list);
}

/* Without waiters, a store executes a barrier only for a while after the last wait. */
Test(wait, a_writer_clears_the_fence_flags_after_many_stores_without_waiters) {
  shareable_list *list = signals(0);
  shareable__eventcounts *eventcounts = &list->sync.area->eventcounts;
  const uint64_t flags = SHAREABLE__FENCE_REQUESTED | SHAREABLE__FENCE_EFFECTIVE;
  uint64_t count;

  need_barriers();
  cr_ok(shareable_list_set_int(list, WHEN, 1));
  for (int round = 0; round < 3; round++) {
    count = eventcounts->state / (SHAREABLE__FENCE_EFFECTIVE << 1);
    cr_assert_eq(eventcounts->state & flags, 0);
    cr_status(wait_int(list, ITEM, 0, MILLISECOND), SHAREABLE_E_TIMED_OUT);
    cr_assert_eq(eventcounts->state & flags, flags);
    cr_assert(!has_waiters(eventcounts, ITEM), "a waiter that stops waiting clears its bit");
    cr_ok(shareable_list_set_int(list, WHEN, 1));
    cr_assert_eq(eventcounts->state & flags, flags, "each wait has a number of stores until the flags are cleared");
    shareable__eventcount_prepare_wait(eventcounts, ITEM);
    for (int k = 0; k < 2000; k++)
      cr_ok(shareable_list_set_int(list, WHEN, k));
    cr_assert_eq(eventcounts->state & flags, flags, "the flags stay set while a waiters bit is set");
    shareable__eventcount_cancel_wait(eventcounts, ITEM);
    for (int k = 0; k < 2000; k++)
      cr_ok(shareable_list_set_int(list, WHEN, k));
    cr_assert_eq(eventcounts->state & flags, 0);
    cr_assert_eq(eventcounts->state / (SHAREABLE__FENCE_EFFECTIVE << 1), count + 1);
  }
  cr_assert_lt(median_delay(list, 0, add_one, await_item), WOKEN);
  end_list(list);
}

Test(wait, continues_if_another_item_of_its_eventcount_changes) {
  shareable_list *list = signals(0);
  pid_t child = fork();

  if (child == 0) {
    shareable_list *own = again(list, 0);
    for (int64_t k = 1; k < 20; k++) {
      usleep(2000);
      shareable_list_set_int(own, NEIGHBOUR, k);
    }
    _exit(0);
  }
  cr_status(wait_int(list, ITEM, 0, 100 * MILLISECOND), SHAREABLE_E_TIMED_OUT);
  cr_assert_eq(waitpid(child, NULL, 0), child);
  end_list(list);
}

static void *close_soon(void *list) {
  usleep(20000);
  shareable_list_close(list);
  return NULL;
}

static void assert_closing_ends_the_wait(uint32_t list_flags, uint32_t flags) {
  shareable_list *list = signals(list_flags), *other = again(list, flags);
  int64_t start = shareable__now();
  pthread_t thread;

  cr_assert_eq(pthread_create(&thread, NULL, close_soon, other), 0);
  cr_status(wait_int(other, ITEM, 0, -1), SHAREABLE_E_CLOSED);
  cr_assert_lt(shareable__now() - start, time_limit(SECOND));
  cr_assert_eq(pthread_join(thread, NULL), 0);
  shareable_list_unref(other);
  end_list(list);
}

Test(wait, ends_when_another_thread_closes_the_handle) {
  assert_closing_ends_the_wait(0, 0);
  assert_closing_ends_the_wait(0, SHAREABLE_READ_ONLY);
  assert_closing_ends_the_wait(SHAREABLE_NO_SYNC, 0);
}

static void *wait_in_thread(void *list) {
  return wait_int(list, ITEM, 0, 10 * SECOND) == SHAREABLE_OK ? list : NULL;
}

Test(wait, ends_for_all_waiters) {
  shareable_list *list = signals(0);
  pthread_t threads[8];
  void *result;

  for (size_t k = 0; k < LENGTH(threads); k++)
    cr_assert_eq(pthread_create(&threads[k], NULL, wait_in_thread, list), 0);
  usleep(20000);
  cr_ok(shareable_list_set_int(list, ITEM, 1));
  for (size_t k = 0; k < LENGTH(threads); k++) {
    cr_assert_eq(pthread_join(threads[k], &result), 0);
    cr_assert_not_null(result);
  }
  end_list(list);
}

typedef struct theft {
  uint32_t *counter;
  atomic_bool stop;
} theft;

/* Moves the waiters to another word, as a process that may only read the list can. */
static void *take_wakeups(void *context) {
  theft *run = context;

  while (!run->stop)
    syscall(SYS_futex, run->counter, FUTEX_REQUEUE, 0, (void *)1000L, run->counter + 1, 0);
  return NULL;
}

static void *set_soon(void *list) {
  usleep(10000);
  cr_ok(shareable_list_set_int(list, ITEM, 1));
  return NULL;
}

/*
 * The waiter sleeps when the value is set after 10 ms. It checks by itself a quarter of that time
 * later. On a busy machine, one of ten tries is in time.
 */
Test(wait, a_short_wait_ends_soon_although_another_process_takes_the_wakeups) {
  shareable_list *list = signals(0);
  theft run = {.counter = &list->sync.area->eventcounts.items[SHAREABLE__EVENTCOUNT_OF_ITEM(ITEM)]};
  int64_t fastest = SECOND;
  pthread_t thief, setter;

  cr_assert_eq(pthread_create(&thief, NULL, take_wakeups, &run), 0);
  for (int i = 0; i < 10; i++) {
    int64_t start = shareable__now();

    cr_ok(shareable_list_set_int(list, ITEM, 0));
    cr_assert_eq(pthread_create(&setter, NULL, set_soon, list), 0);
    cr_ok(wait_int(list, ITEM, 0, SECOND));
    fastest = shareable__now() - start < fastest ? shareable__now() - start : fastest;
    pthread_join(setter, NULL);
  }
  run.stop = true;
  pthread_join(thief, NULL);
  cr_assert_lt(fastest, 40 * MILLISECOND);
  end_list(list);
}
