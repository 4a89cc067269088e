/*
 * threads.c - threads of one process on one list, to run under ThreadSanitizer. ThreadSanitizer
 * does not support Criterion and does not see other processes.
 *
 * usage: threads ROUNDS
 *
 * Two handles have two worker threads each. The threads write values of every type to one item,
 * read it, add to another item, and count a third one up under the lock. The lock also guards an
 * ordinary variable. One more thread for each handle waits for changes and searches the list. Another
 * one watches items, the list and the lock through handles of its own, which it closes meanwhile.
 */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shareable.h"

#define THREADS 4

enum { MIXED, ADDED, LOCKED, NUMBERS, COUNT = 200 };

static char name[40];
static shareable_list *handles[2];
static int rounds;
static atomic_bool is_over;
static int64_t guarded[2]; /* one per handle: ThreadSanitizer sees a lock for each mapping */

static void must(int status, const char *operation) {
  if (status == 0)
    return;
  fprintf(stderr, "threads: %s: %s\n", operation, shareable_status_message(status));
  exit(1);
}

static void write_something(shareable_list *list, int round) {
  static const char text[] = "a text of some bytes";

  switch (round % 4) {
  case 0:
    must(shareable_list_set_int(list, MIXED, -1), "set int");
    break;
  case 1:
    must(shareable_list_set_float(list, MIXED, -0.5), "set float");
    break;
  case 2:
    must(shareable_list_set_str(list, MIXED, text, sizeof text - 1), "set str");
    break;
  default:
    must(shareable_list_set_none(list, MIXED), "set None");
  }
}

static void read_it(const shareable_list *list) {
  shareable_value value;
  char buffer[64];

  must(shareable_list_get(list, MIXED, &value, buffer, sizeof buffer), "get");
  if ((value.type == SHAREABLE_TYPE_INT && value.integer != -1) ||
      (value.type == SHAREABLE_TYPE_FLOAT && value.real != -0.5) ||
      (value.type == SHAREABLE_TYPE_STR && value.length != 20))
    must(SHAREABLE_E_CORRUPT, "a torn read");
}

static void count_up(shareable_list *list, int64_t *beside) {
  int64_t integer;

  must(shareable_list_add(list, ADDED, 1, NULL), "add");
  must(shareable_list_lock(list, -1), "lock");
  must(shareable_list_get_int(list, LOCKED, &integer), "get int");
  must(shareable_list_set_int(list, LOCKED, integer + 1), "set int");
  ++*beside;
  must(shareable_list_unlock(list), "unlock");
}

static void *work(void *which) {
  shareable_list *list = handles[(int64_t *)which - guarded];

  for (int round = 0; round < rounds; round++) {
    write_something(list, round);
    read_it(list);
    count_up(list, which);
  }
  return NULL;
}

static void *watch(void *which) {
  shareable_list *list = handles[(int64_t *)which - guarded];
  const shareable_value absent = shareable_int(-7);
  shareable_value seen = shareable_int(0);
  uint64_t hash = 0;
  size_t found;

  while (!is_over) {
    int status = shareable_list_wait(list, ADDED, &seen, 100000000);

    must(status == SHAREABLE_E_TIMED_OUT ? SHAREABLE_OK : status, "wait");
    must(shareable_list_get_int(list, ADDED, &seen.integer), "get int");
    status = shareable_list_wait_any(list, &hash, 100000000);
    must(status == SHAREABLE_E_TIMED_OUT ? SHAREABLE_OK : status, "wait for anything");
    must(shareable_list_count(list, &absent, &found), "count");
    must(shareable_list_set_int(list, NUMBERS, seen.integer), "set int");
  }
  return NULL;
}

/* Watches a new handle until a change of it is reported, and then closes the handle or the watch first. */
static void watch_a_handle(shareable_watch *watch, int round) {
  uint64_t ids[4], changed[4];
  shareable_list *list;
  size_t count;

  must(shareable_list_open(&list, name, round % 3 == 0 ? SHAREABLE_READ_ONLY : 0, NULL), "open");
  must(shareable_watch_add_item(watch, list, ADDED, SHAREABLE_WATCH_ONCE, &ids[0]), "watch an item");
  must(shareable_watch_add_item(watch, list, MIXED, 0, &ids[1]), "watch an item");
  must(shareable_watch_add_list(watch, list, 0, 0, &ids[2]), "watch the list");
  if (round % 3 != 0)
    must(shareable_watch_add_lock(watch, list, &ids[3]), "watch the lock");
  poll(&(struct pollfd){.fd = shareable_watch_fd(watch), .events = POLLIN}, 1, 100);
  must(shareable_watch_changed(watch, changed, 4, &count), "changed");
  must(shareable_watch_arm(watch, ids[0], 0), "arm");
  if (round % 2 == 0)
    shareable_list_close(list);
  for (int k = 0; k < (round % 3 != 0 ? 4 : 3); k++)
    must(shareable_watch_remove(watch, ids[k]), "remove");
  shareable_list_unref(list);
}

static void *watch_handles(void *unused) {
  shareable_watch *watch = NULL;

  for (int round = 0; !is_over; round++) {
    if (watch == NULL)
      must(shareable_watch_create(&watch, NULL), "create a watch");
    watch_a_handle(watch, round);
    if (round % 5 == 0) {
      shareable_watch_free(watch);
      watch = NULL;
    }
  }
  if (rounds % 2 == 0) /* otherwise the end of the process ends the threads */
    shareable_watch_free(watch);
  return unused;
}

int main(int argc, char **argv) {
  shareable_value values[COUNT] = {shareable_str("a text of some bytes")};
  pthread_t threads[THREADS], watchers[3];
  int64_t added, locked;

  rounds = argc > 1 ? atoi(argv[1]) : 2000;
  snprintf(name, sizeof name, "threads-test-%ld", (long)getpid());
  for (int i = 1; i < COUNT; i++)
    values[i] = shareable_int(0);
  must(shareable_list_create(&handles[0], name, values, COUNT, 0, 0, NULL), "create");
  must(shareable_list_open(&handles[1], name, 0, NULL), "open");
  for (int i = 0; i < THREADS; i++)
    must(pthread_create(&threads[i], NULL, work, &guarded[i % 2]), "thread");
  for (int i = 0; i < 2; i++)
    must(pthread_create(&watchers[i], NULL, watch, &guarded[i]), "thread");
  must(pthread_create(&watchers[2], NULL, watch_handles, NULL), "thread");
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  is_over = true;
  for (int i = 0; i < 3; i++)
    pthread_join(watchers[i], NULL);
  must(shareable_list_get_int(handles[0], ADDED, &added), "get int");
  must(shareable_list_get_int(handles[0], LOCKED, &locked), "get int");
  must(shareable_list_unlink(handles[0], NULL), "unlink");
  shareable_list_unref(handles[0]);
  shareable_list_unref(handles[1]);
  printf("%d threads, %d rounds: %" PRId64 " added, %" PRId64 " counted under the lock, %" PRId64 " beside it\n",
         THREADS, rounds, added, locked, guarded[0] + guarded[1]);
  return added != THREADS * (int64_t)rounds || locked != added || guarded[0] + guarded[1] != added;
}
