/*
 * dict_threads.c - threads of one process on one dict, to run under ThreadSanitizer.
 *
 * usage: dict_threads ROUNDS
 *
 * Two handles have two threads each. The threads insert and delete keys of their own, with short and
 * long values, and add to one counter. Another thread for each handle visits all keys, waits for the
 * counter, and copies the dict.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shareable.h"

#define THREADS 4

enum { VALUE_SIZE = 600, PLACES = 40 };

static char name[40], copy_name[50];
static shareable_dict *handles[2], *copy;
static int rounds;
static atomic_bool is_over;

static void must(int status, const char *operation) {
  if (status == 0)
    return;
  fprintf(stderr, "dict_threads: %s: %s\n", operation, shareable_status_message(status));
  exit(1);
}

static void check_own(shareable_dict *dict, const shareable_value *key, size_t length) {
  char buffer[VALUE_SIZE];
  size_t found = 0;

  must(shareable_dict_get_str(dict, key, buffer, sizeof buffer, &found), "get");
  if (found == length && buffer[0] == 'x' && buffer[length - 1] == 'x')
    return;
  fprintf(stderr, "dict_threads: another value\n");
  exit(1);
}

/* A thread's number also chooses its handle. */
static void *work(void *number) {
  int own = *(int *)number;
  shareable_dict *dict = handles[own % 2];
  const shareable_value counter = shareable_str("counter");
  char key_text[20], text[VALUE_SIZE];

  memset(text, 'x', sizeof text);
  for (int round = 0; round < rounds; round++) {
    const shareable_value key =
      shareable_strn(key_text, (size_t)snprintf(key_text, sizeof key_text, "%d:%d", own, round % 8));
    size_t length = round % 3 == 0 ? VALUE_SIZE : 1 + (size_t)round % 100;
    const shareable_value value = shareable_strn(text, length);

    must(shareable_dict_set(dict, &key, &value, SHAREABLE_DICT_ANY, 0, -1), "set");
    check_own(dict, &key, length);
    must(shareable_dict_add(dict, &counter, 1, 0, 0, 0, -1, NULL), "add");
    if (round % 2 == 0)
      must(shareable_dict_delete(dict, &key, -1), "delete");
  }
  return NULL;
}

static void visit(shareable_dict *dict) {
  char key[16], value[VALUE_SIZE];
  shareable_dict_item item = {
    .key_buffer = key, .key_buffer_size = sizeof key, .value_buffer = value, .value_buffer_size = sizeof value};
  size_t cursor = 0;
  shareable_status status;

  while ((status = shareable_dict_next(dict, &cursor, &item)) == SHAREABLE_OK)
    continue;
  if (status != SHAREABLE_E_NO_KEY)
    must(status, "next");
}

static void *watch(void *which) {
  shareable_dict *dict = handles[*(int *)which];
  const shareable_value counter = shareable_str("counter");

  while (!is_over) {
    int64_t count = 0;
    shareable_status status = shareable_dict_get_int(dict, &counter, &count);
    shareable_value value = shareable_int(count);

    if (status == SHAREABLE_OK)
      status = shareable_dict_wait(dict, &counter, &value, 1000000);
    if (status != SHAREABLE_OK && status != SHAREABLE_E_NO_KEY && status != SHAREABLE_E_TIMED_OUT)
      must(status, "wait");
    visit(dict);
    must(shareable_dict_copy(dict, copy, -1), "copy");
    must(shareable_dict_reindex(dict, -1), "reindex");
  }
  return NULL;
}

int main(int argc, char **argv) {
  static int numbers[THREADS] = {0, 1, 2, 3};
  const shareable_value counter = shareable_str("counter");
  pthread_t threads[THREADS], watchers[2];
  int64_t added = 0;

  rounds = argc > 1 ? atoi(argv[1]) : 2000;
  snprintf(name, sizeof name, "dict-threads-%ld", (long)getpid());
  snprintf(copy_name, sizeof copy_name, "%s-copy", name);
  must(shareable_dict_create(&handles[0], name, PLACES, 16, VALUE_SIZE, 0, 0, NULL), "create");
  must(shareable_dict_create(&copy, copy_name, PLACES, 16, VALUE_SIZE, 0, 0, NULL), "create");
  must(shareable_dict_open(&handles[1], name, 0, NULL), "open");
  for (int i = 0; i < THREADS; i++)
    must(pthread_create(&threads[i], NULL, work, &numbers[i]), "thread");
  for (int i = 0; i < 2; i++)
    must(pthread_create(&watchers[i], NULL, watch, &numbers[i]), "thread");
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  is_over = true;
  for (int i = 0; i < 2; i++)
    pthread_join(watchers[i], NULL);
  must(shareable_dict_get_int(handles[0], &counter, &added), "get int");
  must(shareable_dict_unlink(handles[0], NULL), "unlink");
  must(shareable_dict_unlink(copy, NULL), "unlink");
  shareable_dict_unref(handles[0]);
  shareable_dict_unref(handles[1]);
  shareable_dict_unref(copy);
  printf("%d threads, %d rounds: %" PRId64 " added\n", THREADS, rounds, added);
  return added != THREADS * (int64_t)rounds;
}
