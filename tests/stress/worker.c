/*
 * worker.c - a worker of the stress test, in C: see stress.h. It works until it is killed.
 *
 * All languages have the roles writer, reader and watcher. Only this worker also has the roles
 * viewer, listener and metronome. It links the library's internals, and makes the sleep intervals
 * of listener and metronome so long that polling cannot hide a lost wake-up.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "list/list.h"
#include "stress.h"

#define SECOND INT64_C(1000000000)

static shareable_list *list, *tally;
static int64_t row;
static uint64_t state;

static void must(int status, const char *operation) {
  if (status == SHAREABLE_OK)
    return;
  fprintf(stderr, "stress: a worker in C: %s: %s\n", operation, shareable_status_message(status));
  exit(1);
}

static void count(int column) {
  must(shareable_list_add(tally, row + column, 1, NULL), "the tally");
}

static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static int64_t now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

static void check_duration(int64_t start, const char *operation) {
  double time = (double)(now() - start) / (double)SECOND;

  if (time <= 1)
    return;
  count(STUCK);
  fprintf(stderr, "stress: C: %s took %.3f s\n", operation, time);
}

/*
 * Returns a number whose upper half follows from its lower half. Its lowest bit encodes the type it
 * was written as.
 */
static uint64_t with_checksum(uint64_t random, unsigned type) {
  uint64_t low = (random & 0xfffffffe) | type;

  return ((low * UINT64_C(0x9e3779b1)) & 0x3fffffff) << 32 | low;
}

/* A text repeats one letter, which follows from the text's length. */
static char letter(size_t length, bool is_bytes) {
  return (char)((is_bytes ? 'A' : 'a') + length % 26);
}

static bool repeats_one_letter(const char *text, size_t length, bool is_bytes) {
  for (size_t i = 0; i < length; i++)
    if (text[i] != letter(length, is_bytes))
      return false;
  return true;
}

static bool is_whole(const shareable_value *value) {
  switch (value->type) {
  case SHAREABLE_TYPE_INT:
    return value->bits == with_checksum(value->bits, 0);
  case SHAREABLE_TYPE_FLOAT:
    return value->bits == with_checksum(value->bits, 1);
  case SHAREABLE_TYPE_STR:
  case SHAREABLE_TYPE_BYTES:
    return repeats_one_letter(value->text, (size_t)value->length, value->type == SHAREABLE_TYPE_BYTES);
  default:
    return true;
  }
}

static shareable_value some_value(size_t room, char *buffer) {
  shareable_value value = shareable_none();
  uint64_t kind = next_random() % 10;
  size_t length;

  if (kind < 4) {
    value.type = SHAREABLE_TYPE_INT;
    value.bits = with_checksum(next_random(), 0);
  } else if (kind < 6) {
    value.type = SHAREABLE_TYPE_FLOAT;
    value.bits = with_checksum(next_random(), 1);
  } else if (kind < 7) {
    value = shareable_bool(1);
  } else if (kind > 7) {
    length = next_random() % (room + 1);
    memset(buffer, letter(length, kind == 9), length);
    value = kind == 9 ? shareable_bytes(buffer, length) : shareable_strn(buffer, length);
  }
  return value;
}

static void take_lock(void) {
  int status = shareable_list_lock(list, 2 * SECOND);

  if (status == SHAREABLE_E_OWNER_DIED)
    count(OWNER_DIED);
  else
    must(status, "lock");
}

static void count_up(void) {
  int64_t start = now(), integer;

  must(shareable_list_add(list, ADDED, 1, NULL), "add");
  count(NOTED_ADDED);
  take_lock();
  must(shareable_list_get_int(list, LOCKED, &integer), "get");
  must(shareable_list_set_int(list, LOCKED, integer + 1), "set");
  count(NOTED_LOCKED);
  must(shareable_list_unlock(list), "unlock");
  check_duration(start, "counting");
}

static void write_something(void) {
  int64_t i = (int64_t)(next_random() % VALUES), start;
  static char buffer[TEXT_MAX];
  shareable_value value;
  size_t room;
  int status;

  must(shareable_list_capacity(list, i, &room), "slot");
  value = some_value(room, buffer);
  start = now();
  if (value.type == SHAREABLE_TYPE_INT)
    status = shareable_list_set_int(list, i, value.integer);
  else if (value.type == SHAREABLE_TYPE_FLOAT)
    status = shareable_list_set_float(list, i, value.real);
  else
    status = shareable_list_set(list, i, &value);
  must(status, "write");
  check_duration(start, "a write");
  count(WRITES);
  if (next_random() % 8 == 0)
    count_up();
}

static void count_read(int status, const shareable_value *value, size_t room) {
  count(READS);
  if (status == SHAREABLE_OK && !is_whole(value))
    count(TORN);
  else if (status == SHAREABLE_E_CORRUPT && room > RECORD_TEXT_MAX)
    count(DAMAGED);
  else if (status != SHAREABLE_OK)
    count(status == SHAREABLE_E_UTF8 ? TORN : OTHERS);
}

static void read_something(void) {
  int64_t i = (int64_t)(next_random() % VALUES), start = now();
  shareable_value value = shareable_none();
  static char buffer[TEXT_MAX];
  size_t room;
  int status;

  must(shareable_list_capacity(list, i, &room), "slot");
  if (next_random() % 2) {
    value.type = SHAREABLE_TYPE_INT;
    status = shareable_list_get_int(list, i, &value.integer);
    if (status == SHAREABLE_E_TYPE)
      return;
  } else {
    status = shareable_list_get(list, i, &value, buffer, sizeof buffer);
  }
  check_duration(start, "a read");
  count_read(status, &value, room);
}

/* The last value that a watcher saw. */
static shareable_value seen;
static char seen_text[TEXT_MAX];
static uint64_t hash;

static int wait_for_item(int64_t i) {
  must(shareable_list_get(list, i, &seen, seen_text, sizeof seen_text), "get");
  return shareable_list_wait(list, i, &seen, SECOND);
}

static void watch_something(void) {
  uint64_t kind = next_random() % 4;
  int status = SHAREABLE_OK;

  if (kind == 3) {
    take_lock();
    status = wait_for_item(TICK);
    must(shareable_list_unlock(list), "unlock");
  } else if (kind == 2) {
    status = shareable_list_wait_any(list, &hash, SECOND);
  } else {
    status = wait_for_item(kind == 1 ? TICK : TOCK);
  }
  count(status == SHAREABLE_E_TIMED_OUT ? STUCK : WAITS);
  if (status != SHAREABLE_E_TIMED_OUT)
    must(status, "wait");
}

static int64_t heard;
static int64_t listener;

static void listen(void) {
  const shareable_value before = shareable_int(heard);

  must(shareable_list_wait(list, TICK, &before, -1), "listen");
  must(shareable_list_get_int(list, TICK, &heard), "get");
  must(shareable_list_set_int(list, HEARD + listener, heard), "answer");
  count(WAITS);
}

static void write_tick(uint64_t k, int64_t time) {
  shareable_value tock[] = {shareable_int(time), shareable_float((double)k + 0.5),
                            shareable_str(k % 2 ? "tock" : "tick")};

  if (k % 3 == 0)
    must(shareable_list_exchange(list, TICK, time, NULL), "exchange");
  else
    must(shareable_list_set_int(list, TICK, time), "set");
  must(shareable_list_set(list, TOCK, &tock[k % 3]), "set");
}

/*
 * Writes ticks until each listener answers, which may take long on a busy machine. Nothing is
 * counted yet.
 */
static void await_listeners(void) {
  const shareable_value nothing = shareable_int(0);

  for (int i = 0; i < LISTENERS; i++) {
    int status;

    while ((status = shareable_list_wait(list, HEARD + i, &nothing, SECOND / 10)) == SHAREABLE_E_TIMED_OUT)
      write_tick(0, now());
    must(status, "wait");
  }
}

/* Writes a tick. Each listener must be woken by it, and the metronome by each answer. */
static void tick(void) {
  static uint64_t k;
  int64_t before[LISTENERS], start;

  if (k == 0)
    await_listeners();
  start = now();
  for (int i = 0; i < LISTENERS; i++)
    must(shareable_list_get_int(list, HEARD + i, &before[i]), "get");
  write_tick(k++, start);
  for (int i = 0; i < LISTENERS; i++) {
    const shareable_value value = shareable_int(before[i]);
    int status = shareable_list_wait(list, HEARD + i, &value, SECOND);

    if (status != SHAREABLE_OK && status != SHAREABLE_E_TIMED_OUT)
      must(status, "wait");
    if (status == SHAREABLE_E_TIMED_OUT || now() - start > SECOND)
      count(LOST);
  }
  count(WAITS);
  usleep((useconds_t)(next_random() % 1500));
}

int main(int argc, char **argv) {
  const char *const roles[] = {"writer", "reader", "viewer", "watcher", "listener", "metronome"};
  void (*const work[])(void) = {write_something, read_something, read_something, watch_something, listen, tick};
  char name[300];
  size_t role = 0;

  if (argc != 5)
    return 2;
  while (strcmp(argv[1], roles[role]) != 0)
    if (++role == sizeof roles / sizeof *roles)
      return 2;
  row = COLUMNS * strtoll(argv[3], NULL, 10);
  state = strtoull(argv[4], NULL, 10) * 2 + 1;
  listener = (int64_t)(state / 2 % LISTENERS);
  if (role >= 4)
    shareable__wait_sleep_min = shareable__wait_sleep_max = 1000 * SECOND;
  snprintf(name, sizeof name, "%s-tally", argv[2]);
  must(shareable_list_open(&list, argv[2], role == 2 ? SHAREABLE_READ_ONLY : 0, NULL), "open");
  must(shareable_list_open(&tally, name, 0, NULL), "open");
  for (;;)
    work[role]();
}
