/*
 * lock.c - tests of core/src/list/list_lock.c and core/src/sync/area_lock.c.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/platform.h"
#include "child.h"
#include "list/list.h"
#include "support.h"
#include "sync/fast_store.h"

#define MILLISECOND INT64_C(1000000)
#define FOREVER (-1)

static int64_t now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static shareable_list *counter(void) {
  const shareable_value values[] = {shareable_int(0)};
  return new_list(values, 1);
}

static shareable_list *again(const shareable_list *list) {
  shareable_list *other;

  cr_ok(shareable_list_open(&other, shareable_memory_name(shareable_list_memory(list)), 0, NULL));
  return other;
}

Test(lock, is_held_by_one_handle_at_a_time) {
  shareable_list *list = counter(), *other = again(list);

  cr_ok(shareable_list_lock(list, FOREVER));
  cr_status(shareable_list_lock(other, 0), SHAREABLE_E_TIMED_OUT);
  cr_ok(shareable_list_unlock(list));
  cr_ok(shareable_list_lock(other, 0));
  cr_ok(shareable_list_unlock(other));
  shareable_list_unref(other);
  end_list(list);
}

Test(lock, times_out) {
  shareable_list *list = counter(), *other = again(list);
  int64_t start;

  cr_ok(shareable_list_lock(list, 0));
  start = now();
  cr_status(shareable_list_lock(other, 100 * MILLISECOND), SHAREABLE_E_TIMED_OUT);
  cr_assert_geq(now() - start, 100 * MILLISECOND);
  cr_assert_lt(now() - start, time_limit(1000 * MILLISECOND));
  shareable_list_unref(other);
  end_list(list);
}

Test(lock, only_the_holder_can_unlock) {
  shareable_list *list = counter(), *other = again(list);

  cr_status(shareable_list_unlock(list), SHAREABLE_E_NOT_LOCKED);
  cr_ok(shareable_list_lock(list, 0));
  cr_status(shareable_list_unlock(other), SHAREABLE_E_NOT_LOCKED);
  cr_ok(shareable_list_unlock(list));
  cr_status(shareable_list_unlock(list), SHAREABLE_E_NOT_LOCKED);
  shareable_list_unref(other);
  end_list(list);
}

Test(lock, needs_a_sync_area_write_permission_and_an_open_handle) {
  shareable_list *list = new_list_with(NULL, 0, SHAREABLE_NO_SYNC), *reader;

  cr_status(shareable_list_lock(list, 0), SHAREABLE_E_NO_SYNC);
  cr_status(shareable_list_unlock(list), SHAREABLE_E_NO_SYNC);
  end_list(list);
  list = counter();
  cr_ok(shareable_list_open(&reader, own_name(), SHAREABLE_READ_ONLY, NULL));
  cr_status(shareable_list_lock(reader, 0), SHAREABLE_E_READ_ONLY);
  cr_status(shareable_list_unlock(reader), SHAREABLE_E_NOT_LOCKED);
  shareable_list_unref(reader);
  shareable_list_close(list);
  cr_status(shareable_list_lock(list, 0), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_unlock(list), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_lock(NULL, 0), SHAREABLE_E_CLOSED);
  end_list(list);
}

/* Starts a child that takes the lock and then calls `then`. */
static pid_t child_with_lock(const shareable_list *list, void (*then)(shareable_list *)) {
  int ready[2];
  char byte;
  pid_t child;

  cr_assert_eq(pipe(ready), 0);
  child = fork();
  if (child == 0) {
    shareable_list *own = again(list);
    if (shareable_list_lock(own, FOREVER) != SHAREABLE_OK || write(ready[1], "x", 1) != 1)
      _exit(1);
    then(own);
    _exit(0);
  }
  cr_assert_eq(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  close(ready[1]);
  return child;
}

static void sleep_forever(shareable_list *list) {
  (void)list;
  for (;;)
    pause();
}

Test(lock, reports_to_the_next_owner_that_the_previous_one_was_killed) {
  shareable_list *list = counter();
  pid_t child = child_with_lock(list, sleep_forever);
  int64_t start;

  cr_status(shareable_list_lock(list, 50 * MILLISECOND), SHAREABLE_E_TIMED_OUT);
  kill(child, SIGKILL);
  cr_assert_eq(waitpid(child, NULL, 0), child);
  start = now();
  cr_status(shareable_list_lock(list, FOREVER), SHAREABLE_E_OWNER_DIED);
  cr_assert_lt(now() - start, time_limit(1000 * MILLISECOND));
  cr_ok(shareable_list_unlock(list));
  cr_ok(shareable_list_lock(list, 0));
  cr_ok(shareable_list_unlock(list));
  end_list(list);
}

static void close_list(shareable_list *list) {
  shareable_list_unref(list);
  for (;;)
    pause();
}

Test(lock, reports_to_the_next_owner_that_the_previous_one_closed_the_handle) {
  shareable_list *list = counter();
  pid_t child = child_with_lock(list, close_list);

  cr_status(shareable_list_lock(list, FOREVER), SHAREABLE_E_OWNER_DIED);
  kill(child, SIGKILL);
  cr_assert_eq(waitpid(child, NULL, 0), child);
  cr_ok(shareable_list_unlock(list));
  end_list(list);
}

static void close_block(shareable_list *list) {
  shareable_memory_close(shareable_list_memory(list));
  for (;;)
    pause();
}

Test(lock, reports_to_the_next_owner_that_the_previous_one_closed_the_block) {
  shareable_list *list = counter();
  pid_t child = child_with_lock(list, close_block);

  cr_status(shareable_list_lock(list, 500 * MILLISECOND), SHAREABLE_E_OWNER_DIED);
  kill(child, SIGKILL);
  cr_assert_eq(waitpid(child, NULL, 0), child);
  cr_ok(shareable_list_unlock(list));
  end_list(list);
}

static void unlock_soon(shareable_list *list) {
  usleep(100000);
  shareable_list_unlock(list);
}

Test(lock, wakes_a_waiter_when_it_is_released) {
  shareable_list *list = counter();
  pid_t child = child_with_lock(list, unlock_soon);
  int64_t start = now();

  cr_ok(shareable_list_lock(list, FOREVER));
  cr_assert_lt(now() - start, time_limit(500 * MILLISECOND));
  cr_ok(shareable_list_unlock(list));
  cr_assert_eq(waitpid(child, NULL, 0), child);
  end_list(list);
}

/* A child does not own its parent's lock, and the parent keeps the lock when the child exits. */
static void check_not_inherited(pid_t (*make_child)(void)) {
  shareable_list *list = counter();
  pid_t child;
  int result;

  cr_ok(shareable_list_lock(list, 0));
  child = make_child();
  if (child == 0)
    _exit(shareable_list_unlock(list) != SHAREABLE_E_NOT_LOCKED ||
          shareable_list_lock(list, 0) != SHAREABLE_E_TIMED_OUT);
  cr_assert_eq(waitpid(child, &result, 0), child);
  cr_assert_eq(result, 0);
  cr_ok(shareable_list_unlock(list));
  end_list(list);
}

Test(lock, is_not_inherited_by_a_fork_s_child) {
  check_not_inherited(fork);
}

static void *count_in_a_thread(void *list) {
  for (int i = 0; i < 5000; i++) {
    int64_t integer;
    cr_ok(shareable_list_lock(list, FOREVER));
    cr_ok(shareable_list_get_int(list, 0, &integer));
    cr_ok(shareable_list_set_int(list, 0, integer + 1));
    cr_ok(shareable_list_unlock(list));
  }
  return NULL;
}

Test(lock, excludes_threads_of_one_handle_and_of_two) {
  shareable_list *list = counter(), *other = again(list);
  pthread_t threads[3];
  int64_t integer;

  for (int i = 0; i < 3; i++)
    cr_assert_eq(pthread_create(&threads[i], NULL, count_in_a_thread, i == 0 ? other : list), 0);
  for (int i = 0; i < 3; i++)
    pthread_join(threads[i], NULL);
  cr_ok(shareable_list_get_int(list, 0, &integer));
  cr_assert_eq(integer, 15000);
  shareable_list_unref(other);
  end_list(list);
}

/*
 * A thread has passed the check when another thread closes the list. It registers again, and takes
 * the lock. Closing the list again must give up that lock.
 */
Test(lock, taken_during_a_close_is_released_by_a_second_close) {
  shareable_list *list = counter(), *other = again(list);

  cr_ok(shareable_memory_pin(shareable_list_memory(other)));
  shareable_list_close(other);
  cr_ok(shareable__sync_register(&other->sync));
  other->sync.area->lock = other->sync.writer.id;
  cr_status(shareable_list_lock(list, 50 * MILLISECOND), SHAREABLE_E_TIMED_OUT);
  shareable_list_close(other);
  cr_status(shareable_list_lock(list, 5000 * MILLISECOND), SHAREABLE_E_OWNER_DIED);
  cr_ok(shareable_list_unlock(list));
  shareable_memory_unpin(shareable_list_memory(other));
  shareable_list_unref(other);
  end_list(list);
}

/* A child process waits for the lock of the list, and is killed while it sleeps. */
static void kill_a_waiter_of(const shareable_list *list, const char *name) {
  shareable_list *own = NULL;
  pid_t waiter = fork();

  if (waiter == 0 && shareable_list_open(&own, name, 0, NULL) == SHAREABLE_OK)
    shareable_list_lock(own, FOREVER);
  if (waiter == 0)
    _exit(0);
  for (int i = 0; i < 10000 && (list->sync.area->lock & SHAREABLE__LOCK_WAITERS) == 0; i++)
    usleep(1000);
  usleep(20000); /* until the waiter sleeps */
  kill(waiter, SIGKILL);
  waitpid(waiter, NULL, 0);
}

Test(lock, a_killed_waiter_causes_at_most_one_wakeup) {
  shareable_list *list = counter();

  cr_ok(shareable_list_lock(list, FOREVER));
  kill_a_waiter_of(list, own_name());
  cr_assert_eq(list->sync.area->lock, list->sync.writer.id | SHAREABLE__LOCK_WAITERS);
  cr_ok(shareable_list_unlock(list));
  cr_assert_eq(list->sync.area->lock, 0);
  cr_ok(shareable_list_lock(list, FOREVER));
  cr_assert_eq(list->sync.area->lock, list->sync.writer.id);
  cr_ok(shareable_list_unlock(list));
  end_list(list);
}

Test(lock, is_not_inherited_by_a_child_that_runs_no_handlers) {
  need_cleared_pages();
  check_not_inherited(fork_without_handlers);
}

static void lock_repeatedly(shareable_list *list) {
  const pid_t parent = getppid();

  while (getppid() == parent) { /* ends also if the test fails */
    usleep(1000);
    shareable_list_unlock(list);
    shareable_list_lock(list, FOREVER);
  }
}

typedef struct theft {
  uint32_t *lock;
  atomic_bool stop;
} theft;

/* Moves the waiters to another word, as a process that may only read the list can. */
static void *take_wakeups(void *context) {
  theft *run = context;

  while (!run->stop)
    syscall(SYS_futex, run->lock, FUTEX_REQUEUE, 0, (void *)1000L, run->lock + 7, 0);
  return NULL;
}

/* The lock has no queue: without wake-ups, a process that locks again at once would keep it. */
Test(lock, waiters_get_the_lock_although_another_process_takes_the_wakeups) {
  shareable_list *list;
  theft run = {0};
  pthread_t thief;
  pid_t child;

  if (!SHAREABLE__LINUX)
    skip_because("needs futex(2)");
  list = counter();
  child = child_with_lock(list, lock_repeatedly);
  run.lock = &list->sync.area->lock;
  cr_assert_eq(pthread_create(&thief, NULL, take_wakeups, &run), 0);
  for (int i = 0; i < 100; i++) {
    cr_ok(shareable_list_lock(list, 2000 * MILLISECOND));
    usleep(1000);
    cr_ok(shareable_list_unlock(list));
  }
  run.stop = true;
  pthread_join(thief, NULL);
  end(child, SIGKILL);
  end_list(list);
}
