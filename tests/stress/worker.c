/*
 * worker.c - a worker of the stress test, in C: see stress.h. It works until it is killed.
 *
 * All languages have the roles writer, reader, watcher and caller. Only this worker also has the
 * roles viewer, listener, metronome and answerer. It links the library's internals, and makes the
 * sleep intervals of callers, listeners, answerers and the metronome so long that polling cannot
 * hide a lost wake-up.
 *
 * The linker option --wrap replaces the function by which an operation waits for another writer. An
 * operation that does not call it took the fast path.
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
#define LIMIT (2 * SECOND)

static shareable_list *list, *tally;
static int64_t row;
static uint64_t state;

static void must(int status, const char *operation) {
  if (status == SHAREABLE_OK)
    return;
  fprintf(stderr, "stress: a worker in C: %s: %s\n", operation, shareable_status_message(status));
  exit(1);
}

static void count_many(int column, int64_t number) {
  must(shareable_list_add(tally, row + column, number, NULL), "the tally");
}

static void count(int column) {
  count_many(column, 1);
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

/* The operations of this worker that took the fast path, and all that were measured. */
static int64_t measured, fast;
static bool has_waited;

/* The waits for other writers since the last operation whose duration was checked. */
static struct {
  int calls, holders;
  uint64_t observed;
  int64_t last, longest_pause; /* between two calls: the machine did not run this process */
} waits;

static void note_wait(uint64_t observed) {
  int64_t time = now(), pause = waits.calls++ > 0 ? time - waits.last : 0;

  waits.holders += waits.calls == 1 || waits.observed != observed;
  waits.observed = observed;
  waits.last = time;
  if (pause > waits.longest_pause)
    waits.longest_pause = pause;
}

static void check_duration(int64_t start, const char *operation) {
  int64_t time = now() - start;

  if (time > LIMIT) {
    count(STUCK);
    fprintf(stderr, "stress: C: %s took %.3f s: %d waits for %d holders, with a pause of up to %.3f s\n", operation,
            (double)time / (double)SECOND, waits.calls, waits.holders, (double)waits.longest_pause / (double)SECOND);
  }
  waits.calls = waits.holders = 0;
  waits.longest_pause = 0;
}

shareable__backoff_action __real_shareable__backoff_wait(shareable__backoff *backoff, uint64_t observed);
shareable__backoff_action __wrap_shareable__backoff_wait(shareable__backoff *backoff, uint64_t observed);

shareable__backoff_action __wrap_shareable__backoff_wait(shareable__backoff *backoff, uint64_t observed) {
  has_waited = true;
  note_wait(observed);
  return __real_shareable__backoff_wait(backoff, observed);
}

/* Counts an operation, and returns its status. */
static int measure(int status) {
  measured++;
  fast += !has_waited;
  has_waited = false;
  return status;
}

static void count_measured(void) {
  count_many(MEASURED, measured);
  count_many(FAST, fast);
  measured = fast = 0;
  has_waited = false;
}

/*
 * Returns a number of 52 bits, which every language can represent, and whose upper 20 bits follow
 * from the others. Its lowest bit encodes the type it was written as.
 */
static uint64_t with_checksum(uint64_t random, unsigned type) {
  uint64_t low = (random & 0xfffffffe) | type;

  return ((low * UINT64_C(0x9e3779b1)) & 0xfffff) << 32 | low;
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

/* LuaJIT writes an integer as a float if the item is a float. */
static bool is_whole_integral(double real) {
  return real >= 1 && real < 0x1p53 && real == (double)with_checksum((uint64_t)real, 0);
}

static bool is_whole(const shareable_value *value) {
  switch (value->type) {
  case SHAREABLE_TYPE_INT:
    return value->bits == with_checksum(value->bits, 0);
  case SHAREABLE_TYPE_FLOAT:
    return value->bits == with_checksum(value->bits, 1) || is_whole_integral(value->real);
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
  int status = shareable_list_lock(list, 2 * LIMIT);

  if (status == SHAREABLE_E_OWNER_DIED)
    count(OWNER_DIED);
  else
    must(status, "lock");
}

/* Counts LOCKED up. The caller has the list's lock. */
static void count_locked_up(void) {
  char buffer[32];
  shareable_value value;
  int64_t number;

  must(shareable_list_get(list, LOCKED, &value, buffer, sizeof buffer - 1), "get");
  buffer[value.length] = '\0'; /* 0 of a number */
  number = value.type == SHAREABLE_TYPE_INT     ? value.integer
           : value.type == SHAREABLE_TYPE_FLOAT ? (int64_t)value.real
                                                : strtoll(buffer, NULL, 10);
  number++;
  if (number % 3 == 0)
    value = shareable_int(number);
  else if (number % 3 == 1)
    value = shareable_float((double)number);
  else
    value = shareable_strn(buffer, (size_t)snprintf(buffer, sizeof buffer, "%" PRId64, number));
  must(shareable_list_set(list, LOCKED, &value), "set");
}

static void swap_up(void) {
  int64_t expected;
  int swapped = 0;

  must(measure(shareable_list_get_int(list, SWAPPED, &expected)), "get");
  while (!swapped)
    must(measure(shareable_list_compare_exchange(list, SWAPPED, &expected, expected + 1, &swapped)), "swap");
  count(NOTED_SWAPPED);
}

static void count_up(void) {
  int64_t start = now();

  must(measure(shareable_list_add(list, ADDED, 1, NULL)), "add");
  count(NOTED_ADDED);
  swap_up();
  take_lock();
  count_locked_up();
  count(NOTED_LOCKED);
  must(shareable_list_unlock(list), "unlock");
  has_waited = false;
  check_duration(start, "counting");
}

static int read_number(int64_t i, shareable_value *value) {
  if (value->type == SHAREABLE_TYPE_INT)
    return shareable_list_get_int(list, i, &value->integer);
  if (value->type == SHAREABLE_TYPE_FLOAT)
    return shareable_list_get_float(list, i, &value->real);
  return shareable_list_get(list, i, value, NULL, 0);
}

/* Reads a number many times by the function for its type. */
static void read_numbers(void) {
  int64_t i = NUMBERS + (int64_t)(next_random() % NUMBER_COUNT);
  shareable_value value = shareable_none();

  for (int k = 0; k < BURST; k++) {
    int status = measure(read_number(i, &value));

    if (status == SHAREABLE_E_TYPE)
      value.type = SHAREABLE_TYPE_NONE;
    else
      must(status, "read");
    if (status == SHAREABLE_OK && !is_whole(&value))
      count(TORN);
  }
}

static shareable_value random_number(shareable_type type) {
  shareable_value value = shareable_bool(1);

  if (type == SHAREABLE_TYPE_BOOL)
    return value;
  value.type = type;
  value.bits = with_checksum(next_random(), type == SHAREABLE_TYPE_FLOAT);
  return value;
}

/* Writes a number many times. In one of four calls, changes its type first. */
static void write_numbers(void) {
  const shareable_type types[] = {SHAREABLE_TYPE_INT, SHAREABLE_TYPE_FLOAT, SHAREABLE_TYPE_BOOL};
  int64_t i = NUMBERS + (int64_t)(next_random() % NUMBER_COUNT);
  shareable_value value;

  must(measure(shareable_list_get(list, i, &value, NULL, 0)), "get");
  if (next_random() % 4 == 0)
    value.type = types[next_random() % 3];
  for (int k = 0; k < BURST; k++) {
    value = random_number(value.type);
    if (value.type == SHAREABLE_TYPE_INT)
      must(measure(shareable_list_set_int(list, i, value.integer)), "set");
    else if (value.type == SHAREABLE_TYPE_FLOAT)
      must(measure(shareable_list_set_float(list, i, value.real)), "set");
    else
      must(measure(shareable_list_set_bool(list, i, 1)), "set");
  }
}

static void write_something(void) {
  int64_t i = (int64_t)(next_random() % VALUES), start;
  static char buffer[TEXT_MAX];
  shareable_value value;
  size_t room;

  must(shareable_list_capacity(list, i, &room), "slot");
  value = some_value(room, buffer);
  start = now();
  must(measure(shareable_list_set(list, i, &value)), "write");
  check_duration(start, "a write");
  count(WRITES);
  if (next_random() % 8 == 0)
    count_up();
  start = now();
  write_numbers();
  check_duration(start, "writing numbers");
  count_measured();
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
  measure(status);
  check_duration(start, "a read");
  count_read(status, &value, room);
  start = now();
  read_numbers();
  check_duration(start, "reading numbers");
  count_measured();
}

/* The last value that a watcher saw. */
static shareable_value seen;
static char seen_text[TEXT_MAX];
static uint64_t hash;

static int wait_for_item(int64_t i) {
  must(shareable_list_get(list, i, &seen, seen_text, sizeof seen_text), "get");
  return shareable_list_wait(list, i, &seen, LIMIT);
}

static void watch_something(void) {
  uint64_t kind = next_random() % 4;
  int status = SHAREABLE_OK;

  if (kind == 3) {
    take_lock();
    status = wait_for_item(TICK);
    must(shareable_list_unlock(list), "unlock");
  } else if (kind == 2) {
    status = shareable_list_wait_any(list, &hash, LIMIT);
  } else {
    status = wait_for_item(kind == 1 ? TICK : TOCK);
  }
  count(status == SHAREABLE_E_TIMED_OUT ? STUCK : WAITS);
  if (status != SHAREABLE_E_TIMED_OUT)
    must(status, "wait");
}

/* The number of this worker among those of its role. */
static int64_t number;
/* The last value that a listener or an answerer noticed. */
static int64_t heard;

/* Counts an int up, by each function in turn. */
static void write_call(int64_t before) {
  int64_t i = CALLS + number, expected = before;

  if (before % 3 == 0)
    must(shareable_list_set_int(list, i, before + 1), "call");
  else if (before % 3 == 1)
    must(shareable_list_add(list, i, 1, NULL), "call");
  else
    must(shareable_list_compare_exchange(list, i, &expected, before + 1, NULL), "call");
}

/* Writes an int, which must wake the answerer, and waits for the answer. */
static void call(void) {
  static int64_t called;
  shareable_value before = shareable_none();
  /* The answerer may not have started before the first call. */
  int64_t timeout = called == 0 ? -1 : LIMIT;
  int status;

  must(shareable_list_get(list, ANSWERS + number, &before, NULL, 0), "get");
  write_call(called++);
  status = shareable_list_wait(list, ANSWERS + number, &before, timeout);
  if (status == SHAREABLE_E_TIMED_OUT)
    count(LOST);
  else
    must(status, "wait");
  count(WAITS);
  usleep((useconds_t)(next_random() % 1500));
}

static void answer(void) {
  const shareable_value before = shareable_int(heard);

  must(shareable_list_wait(list, CALLS + number, &before, -1), "wait");
  must(shareable_list_get_int(list, CALLS + number, &heard), "get");
  must(shareable_list_set_int(list, ANSWERS + number, heard), "answer");
  count(WAITS);
}

static void listen(void) {
  const shareable_value before = shareable_int(heard);

  must(shareable_list_wait(list, TICK, &before, -1), "listen");
  must(shareable_list_get_int(list, TICK, &heard), "get");
  must(shareable_list_set_int(list, HEARD + number, heard), "answer");
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
    int status = shareable_list_wait(list, HEARD + i, &value, LIMIT);

    if (status != SHAREABLE_OK && status != SHAREABLE_E_TIMED_OUT)
      must(status, "wait");
    if (status == SHAREABLE_E_TIMED_OUT || now() - start > LIMIT)
      count(LOST);
  }
  count(WAITS);
  usleep((useconds_t)(next_random() % 1500));
}

static const struct {
  const char *name;
  void (*work)(void);
  bool is_read_only, must_be_woken;
} roles[] = {
  {"writer", write_something, false, false}, {"reader", read_something, false, false},
  {"viewer", read_something, true, false},   {"watcher", watch_something, false, false},
  {"listener", listen, false, true},         {"metronome", tick, false, true},
  {"answerer", answer, false, true},         {"caller", call, false, true},
};

/* Finds the role, which may end in '-' and a number. Returns -1 if there is none. */
static int find_role(const char *name) {
  size_t length = strcspn(name, "-");

  if (name[length] == '-')
    number = strtoll(name + length + 1, NULL, 10);
  for (size_t k = 0; k < sizeof roles / sizeof *roles; k++)
    if (strlen(roles[k].name) == length && memcmp(roles[k].name, name, length) == 0)
      return (int)k;
  return -1;
}

int main(int argc, char **argv) {
  char name[300];
  int role = argc == 5 ? find_role(argv[1]) : -1;

  if (role < 0)
    return 2;
  row = COLUMNS * strtoll(argv[3], NULL, 10);
  state = strtoull(argv[4], NULL, 10) * 2 + 1;
  if (roles[role].must_be_woken)
    shareable__wait_sleep_min = shareable__wait_sleep_max = 1000 * SECOND;
  snprintf(name, sizeof name, "%s-tally", argv[2]);
  must(shareable_list_open(&list, argv[2], roles[role].is_read_only ? SHAREABLE_READ_ONLY : 0, NULL), "open");
  must(shareable_list_open(&tally, name, 0, NULL), "open");
  for (;;)
    roles[role].work();
}
