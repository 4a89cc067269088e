/*
 * watch.c - tests of core/src/watch and of core/src/list/list_watch.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>

#include "asleep.h"
#include "base/clock.h"
#include "base/futex.h"
#include "base/platform.h"
#include "child.h"
#include "list/list.h"
#include "refuse.h"
#include "support.h"
#include "watch/watch.h"

#define MILLISECOND INT64_C(1000000)
#define SECOND (1000 * MILLISECOND)

/* The second item has the same eventcount as the first. */
enum { ITEM, NEIGHBOUR = ITEM + SHAREABLE__EVENTCOUNTS, OTHER = 1, COUNT = NEIGHBOUR + 1 };

static shareable_list *signals(uint32_t flags) {
  shareable_value values[COUNT];

  for (size_t i = 0; i < COUNT; i++)
    values[i] = shareable_int(0);
  return new_list_with(values, COUNT, flags);
}

/* A list with a random name, of which there may be several. */
static shareable_list *one_of_many(void) {
  shareable_value values[COUNT];
  shareable_list *list;

  for (size_t i = 0; i < COUNT; i++)
    values[i] = shareable_int(0);
  cr_ok(shareable_list_create(&list, NULL, values, COUNT, 0, 0, NULL));
  return list;
}

static shareable_list *again(const shareable_list *list, uint32_t flags) {
  shareable_list *other;

  cr_ok(shareable_list_open(&other, shareable_memory_name(shareable_list_memory(list)), flags, NULL));
  return other;
}

static shareable_watch *new_watch(void) {
  shareable_watch *watch;

  cr_ok(shareable_watch_create(&watch, NULL));
  return watch;
}

static bool is_readable(const shareable_watch *watch, int timeout_ms) {
  struct pollfd poller = {.fd = shareable_watch_fd(watch), .events = POLLIN};

  return poll(&poller, 1, timeout_ms) == 1;
}

/* Returns the only id that is reported within ten seconds, or 0. */
static uint64_t next_changed(shareable_watch *watch) {
  uint64_t ids[4];
  size_t count = 0;

  if (!is_readable(watch, 10000))
    return 0;
  cr_ok(shareable_watch_changed(watch, ids, LENGTH(ids), &count));
  return count == 1 ? ids[0] : 0;
}

static void expect_silence(shareable_watch *watch) {
  cr_assert(!is_readable(watch, 150));
}

/* Changes the item as stock Python does, without waking waiters. */
static void poke(shareable_list *list, int64_t k) {
  __atomic_store_n((int64_t *)(list->layout.data + 8 * ITEM), k, __ATOMIC_RELAXED);
}

static size_t threads(void) {
  DIR *folder = opendir("/proc/self/task");
  size_t count = 0;

  while (readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count;
}

/* A thread that was joined may be in /proc a moment longer. */
static void expect_threads(size_t count) {
  for (int k = 0; k < 1000 && threads() != count; k++)
    usleep(1000);
  cr_assert_eq(threads(), count);
}

static int64_t processor_time(void) {
  struct timespec time;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

Test(watch, reports_each_change_of_an_item_once) {
  shareable_list *list = signals(0), *writer = again(list, 0);
  shareable_watch *watch = new_watch();
  uint64_t id = 0;

  cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &id));
  cr_assert_neq(id, 0);
  expect_silence(watch);
  for (int k = 1; k <= 20; k++) {
    cr_ok(shareable_list_set_int(writer, ITEM, k));
    cr_assert_eq(next_changed(watch), id);
  }
  cr_ok(shareable_list_set_int(writer, OTHER, 1));
  expect_silence(watch);
  cr_ok(shareable_list_set_str(writer, ITEM, "text", 4));
  cr_assert_eq(next_changed(watch), id);
  expect_silence(watch);
  shareable_watch_free(watch);
  shareable_list_unref(writer);
  end_list(list);
}

/* A round of the checks could find the change too. So it must not run before the change is reported. */
Test(watch, is_woken_by_a_writer) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch();
  uint64_t item, all;

  shareable__checker_interval = 60 * SECOND;
  cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &item));
  for (int k = 1; k <= 20; k++) {
    cr_ok(shareable_list_set_int(list, ITEM, k));
    cr_assert_eq(next_changed(watch), item);
  }
  cr_ok(shareable_watch_remove(watch, item));
  cr_ok(shareable_watch_add_list(watch, list, 0, 0, &all));
  for (int k = 1; k <= 20; k++) {
    cr_ok(shareable_list_set_int(list, k, k));
    cr_assert_eq(next_changed(watch), all);
  }
  shareable_watch_free(watch);
  end_list(list);
}

Test(watch, is_woken_by_another_process) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch();
  uint64_t id;
  pid_t child;

  shareable__checker_interval = 60 * SECOND;
  cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &id));
  child = fork();
  if (child == 0) {
    shareable_list *writer = again(list, 0);

    for (int k = 1; k <= 100; k++)
      if (shareable_list_set_int(writer, ITEM, k) != SHAREABLE_OK)
        _exit(1);
    _exit(0);
  }
  for (int64_t k = 0; k < 100;) {
    cr_assert_eq(next_changed(watch), id, "a report is missing after %d", (int)k);
    cr_ok(shareable_list_get_int(list, ITEM, &k));
  }
  waitpid(child, NULL, 0);
  shareable_watch_free(watch);
  end_list(list);
}

static void expect_detection(shareable_list *list, shareable_list *writer) {
  shareable_watch *watch = new_watch();
  uint64_t item, all;

  cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &item));
  for (int k = 1; k <= 5; k++) {
    poke(writer, k);
    cr_assert_eq(next_changed(watch), item);
    expect_silence(watch);
  }
  cr_ok(shareable_watch_remove(watch, item));
  cr_ok(shareable_watch_add_list(watch, list, 0, 0, &all));
  expect_silence(watch);
  for (int k = 6; k <= 10; k++) {
    poke(writer, k);
    cr_assert_eq(next_changed(watch), all);
    expect_silence(watch);
  }
  shareable_watch_free(watch);
}

Test(watch, detects_writes_of_stock_python) {
  shareable_list *list = signals(0);

  expect_detection(list, list);
  end_list(list);
}

Test(watch, works_on_a_list_without_a_sync_area) {
  shareable_list *list = signals(SHAREABLE_NO_SYNC);

  expect_detection(list, list);
  end_list(list);
}

Test(watch, works_with_a_read_only_handle) {
  shareable_list *list = signals(0), *reader = again(list, SHAREABLE_READ_ONLY);

  expect_detection(reader, list);
  cr_assert_eq(list->sync.area->eventcounts.state, 0);
  shareable_list_unref(reader);
  end_list(list);
}

/* A list of one text of that size. */
static shareable_list *large(size_t size) {
  char *text = calloc(size + 1, 1);
  shareable_value value;
  shareable_list *list;

  memset(text, 'x', size);
  value = shareable_str(text);
  list = new_list_with(&value, 1, 0);
  free(text);
  return list;
}

/* A change of the last byte that wakes no waiter. */
static void poke_last(shareable_list *list, size_t size, char byte) {
  __atomic_store_n(list->layout.data + size - 1, byte, __ATOMIC_RELAXED);
}

Test(watch, detects_writes_of_stock_python_to_a_large_item) {
  enum { SIZE = 1 << 20 };
  shareable_list *list = large(SIZE);
  shareable_watch *watch = new_watch();
  uint64_t id;

  cr_ok(shareable_watch_add_item(watch, list, 0, 0, &id));
  for (int k = 0; k < 3; k++) {
    poke_last(list, SIZE, (char)('a' + k));
    cr_assert_eq(next_changed(watch), id);
  }
  poke_last(list, SIZE, 'z');
  cr_ok(shareable_watch_arm(watch, id, 0));
  cr_assert_eq(next_changed(watch), id, "arming hashes the item");
  expect_silence(watch);
  cr_ok(shareable_list_set_str(list, 0, "short", 5));
  cr_assert_eq(next_changed(watch), id);
  shareable_watch_free(watch);
  end_list(list);
}

/* The checker hashes the item all the time, so that a write almost always meets a hash. */
Test(watch, a_hash_begun_before_a_change_reports_nothing) {
  enum { SIZE = 1 << 20 };
  shareable_list *list = large(SIZE);
  shareable_watch *watch = new_watch();
  uint64_t id;

  shareable__checker_interval = 0;
  shareable__checker_pause_factor = 0;
  cr_ok(shareable_watch_add_item(watch, list, 0, 0, &id));
  for (int k = 0; k < 100; k++) {
    char text[32];

    snprintf(text, sizeof text, "text %d", k);
    cr_ok(shareable_list_set_str(list, 0, text, strlen(text)));
    cr_assert_eq(next_changed(watch), id, "write %d", k);
    cr_assert(!is_readable(watch, 5), "write %d was reported twice", k);
  }
  shareable_watch_free(watch);
  end_list(list);
}

/* The hash of the large list takes some milliseconds, and is followed by a pause of a second or more. */
Test(watch, a_large_list_does_not_delay_the_check_of_a_small_one) {
  enum { MANY = 2000000 };
  int64_t *integers = calloc(MANY, sizeof *integers);
  shareable_list *big, *small = one_of_many();
  shareable_watch *watch = new_watch();
  uint64_t id, other;

  cr_ok(shareable_list_create_ints(&big, own_name(), integers, MANY, 0, 0, NULL));
  free(integers);
  cr_ok(shareable_watch_add_list(watch, big, 0, 0, &other));
  cr_ok(shareable_watch_add_list(watch, small, 0, 0, &id));
  usleep(300000);
  poke_last(small, 8, 1);
  cr_assert(is_readable(watch, 400));
  cr_assert_eq(next_changed(watch), id);
  shareable_watch_free(watch);
  end_list(small);
  end_list(big);
}

Test(watch, a_large_item_takes_little_time) {
  shareable_list *list = large(9000000);
  shareable_watch *watch = new_watch();
  int64_t start, used;
  uint64_t id;

  if (!SHAREABLE__LINUX)
    skip_because("needs futex(2): without it, the threads do not sleep until a word changes");
  cr_ok(shareable_watch_add_item(watch, list, 0, 0, &id));
  start = processor_time();
  sleep(2);
  used = processor_time() - start;
  cr_assert_lt(used, 60 * MILLISECOND, "%d us a second", (int)(used / 2000));
  shareable_watch_free(watch);
  end_list(list);
}

/* What a thread arms again and again. */
typedef struct arming {
  shareable_watch *watch;
  uint64_t id;
  atomic_bool must_end;
  pthread_t thread;
} arming;

static void *arm_repeatedly(void *context) {
  arming *self = context;

  while (!atomic_load(&self->must_end))
    cr_ok(shareable_watch_arm(self->watch, self->id, 0));
  return NULL;
}

static void start_arming(arming *self, shareable_list *list) {
  self->watch = new_watch();
  cr_ok(shareable_watch_add_item(self->watch, list, 0, 0, &self->id));
  pthread_create(&self->thread, NULL, arm_repeatedly, self);
}

static void end_arming(arming *self) {
  atomic_store(&self->must_end, true);
  pthread_join(self->thread, NULL);
  shareable_watch_free(self->watch);
}

static int compare_times(const void *a, const void *b) {
  int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

  return (left > right) - (left < right);
}

Test(watch, a_large_item_is_hashed_without_the_lock) {
  enum { CALLS = 101 };
  shareable_list *list = large(9000000);
  int64_t took[CALLS];
  arming thread = {0};

  start_arming(&thread, list);
  for (int k = 0; k < CALLS; k++) {
    usleep(1000);
    took[k] = shareable__now();
    shareable_watch_disarm(thread.watch, 0);
    took[k] = shareable__now() - took[k];
  }
  end_arming(&thread);
  qsort(took, CALLS, sizeof *took, compare_times);
  cr_assert_lt(took[CALLS / 2], MILLISECOND, "a call takes %d us", (int)(took[CALLS / 2] / 1000));
  end_list(list);
}

static bool is_mapped(const char *name) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[512];
  bool is_found = false;

  while (fgets(line, sizeof line, maps) != NULL)
    is_found = is_found || strstr(line, name) != NULL;
  fclose(maps);
  return is_found;
}

/*
 * The thread that pins the block to hash it does not exist in the child. The kernel shows the name of
 * a block that was opened, but not of one that was created without a name.
 */
Test(watch, a_child_of_a_fork_drops_the_pins_of_its_parent) {
  shareable_list *list = large(9000000), *other = again(list, 0);
  arming thread = {0};

  start_arming(&thread, other);
  for (int k = 0; k < 5; k++) {
    int status;
    pid_t child;

    usleep(5000);
    child = fork();
    if (child == 0) {
      shareable_watch_free(thread.watch);
      shareable_list_close(other);
      _exit(is_mapped(shareable_memory_name(shareable_list_memory(other))));
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "the block is still mapped");
  }
  cr_assert(is_mapped(shareable_memory_name(shareable_list_memory(other))));
  end_arming(&thread);
  shareable_list_unref(other);
  end_list(list);
}

Test(watch, compares_with_the_hash_that_the_caller_knows) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch();
  uint64_t hash, id;

  cr_ok(shareable_list_hash(list, &hash));
  poke(list, 1);
  cr_ok(shareable_watch_add_list(watch, list, hash, SHAREABLE_WATCH_ONCE, &id));
  cr_assert_eq(next_changed(watch), id);
  expect_silence(watch);
  cr_ok(shareable_list_hash(list, &hash));
  cr_ok(shareable_watch_arm(watch, id, hash));
  expect_silence(watch);
  cr_ok(shareable_watch_arm(watch, id, hash + 1));
  cr_assert_eq(next_changed(watch), id, "a second waiter with another hash");
  shareable_watch_free(watch);
  end_list(list);
}

Test(watch, reports_once_until_it_is_armed_again) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch();
  uint64_t id;

  cr_ok(shareable_watch_add_item(watch, list, ITEM, SHAREABLE_WATCH_ONCE, &id));
  cr_ok(shareable_list_set_int(list, ITEM, 1));
  cr_assert_eq(next_changed(watch), id);
  cr_ok(shareable_list_set_int(list, ITEM, 2));
  expect_silence(watch);
  cr_assert_eq(list->sync.area->eventcounts.items[ITEM], 1, "the second write wakes no thread");
  cr_ok(shareable_watch_arm(watch, id, 0));
  expect_silence(watch);
  cr_ok(shareable_list_set_int(list, ITEM, 3));
  cr_assert_eq(next_changed(watch), id);
  cr_ok(shareable_watch_arm(watch, id, 0));
  cr_ok(shareable_watch_disarm(watch, id));
  cr_assert_eq(list->sync.area->eventcounts.state & 1, 0, "no waiters flag without a waiter");
  cr_ok(shareable_list_set_int(list, ITEM, 4));
  expect_silence(watch);
  shareable_watch_free(watch);
  end_list(list);
}

static int poll_with(const shareable_watch *watch, uint32_t events) {
  struct epoll_event event = {.events = events};
  int poller = epoll_create1(0);

  cr_assert_eq(epoll_ctl(poller, EPOLL_CTL_ADD, shareable_watch_fd(watch), &event), 0);
  return poller;
}

static bool has_event(int poller, int timeout_ms) {
  struct epoll_event event;

  return epoll_wait(poller, &event, 1, timeout_ms) == 1;
}

Test(watch, is_edge_triggered_when_all_ids_were_returned) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch();
  int edge = poll_with(watch, EPOLLIN | EPOLLET), level = poll_with(watch, EPOLLIN);
  uint64_t id, ids[2];
  size_t count;

  cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &id));
  cr_ok(shareable_watch_add_item(watch, list, OTHER, 0, &id));
  cr_assert(!has_event(edge, 0) && !has_event(level, 0));
  for (int k = 1; k <= 3; k++) {
    cr_ok(shareable_list_set_int(list, ITEM, k));
    cr_ok(shareable_list_set_int(list, OTHER, k));
    cr_assert(has_event(edge, 10000) && has_event(level, 10000));
    cr_ok(shareable_watch_changed(watch, ids, 1, &count));
    cr_assert_eq(count, 1);
    usleep(200000); /* until both are reported */
    cr_assert(has_event(level, 0));
    while (count == 1)
      cr_ok(shareable_watch_changed(watch, ids, 1, &count));
    has_event(edge, 0); /* if the second item was reported after the first one had been returned */
    cr_assert(!has_event(edge, 0) && !has_event(level, 0));
  }
  cr_ok(shareable_list_set_int(list, ITEM, 4));
  cr_assert(has_event(edge, 10000));
  cr_ok(shareable_list_set_int(list, OTHER, 4));
  cr_assert(!has_event(edge, 200) && has_event(level, 0), "a second edge before all ids were returned");
  cr_ok(shareable_watch_changed(watch, ids, 2, &count));
  cr_assert_eq(count, 2);
  cr_assert(!has_event(level, 0));
  close(edge);
  close(level);
  shareable_watch_free(watch);
  end_list(list);
}

Test(watch, items_that_share_an_eventcount_are_all_reported) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch(), *second = new_watch();
  uint64_t ids[3], changed[4];
  size_t count;

  shareable__checker_interval = 60 * SECOND;
  cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &ids[0]));
  cr_ok(shareable_watch_add_item(watch, list, NEIGHBOUR, 0, &ids[1]));
  cr_ok(shareable_watch_add_item(second, list, ITEM, 0, &ids[2]));
  for (int k = 1; k <= 10; k++) {
    cr_ok(shareable_list_set_int(list, ITEM, k));
    cr_assert(is_readable(watch, 10000));
    cr_assert_eq(next_changed(second), ids[2]);
    cr_ok(shareable_watch_changed(watch, changed, 1, &count));
    cr_assert_eq(count, 1);
    cr_assert(is_readable(watch, 10000), "the second id is left");
    cr_ok(shareable_watch_changed(watch, changed + 1, 3, &count));
    cr_assert_eq(count, 1);
    cr_assert_eq(changed[0] + changed[1], ids[0] + ids[1]);
  }
  cr_ok(shareable_watch_remove(watch, ids[0])); /* the others still need the waiters flag */
  cr_ok(shareable_list_set_int(list, ITEM, 11));
  cr_assert_eq(next_changed(second), ids[2]);
  cr_assert_eq(next_changed(watch), ids[1]);
  shareable_watch_free(watch);
  shareable_watch_free(second);
  end_list(list);
}

Test(watch, reports_that_the_lock_may_be_free) {
  shareable_list *list = signals(0), *owner = again(list, 0);
  shareable_watch *watch = new_watch();
  uint64_t id;

  cr_ok(shareable_watch_add_lock(watch, list, &id));
  cr_assert_eq(next_changed(watch), id, "it is free");
  for (int k = 0; k < 20; k++) {
    cr_ok(shareable_list_lock(owner, 0));
    cr_ok(shareable_watch_arm(watch, id, 0));
    cr_assert(!is_readable(watch, 5));
    cr_ok(shareable_list_unlock(owner));
    cr_assert_eq(next_changed(watch), id);
    cr_ok(shareable_list_lock(list, 0));
    cr_ok(shareable_watch_disarm(watch, id));
    cr_assert_neq(list->sync.area->lock & SHAREABLE__LOCK_WAITERS, 0, "other processes may wait too");
    cr_ok(shareable_list_unlock(list));
  }
  shareable_watch_free(watch);
  shareable_list_unref(owner);
  end_list(list);
}

static void *lock_and_unlock(void *list) {
  cr_ok(shareable_list_lock(list, 10 * SECOND));
  cr_ok(shareable_list_unlock(list));
  return NULL;
}

Test(watch, passes_a_wakeup_of_the_lock_on) {
  shareable_list *list = signals(0), *owner = again(list, 0), *third = again(list, 0);
  shareable_watch *watch = new_watch();
  int64_t start;
  pthread_t thread;
  uint64_t id;

  for (int k = 0; k < 10; k++) {
    cr_ok(shareable_list_lock(owner, 0));
    cr_ok(shareable_watch_add_lock(watch, list, &id));
    usleep(5000);
    pthread_create(&thread, NULL, lock_and_unlock, third);
    usleep(40000);
    start = shareable__now();
    cr_ok(shareable_list_unlock(owner));
    cr_assert(is_readable(watch, 10000));
    cr_ok(shareable_watch_remove(watch, id));
    pthread_join(thread, NULL);
    cr_assert_lt(shareable__now() - start, time_limit(SECOND));
  }
  shareable_watch_free(watch);
  shareable_list_unref(third);
  shareable_list_unref(owner);
  end_list(list);
}

Test(watch, leaves_the_lock_when_it_is_disarmed) {
  shareable_list *list = signals(0), *owner = again(list, 0);
  shareable_watch *watch = new_watch();
  uint64_t id;

  cr_ok(shareable_list_lock(owner, 0));
  cr_ok(shareable_watch_add_lock(watch, list, &id));
  usleep(20000);
  cr_ok(shareable_watch_disarm(watch, id));
  usleep(20000);
  cr_assert_eq(syscall(SYS_futex, &list->sync.area->lock, FUTEX_WAKE, 1, NULL, NULL, 0), 0, "a thread sleeps on it");
  cr_ok(shareable_list_unlock(owner));
  shareable_watch_free(watch);
  shareable_list_unref(owner);
  end_list(list);
}

static void lock_and_stay(const void *list) {
  shareable_list_lock((shareable_list *)list, 0);
}

Test(watch, reports_that_the_locks_owner_died) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch();
  uint64_t id;
  pid_t child = start(lock_and_stay, list);

  cr_ok(shareable_watch_add_lock(watch, list, &id));
  expect_silence(watch);
  end(child, SIGKILL);
  cr_assert_eq(next_changed(watch), id);
  cr_status(shareable_list_lock(list, 0), SHAREABLE_E_OWNER_DIED);
  shareable_watch_free(watch);
  end_list(list);
}

Test(watch, reports_that_a_list_was_closed) {
  shareable_list *list = signals(0), *others[] = {again(list, 0), again(list, SHAREABLE_READ_ONLY), again(list, 0)};
  shareable_watch *watch = new_watch();
  uint64_t ids[3];

  cr_ok(shareable_watch_add_item(watch, others[0], ITEM, 0, &ids[0]));
  cr_ok(shareable_watch_add_item(watch, others[1], ITEM, 0, &ids[1]));
  cr_ok(shareable_watch_add_list(watch, others[2], 0, 0, &ids[2]));
  shareable_list_close(others[0]);
  cr_assert_eq(next_changed(watch), ids[0]);
  shareable_memory_close(shareable_list_memory(others[1]));
  cr_assert_eq(next_changed(watch), ids[1]);
  shareable_list_unref(others[2]);
  cr_assert_eq(next_changed(watch), ids[2]);
  cr_ok(shareable_list_set_int(list, ITEM, 1));
  expect_silence(watch);
  cr_status(shareable_watch_arm(watch, ids[0], 0), SHAREABLE_E_CLOSED);
  cr_ok(shareable_watch_remove(watch, ids[0]));
  cr_status(shareable_watch_remove(watch, ids[0]), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_add_item(watch, others[0], ITEM, 0, &ids[0]), SHAREABLE_E_CLOSED);
  shareable_watch_free(watch);
  shareable_list_unref(others[0]);
  shareable_list_unref(others[1]);
  end_list(list);
}

Test(watch, rejects_bad_arguments) {
  shareable_list *list = signals(0), *plain, *reader = again(list, SHAREABLE_READ_ONLY);
  shareable_watch *watch = new_watch(), *other = new_watch();
  uint64_t id, ids[1];
  size_t count;

  cr_ok(shareable_list_create(&plain, NULL, NULL, 0, SHAREABLE_NO_SYNC, 0, NULL));
  cr_status(shareable_watch_create(NULL, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_add_item(NULL, list, 0, 0, &id), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_add_item(watch, NULL, 0, 0, &id), SHAREABLE_E_CLOSED);
  cr_status(shareable_watch_add_item(watch, list, 0, 0, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_add_item(watch, list, 0, 2, &id), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_add_item(watch, list, COUNT, 0, &id), SHAREABLE_E_INDEX);
  cr_status(shareable_watch_add_lock(watch, plain, &id), SHAREABLE_E_NO_SYNC);
  cr_status(shareable_watch_add_lock(watch, reader, &id), SHAREABLE_E_READ_ONLY);
  cr_ok(shareable_watch_add_item(watch, list, -1, 0, &id));
  cr_status(shareable_watch_arm(other, id, 0), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_disarm(other, id), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_remove(other, id), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_remove(NULL, id), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_changed(NULL, ids, 1, &count), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_changed(watch, NULL, 1, &count), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_watch_changed(watch, ids, 1, NULL), SHAREABLE_E_ARGUMENT);
  cr_ok(shareable_watch_changed(watch, ids, 1, &count));
  cr_assert_eq(count, 0);
  cr_assert_eq(shareable_watch_fd(NULL), -1);
  shareable_watch_free(NULL);
  shareable_watch_free(other);
  shareable_watch_free(watch);
  shareable_list_unref(reader);
  end_list(plain);
  end_list(list);
}

/* Exits with 0 if the watch of the parent works in its child. */
static void use_in_child(shareable_watch *watch, shareable_list *list, uint64_t id) {
  if (!is_readable(watch, 0) || next_changed(watch) != id || is_readable(watch, 20))
    _exit(1);
  if (shareable_list_set_int(list, ITEM, 7) != SHAREABLE_OK || next_changed(watch) != id)
    _exit(2);
  if (is_readable(watch, 20))
    _exit(3);
  exit(0);
}

static void expect_work_in_child(pid_t (*fork_function)(void), bool has_handlers) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch();
  uint64_t id;
  int status;
  pid_t child;

  cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &id));
  wait_until_others_are_asleep();
  child = fork_function();
  if (child == 0) {
    if (!has_handlers)
      shareable_watch_remove(watch, 0);
    use_in_child(watch, list, id);
  }
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0, "%x", status);
  cr_assert_eq(next_changed(watch), id, "the parent has its own report of the child's write");
  expect_silence(watch);
  shareable_watch_free(watch);
  end_list(list);
}

Test(watch, works_in_a_child_of_a_fork) {
  expect_work_in_child(fork, true);
}

static void *close_list(void *list) {
  shareable_list_close(list);
  return NULL;
}

/* A fork may find another thread between the close of the block and the removal of its entries. */
Test(watch, a_child_frees_a_list_that_its_parent_was_closing) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch();
  pthread_t thread;
  uint64_t id;
  int status;
  pid_t child;

  need_cleared_pages();
  cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &id));
  shareable__watch_lock();
  pthread_create(&thread, NULL, close_list, list);
  while (shareable__memory_is_open(list->memory))
    usleep(100);
  child = fork_without_handlers();
  if (child == 0) {
    shareable__watch_unlock();
    shareable_list_unref(list);
    shareable_watch_free(watch);
    _exit(0);
  }
  shareable__watch_unlock();
  pthread_join(thread, NULL);
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0, "%x", status);
  shareable_watch_free(watch);
  end_list(list);
}

Test(watch, works_in_a_child_without_fork_handlers) {
  need_cleared_pages();
  expect_work_in_child(fork_without_handlers, false);
}

/* Stops and continues the process many times, which then runs for less than a millisecond at once. */
static pid_t stop_repeatedly(pid_t process) {
  pid_t child = fork();

  if (child != 0)
    return child;
  for (int k = 0; k < 10; k++) {
    usleep(500);
    kill(process, SIGSTOP);
    usleep(100000);
    kill(process, SIGCONT);
  }
  _exit(0);
}

Test(watch, checks_a_list_again_soon_although_the_process_was_stopped_during_a_check) {
  enum { MANY = 500000 };
  shareable_value *values = calloc(MANY, sizeof *values);
  shareable_watch *watch = new_watch();
  shareable_list *list;
  uint64_t id;
  pid_t child;

  cr_assert_not_null(values);
  for (size_t i = 0; i < MANY; i++)
    values[i] = shareable_int(0);
  list = new_list(values, MANY);
  free(values);
  cr_ok(shareable_watch_add_list(watch, list, 0, 0, &id));
  child = stop_repeatedly(getpid());
  cr_assert_eq(waitpid(child, NULL, 0), child);
  poke(list, 1);
  cr_assert_eq(next_changed(watch), id);
  shareable_watch_free(watch);
  end_list(list);
}

/* More words than one thread takes, and more than there may be. */
enum { LISTS = 6 };

static void expect_reports_of_many(size_t count_items) {
  shareable_list *lists[LISTS];
  shareable_watch *watch = new_watch();
  uint64_t ids[LISTS][32], changed[8];
  size_t count, before = threads();

  for (size_t k = 0; k < LISTS; k++) {
    lists[k] = one_of_many();
    for (size_t i = 0; i < count_items; i++)
      cr_ok(shareable_watch_add_item(watch, lists[k], (int64_t)i, SHAREABLE_WATCH_ONCE, &ids[k][i]));
  }
  while (shareable_watch_changed(watch, changed, LENGTH(changed), &count) == SHAREABLE_OK && count > 0)
    ; /* those that were moved to another word */
  for (size_t i = 0; i < count_items; i++) {
    size_t found = 0;

    for (size_t k = 0; k < LISTS; k++)
      cr_ok(shareable_watch_arm(watch, ids[k][i], 0));
    for (size_t k = 0; k < LISTS; k++)
      cr_ok(shareable_list_set_int(lists[k], (int64_t)i, (int64_t)i + 1));
    for (; found < LISTS; found += count) {
      cr_assert(is_readable(watch, 10000), "item %zu: %zu reports", i, found);
      cr_ok(shareable_watch_changed(watch, changed, LENGTH(changed), &count));
    }
    for (size_t k = 0; k < LISTS; k++)
      cr_ok(shareable_watch_disarm(watch, ids[k][i]));
  }
  cr_assert_leq(threads(), before + 3);
  shareable_watch_free(watch);
  expect_threads(before);
  for (size_t k = 0; k < LISTS; k++)
    end_list(lists[k]);
}

Test(watch, many_words_have_several_threads) {
  shareable__checker_interval = 60 * SECOND;
  expect_reports_of_many(32);
}

Test(watch, above_a_number_of_words_the_items_of_a_list_share_one) {
  shareable__checker_interval = 60 * SECOND;
  shareable__words_max = 40;
  expect_reports_of_many(32);
}

Test(watch, works_without_futex_waitv) {
  shareable__futex_no_waitv = true;
  shareable__checker_interval = 60 * SECOND;
  expect_reports_of_many(8);
}

static void refuse_waitv(int errnum) {
  if (!refuse_call(SYS_futex_waitv, errnum))
    skip_because("needs seccomp(2)");
}

/* The waiter is in a queue behind the owner of the lock. */
static void expect_report_of_lock(void) {
  shareable_list *list = signals(0), *owner = again(list, 0);
  shareable_watch *watch = new_watch();
  uint64_t id;

  cr_ok(shareable_list_lock(owner, 0));
  cr_ok(shareable_watch_add_lock(watch, list, &id));
  cr_status(shareable_list_lock(list, 0), SHAREABLE_E_TIMED_OUT);
  cr_ok(shareable_list_unlock(owner));
  cr_assert_eq(next_changed(watch), id);
  cr_ok(shareable_list_lock(list, 0));
  cr_ok(shareable_list_unlock(list));
  shareable_watch_free(watch);
  shareable_list_unref(owner);
  end_list(list);
}

Test(watch, works_if_the_kernel_has_no_futex_waitv) {
  refuse_waitv(ENOSYS);
  shareable__checker_interval = 60 * SECOND;
  expect_report_of_lock();
  expect_reports_of_many(8);
}

Test(watch, works_if_a_filter_forbids_futex_waitv) {
  refuse_waitv(EPERM);
  shareable__checker_interval = 60 * SECOND;
  expect_report_of_lock();
  expect_reports_of_many(8);
}

/* Returns 0, 77 to skip the test, or the number of the call that failed. */
static int use_without_eventfd(shareable_list *list, shareable_list *other) {
  const shareable_value zero = shareable_int(0);
  shareable_error error;
  shareable_watch *watch;

  if (!refuse_call(SYS_eventfd2, EPERM))
    return 77;
  if (shareable_watch_create(&watch, &error) != SHAREABLE_E_PERMISSION || error.sys_errno != EPERM)
    return 1;
  if (shareable_list_wait(list, ITEM, &zero, 20 * MILLISECOND) != SHAREABLE_E_TIMED_OUT)
    return 2;
  if (shareable_list_set_int(other, ITEM, 1) != SHAREABLE_OK ||
      shareable_list_wait(list, ITEM, &zero, SECOND) != SHAREABLE_OK)
    return 3;
  if (shareable_list_lock(list, 0) != SHAREABLE_OK ||
      shareable_list_lock(other, 20 * MILLISECOND) != SHAREABLE_E_TIMED_OUT ||
      shareable_list_unlock(list) != SHAREABLE_OK || shareable_list_lock(other, SECOND) != SHAREABLE_OK)
    return 4;
  return 0;
}

/* In a child, because the test's own process may need descriptors for its report. */
Test(watch, is_refused_without_eventfd_but_waits_and_locks_work) {
  shareable_list *list = signals(0), *other = again(list, 0);
  pid_t child = fork();
  int status;

  if (child == 0)
    _exit(use_without_eventfd(list, other));
  waitpid(child, &status, 0);
  cr_assert(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77)
    skip_because("needs seccomp(2)");
  cr_assert_eq(WEXITSTATUS(status), 0, "call %d", WEXITSTATUS(status));
  shareable_list_unref(other);
  end_list(list);
}

Test(watch, a_closed_descriptor_that_is_used_again_is_not_written_to) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch();
  FILE *file = tmpfile();
  uint64_t id;

  cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &id));
  cr_assert_eq(dup2(fileno(file), shareable_watch_fd(watch)), shareable_watch_fd(watch));
  cr_ok(shareable_list_set_int(list, ITEM, 1));
  usleep(100000);
  shareable_watch_free(watch);
  cr_assert_eq(lseek(fileno(file), 0, SEEK_END), 0);
  fclose(file);
  end_list(list);
}

/* A waiter thread makes the descriptor readable after it has reported the entries. */
Test(watch, a_signal_without_entries_makes_the_descriptor_readable_once) {
  shareable_watch *watch = new_watch();
  size_t count = 1;
  uint64_t id;

  shareable__eventfd_signal(&watch->event);
  cr_assert(is_readable(watch, 0));
  cr_ok(shareable_watch_changed(watch, &id, 1, &count));
  cr_assert_eq(count, 0);
  cr_assert(!is_readable(watch, 0));
  shareable_watch_free(watch);
}

/* Does the end of shareable__watch_unlock_and_signal(), late. */
static void *signal_late(void *context) {
  shareable_watch *watch = context;
  bool is_open;

  usleep(100000);
  is_open = fcntl(shareable_watch_fd(watch), F_GETFD) >= 0;
  shareable__eventfd_signal(&watch->event);
  atomic_fetch_sub(&watch->signals, 1);
  return (void *)(intptr_t)is_open;
}

Test(watch, is_freed_after_a_thread_has_made_its_descriptor_readable) {
  shareable_watch *watch = new_watch();
  void *was_open = NULL;
  pthread_t thread;

  atomic_store(&watch->signals, 1);
  cr_assert_eq(pthread_create(&thread, NULL, signal_late, watch), 0);
  shareable_watch_free(watch);
  pthread_join(thread, &was_open);
  cr_assert_not_null(was_open);
}

Test(watch, leaves_no_thread_and_no_descriptor) {
  shareable_list *list = signals(0);
  size_t before = descriptors(), threads_before = threads();

  for (int k = 0; k < 50; k++) {
    shareable_watch *watch = new_watch();
    uint64_t id;

    cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &id));
    cr_ok(shareable_watch_add_list(watch, list, 0, 0, &id));
    cr_ok(shareable_watch_add_lock(watch, list, &id));
    cr_ok(shareable_list_set_int(list, ITEM, k));
    if (k % 2 == 0)
      cr_ok(shareable_watch_remove(watch, id));
    shareable_watch_free(watch);
  }
  expect_threads(threads_before);
  cr_assert_eq(descriptors(), before);
  end_list(list);
}

/* The file of an eventfd is that of all eventfds, and of other descriptors that have no file. */
Test(watch, an_eventfd_in_the_place_of_a_closed_one_is_left_alone) {
  shareable_list *list = signals(0);
  shareable_watch *watch = new_watch(), *other;
  int fd = shareable_watch_fd(watch), replacement = eventfd(1, EFD_NONBLOCK);
  uint64_t id, count = 0;

  cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &id));
  cr_assert_eq(dup2(replacement, fd), fd);
  cr_ok(shareable_list_set_int(list, ITEM, 1));
  usleep(100000);
  cr_ok(shareable_watch_changed(watch, &id, 1, &(size_t){0}));
  cr_ok(shareable_watch_changed(watch, &id, 1, &(size_t){0}));
  shareable_watch_free(watch);
  cr_assert_eq(read(fd, &count, sizeof count), sizeof count, "it is closed, or was read");
  cr_assert_eq(count, 1, "it was written to");
  close(replacement);
  close(fd);
  watch = new_watch();
  close(shareable_watch_fd(watch));
  other = new_watch();
  cr_assert_eq(shareable_watch_fd(other), shareable_watch_fd(watch));
  shareable_watch_free(watch);
  cr_assert_neq(fcntl(shareable_watch_fd(other), F_GETFD), -1, "a later watch has the number");
  shareable_watch_free(other);
  end_list(list);
}

/* Valgrind and QEMU have no futex_waitv(2). Without it, the threads check their words at intervals. */
static void need_waitv(void) {
#if defined(SYS_futex_waitv) && !defined(SHAREABLE_PORTABLE)
  if (syscall(SYS_futex_waitv, NULL, 0, 0, NULL, 0) < 0 && errno == EINVAL && !shareable__futex_no_waitv)
    return;
#endif
  skip_because("needs futex_waitv(2)");
}

Test(watch, a_thousand_idle_lists_cost_little) {
  enum { LISTS_WATCHED = 1000 };
  shareable_list *lists[LISTS_WATCHED];
  shareable_watch *watch;
  size_t before = threads();
  int64_t start, used;
  uint64_t id;

  need_waitv();
  watch = new_watch();
  for (size_t k = 0; k < LISTS_WATCHED; k++) {
    lists[k] = one_of_many();
    cr_ok(shareable_watch_add_item(watch, lists[k], ITEM, 0, &id));
  }
  cr_assert_leq(threads(), before + 9);
  usleep(200000);
  start = processor_time();
  sleep(2);
  used = processor_time() - start;
  cr_assert_lt(used, 10 * 2 * MILLISECOND, "%d us a second", (int)(used / 2000));
  fprintf(stderr, "1,000 idle lists: %.2f %% of a processor\n", (double)used / 2e7);
  shareable_watch_free(watch);
  for (size_t k = 0; k < LISTS_WATCHED; k++)
    end_list(lists[k]);
}

/* The mapping of the first handle, and then that of the second, ends during the sleep. */
Test(watch, handles_of_one_list_share_a_thread) {
  enum { HANDLES = 500 };
  shareable_list *list = signals(0), *handles[HANDLES];
  shareable_watch *watch = new_watch();
  size_t before = threads();
  uint64_t ids[HANDLES], changed[HANDLES];
  size_t count;

  shareable__checker_interval = 60 * SECOND;
  for (size_t k = 0; k < HANDLES; k++) {
    handles[k] = again(list, 0);
    cr_ok(shareable_watch_add_item(watch, handles[k], ITEM, SHAREABLE_WATCH_ONCE, &ids[k]));
  }
  cr_assert_leq(threads(), before + 2);
  for (size_t k = 0; k < 2; k++) {
    usleep(20000);
    shareable_list_unref(handles[k]);
    cr_assert_eq(next_changed(watch), ids[k]);
  }
  usleep(20000);
  cr_ok(shareable_list_set_int(list, ITEM, 1));
  for (size_t found = 2; found < HANDLES; found += count) {
    cr_assert(is_readable(watch, 10000), "%zu reports", found);
    cr_ok(shareable_watch_changed(watch, changed, HANDLES, &count));
  }
  for (size_t k = 2; k < HANDLES; k++)
    cr_ok(shareable_watch_arm(watch, ids[k], 0));
  cr_ok(shareable_list_set_int(handles[2], ITEM, 2));
  cr_assert(is_readable(watch, 10000));
  shareable_watch_free(watch);
  for (size_t k = 2; k < HANDLES; k++)
    shareable_list_unref(handles[k]);
  end_list(list);
}

/* Only one handle can get the lock. The others are reported in the order in which they were armed. */
Test(watch, the_lock_is_reported_to_one_handle_at_a_time) {
  enum { HANDLES = 5 };
  shareable_list *list = signals(0), *handles[HANDLES];
  shareable_watch *watch = new_watch();
  uint64_t ids[HANDLES];

  shareable__checker_interval = 60 * SECOND;
  cr_ok(shareable_list_lock(list, 0));
  for (size_t k = 0; k < HANDLES; k++) {
    handles[k] = again(list, 0);
    cr_ok(shareable_watch_add_lock(watch, handles[k], &ids[k]));
  }
  usleep(20000);
  cr_ok(shareable_list_unlock(list));
  for (size_t k = 0; k < HANDLES; k++) {
    cr_assert_eq(next_changed(watch), ids[k]);
    expect_silence(watch);
    if (k % 2 == 0)
      cr_ok(shareable_list_lock(handles[k], 0));
    cr_ok(shareable_watch_disarm(watch, ids[k]));
    if (k % 2 == 0)
      cr_ok(shareable_list_unlock(handles[k]));
  }
  shareable_watch_free(watch);
  for (size_t k = 0; k < HANDLES; k++)
    shareable_list_unref(handles[k]);
  end_list(list);
}

/* The program forgets to answer the report of the first handle. */
Test(watch, an_unanswered_report_of_the_lock_does_not_block_others) {
  shareable_list *list = signals(0), *others[] = {again(list, 0), again(list, 0)};
  shareable_watch *watch = new_watch();
  uint64_t ids[2];

  cr_ok(shareable_list_lock(list, 0));
  cr_ok(shareable_watch_add_lock(watch, others[0], &ids[0]));
  cr_ok(shareable_watch_add_lock(watch, others[1], &ids[1]));
  cr_ok(shareable_list_unlock(list));
  cr_assert_eq(next_changed(watch), ids[0]);
  cr_assert_eq(next_changed(watch), ids[1]);
  shareable_watch_free(watch);
  shareable_list_unref(others[0]);
  shareable_list_unref(others[1]);
  end_list(list);
}

/* Adds the entries to one word, and reports them. Returns the time to remove them. */
static int64_t time_to_remove(shareable_list *list, size_t count, bool one_by_one) {
  shareable_watch *watch = new_watch();
  uint64_t *ids = calloc(count, sizeof *ids);
  int64_t start;

  for (size_t k = 0; k < count; k++)
    cr_ok(shareable_watch_add_item(watch, list, ITEM, 0, &ids[k]));
  cr_ok(shareable_list_set_int(list, ITEM, (int64_t)count));
  cr_assert(is_readable(watch, 10000));
  start = shareable__now();
  for (size_t k = count; one_by_one && k-- > 0;)
    cr_ok(shareable_watch_remove(watch, ids[k]));
  shareable_watch_free(watch);
  free(ids);
  return shareable__now() - start;
}

/* Without links in both directions, each of the two takes more than ten seconds. */
Test(watch, a_hundred_thousand_entries_of_a_word_are_removed_soon) {
  enum { ENTRIES = 100000 };
  shareable_list *list = signals(0);

  shareable__checker_interval = 60 * SECOND;
  cr_assert_lt(time_to_remove(list, ENTRIES, true), 3 * SECOND);
  cr_assert_lt(time_to_remove(list, ENTRIES, false), 3 * SECOND);
  end_list(list);
}
