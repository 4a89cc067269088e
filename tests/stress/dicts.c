/*
 * dicts.c - kills and stops processes at random while they use one dict: `make stress-dicts
 * STRESS_SECONDS=60`.
 *
 * usage: dicts [SECONDS]
 *
 * Four workers set, get, add, delete, pop, compare-exchange, reindex and visit. Half of the time they
 * run together, and a random one is killed, or stopped for a while, every millisecond or two; worker 0
 * is only stopped. In the other half, one worker runs alone and is killed, and then a read-only
 * handle must read all keys at once, before this process completes the change of the dead one, and
 * checks the index.
 *
 * - An own key is written by one worker only, which notes each change before and after it. A read
 *   finds the noted value: the one before the change, or the one after it, if the worker was killed
 *   meanwhile.
 * - A shared key is written by all. The bytes of each value show whose key it is, and whether the
 *   value is whole.
 * - The sum of a counter is the number of noted additions, plus at most one for each kill; if the
 *   worker was never killed, it is equal. Likewise the tokens that were inserted and popped.
 *
 * Then each key is in the index once, and reindex changes nothing. At the end, no lock is held.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dict/dict.h"
#include "dict/dict_index.h"

enum { WORKERS = 4, OWN = 6, SHARED = 24, BRIEF = 4, TOKENS = 4, VALUE_SIZE = 640, STAMP = 16 };
/* There are more keys than places, so that sometimes the dict is full. */
enum { FIXED = 3 + WORKERS, PLACES = FIXED + WORKERS * OWN + SHARED / 2 };

/* The longest time of a read while a writer is stopped is a second for a key, and for a value. */
#define READ_MAX_NS INT64_C(3000000000)
#define STUCK_NS INT64_C(10000000000)

/* The states of an own key: it is absent, or has the value with this serial number. */
enum { ABSENT = 0, SETTLED = -1 };

typedef struct own_key {
  volatile int32_t now;  /* the state that the last complete call has made */
  volatile int32_t next; /* the state that a call is making, or SETTLED */
  volatile bool ends;    /* the key is being deleted, because its state is not certain */
} own_key;

/* What a worker notes, and its successors go on with. */
typedef struct row {
  own_key keys[OWN];
  volatile int64_t added, own_added, swapped, halves; /* noted after the call */
  volatile int64_t inserted, popped;                  /* tokens */
  volatile uint64_t calls, reads, busy, full, timeouts;
  volatile int64_t last; /* when the last call returned */
  int32_t serial;
  int64_t kills;
  char padding[64];
} row;

typedef struct board {
  row rows[WORKERS];
  volatile bool is_over;
  volatile bool is_alone;    /* one worker runs, and mostly inserts and deletes */
  volatile bool may_reindex; /* not always: reindex would repair what a recovery leaves */
  volatile int failures;
} board;

static board *notes;
static char name[40];
static shareable_dict *dict;
static uint64_t seed;
static int self; /* the number of this worker */
static row *mine;

static int64_t now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static uint32_t random_below(uint32_t limit) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(seed >> 33) % limit;
}

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void fail(const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  fprintf(stderr, "dicts: ");
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  __atomic_fetch_add(&notes->failures, 1, __ATOMIC_SEQ_CST);
}

static void must(shareable_status status, const char *call) {
  if (status == SHAREABLE_OK)
    return;
  fail("%s: %s", call, shareable_status_name(status));
  exit(2);
}

/* -- Keys and values. */

typedef struct text {
  char characters[VALUE_SIZE];
} text;

/* The words of a name are separated by '-', and the name is 8 bytes long. */
static shareable_value key_of(text *buffer, char kind, int worker, int number) {
  snprintf(buffer->characters, sizeof buffer->characters, "%c-%02d-%02d", kind, worker, number);
  return shareable_strn(buffer->characters, 7);
}

static size_t length_of(int32_t serial) {
  static const size_t lengths[] = {STAMP, 7 * STAMP, 471, 500, VALUE_SIZE};

  return lengths[serial % 5];
}

/* Each key and serial number has one value: an int, or a text that repeats the key and the number. */
static shareable_value value_of(const shareable_value *key, int32_t serial, text *buffer) {
  char stamp[STAMP + 1];
  size_t length = length_of(serial);

  if (serial % 7 == 0)
    return shareable_int(serial);
  snprintf(stamp, sizeof stamp, "%.7s=%08" PRIx32, key->text, (uint32_t)serial);
  for (size_t done = 0; done < length; done += STAMP)
    memcpy(buffer->characters + done, stamp, length - done < STAMP ? length - done : STAMP);
  return shareable_strn(buffer->characters, length);
}

/* Returns the serial number of a value of the key, or -1 if it is not such a value. */
static int32_t serial_of(const shareable_value *key, const shareable_value *value) {
  unsigned serial = 0;
  text buffer;
  shareable_value expected;

  if (value->type == SHAREABLE_TYPE_INT)
    return value->integer > 0 && value->integer % 7 == 0 ? (int32_t)value->integer : -1;
  if (value->type != SHAREABLE_TYPE_STR || value->length < STAMP || memcmp(value->text, key->text, 7) != 0 ||
      sscanf(value->text + 7, "=%8x", &serial) != 1)
    return -1;
  expected = value_of(key, (int32_t)serial, &buffer);
  return expected.type == SHAREABLE_TYPE_STR && expected.length == value->length &&
             memcmp(expected.text, value->text, (size_t)value->length) == 0
           ? (int32_t)serial
           : -1;
}

/* -- What workers do. */

static bool is_refusal(shareable_status status) {
  mine->busy += status == SHAREABLE_E_BUSY;
  mine->full += status == SHAREABLE_E_FULL;
  mine->timeouts += status == SHAREABLE_E_TIMED_OUT;
  return status == SHAREABLE_E_BUSY || status == SHAREABLE_E_FULL || status == SHAREABLE_E_TIMED_OUT;
}

static int64_t any_timeout(void) {
  static const int64_t timeouts[] = {-1, -1, 10000000000, 100000, 0};

  return timeouts[random_below(5)];
}

/* Checks the state of an own key. *state receives it, unless that is unknown now. */
static void check_own(const shareable_dict *reader, int worker, int number, bool may_be_busy) {
  own_key *own = &notes->rows[worker].keys[number];
  text key_text, buffer;
  shareable_value key = key_of(&key_text, 'o', worker, number), value;
  shareable_status status = shareable_dict_get(reader, &key, &value, buffer.characters, VALUE_SIZE);
  int32_t found = status == SHAREABLE_OK ? serial_of(&key, &value) : ABSENT;

  if (status == SHAREABLE_E_BUSY && may_be_busy)
    return;
  if (status != SHAREABLE_OK && status != SHAREABLE_E_NO_KEY)
    fail("get of %s: %s", key.text, shareable_status_name(status));
  else if (found != own->now && (own->next == SETTLED || found != own->next) && !(own->ends && found == ABSENT))
    fail("%s has state %" PRId32 ", and must have %" PRId32 " or %" PRId32, key.text, found, own->now, own->next);
}

/* A change of a dead worker may become visible until the key is changed again. */
static void change_own(void) {
  int number = (int)random_below(OWN);
  own_key *own = &mine->keys[number];
  text key_text, buffer;
  shareable_value key = key_of(&key_text, 'o', self, number), value;
  int64_t timeout = any_timeout();
  shareable_status status;

  if (own->next != SETTLED) { /* a worker was killed: the next change makes the state certain */
    check_own(dict, self, number, true);
    own->ends = true;
    status = shareable_dict_delete(dict, &key, -1);
    if (status != SHAREABLE_OK && status != SHAREABLE_E_NO_KEY) {
      if (!is_refusal(status))
        fail("delete of %s: %s", key.text, shareable_status_name(status));
      return;
    }
    own->now = ABSENT;
    own->next = SETTLED;
    own->ends = false;
    return;
  }
  check_own(dict, self, number, true);
  own->ends = false;
  own->next = random_below(3) == 0 ? ABSENT : ++mine->serial;
  if (own->next != ABSENT) {
    value = value_of(&key, own->next, &buffer);
    status = shareable_dict_set(dict, &key, &value, 0, 0, timeout);
  } else if (random_below(2) == 0) {
    status = shareable_dict_delete(dict, &key, timeout);
  } else {
    status = shareable_dict_pop(dict, &key, &value, buffer.characters, VALUE_SIZE, timeout);
    if (status == SHAREABLE_OK && serial_of(&key, &value) != own->now)
      fail("pop of %s returns another value than %" PRId32, key.text, own->now);
  }
  if (status == SHAREABLE_OK || (status == SHAREABLE_E_NO_KEY && own->next == ABSENT && own->now == ABSENT))
    own->now = own->next;
  else if (!is_refusal(status))
    fail("a change of %s: %s", key.text, shareable_status_name(status));
  own->next = SETTLED;
}

static void read_shared(void) {
  text key_text, buffer;
  char kind = random_below(5) == 0 ? 'b' : 's';
  shareable_value key = key_of(&key_text, kind, 0, (int)random_below(kind == 'b' ? BRIEF : SHARED)), value;
  shareable_status status = shareable_dict_get(dict, &key, &value, buffer.characters, VALUE_SIZE);

  if (status == SHAREABLE_OK && serial_of(&key, &value) < 0)
    fail("%s has a wrong value of type %d and length %" PRIu64, key.text, (int)value.type, value.length);
  else if (status != SHAREABLE_OK && status != SHAREABLE_E_NO_KEY && status != SHAREABLE_E_BUSY)
    fail("get of %s: %s", key.text, shareable_status_name(status));
  mine->busy += status == SHAREABLE_E_BUSY;
  mine->reads++;
}

static void change_shared(void) {
  text key_text, buffer;
  bool is_brief = random_below(5) == 0;
  shareable_value key = key_of(&key_text, is_brief ? 'b' : 's', 0, (int)random_below(is_brief ? BRIEF : SHARED));
  shareable_value value = value_of(&key, ++mine->serial, &buffer);
  int64_t ttl = is_brief ? (int64_t)random_below(20000000) + 1 : 0, timeout = any_timeout();
  shareable_status status;

  switch (random_below(8)) {
  case 0:
  case 1:
    status = shareable_dict_delete(dict, &key, timeout);
    break;
  case 2:
    status = shareable_dict_pop(dict, &key, &value, buffer.characters, VALUE_SIZE, timeout);
    if (status == SHAREABLE_OK && serial_of(&key, &value) < 0)
      fail("pop of %s returns a wrong value", key.text);
    break;
  case 3:
    status = shareable_dict_set(dict, &key, &value, SHAREABLE_DICT_IF_PRESENT, ttl, timeout);
    break;
  case 4:
    status = shareable_dict_set(dict, &key, &value, SHAREABLE_DICT_IF_ABSENT, ttl, timeout);
    break;
  default:
    status = shareable_dict_set(dict, &key, &value, 0, ttl, timeout);
  }
  if (status != SHAREABLE_OK && status != SHAREABLE_E_NO_KEY && status != SHAREABLE_E_KEY_EXISTS && !is_refusal(status))
    fail("a change of %s: %s", key.text, shareable_status_name(status));
}

static void count_up(void) {
  const shareable_value total = shareable_str("total"), half = shareable_str("halves");
  text key_text;
  shareable_value own = key_of(&key_text, 'c', self, 0);
  shareable_status status;

  status = shareable_dict_add(dict, &total, 1, 0, 0, 0, -1, NULL);
  mine->added += status == SHAREABLE_OK;
  if (status == SHAREABLE_OK || status == SHAREABLE_E_BUSY)
    status = shareable_dict_add(dict, &own, 1, 0, 0, 0, -1, NULL);
  mine->own_added += status == SHAREABLE_OK;
  if (status == SHAREABLE_OK || status == SHAREABLE_E_BUSY)
    status = shareable_dict_add_float(dict, &half, 0.5, 0, 0, 0, -1, NULL);
  mine->halves += status == SHAREABLE_OK;
  if (status != SHAREABLE_OK && !is_refusal(status))
    fail("add: %s", shareable_status_name(status));
}

static void swap(void) {
  const shareable_value key = shareable_str("swap");
  int64_t integer = 0;
  int exchanged = 0;
  shareable_status status = shareable_dict_get_int(dict, &key, &integer);

  while (status == SHAREABLE_OK && !exchanged)
    status = shareable_dict_compare_exchange(dict, &key, &integer, integer + 1, -1, &exchanged);
  mine->swapped += exchanged;
  if (status != SHAREABLE_OK && !is_refusal(status))
    fail("compare_exchange: %s", shareable_status_name(status));
}

/* A token is inserted by one worker, and popped by one. */
static void pass_token(void) {
  const shareable_value one = shareable_int(1);
  text key_text;
  shareable_value key = key_of(&key_text, 't', 0, (int)random_below(TOKENS)), value;
  shareable_status status = shareable_dict_set(dict, &key, &one, SHAREABLE_DICT_IF_ABSENT, 0, -1);

  mine->inserted += status == SHAREABLE_OK;
  if (status == SHAREABLE_OK || status == SHAREABLE_E_KEY_EXISTS) {
    status = shareable_dict_pop(dict, &key, &value, NULL, 0, -1);
    mine->popped += status == SHAREABLE_OK;
  }
  if (status != SHAREABLE_OK && status != SHAREABLE_E_NO_KEY && !is_refusal(status))
    fail("a token: %s", shareable_status_name(status));
}

/* The keys that no worker deletes are visited once. */
static void visit(const shareable_dict *reader) {
  char key[16];
  text buffer;
  shareable_dict_item item = {
    .key_buffer = key, .key_buffer_size = sizeof key, .value_buffer = &buffer, .value_buffer_size = VALUE_SIZE};
  shareable_status status;
  size_t cursor = 0;
  int fixed = 0;

  for (;;) {
    status = shareable_dict_next(reader, &cursor, &item);
    if (status == SHAREABLE_E_BUSY) {
      cursor++;
      fixed = -1000;
      continue;
    }
    if (status != SHAREABLE_OK)
      break;
    if (item.key.length != 7) { /* total, halves, swap */
      fixed++;
      continue;
    }
    fixed += item.key.text[0] == 'c';
    if (strchr("osb", item.key.text[0]) != NULL && serial_of(&item.key, &item.value) < 0)
      fail("a visit finds a wrong value of %.7s", item.key.text);
  }
  if (status != SHAREABLE_E_NO_KEY)
    fail("next: %s", shareable_status_name(status));
  if (fixed >= 0 && fixed != FIXED)
    fail("a visit finds %d of %d keys that are not deleted", fixed, FIXED);
}

static void maintain(void) {
  shareable_status status = notes->may_reindex && random_below(2) == 0
                              ? shareable_dict_reindex(dict, any_timeout())
                              : shareable_dict_delete_expired(dict, 0, any_timeout(), NULL);

  if (status != SHAREABLE_OK && !is_refusal(status))
    fail("reindex or delete_expired: %s", shareable_status_name(status));
}

static void act(void) {
  uint32_t choice = random_below(100);

  if (notes->is_alone && choice < 90)
    choice %= 35;
  if (choice < 35)
    change_own();
  else if (choice < 60)
    read_shared();
  else if (choice < 80)
    change_shared();
  else if (choice < 88)
    count_up();
  else if (choice < 92)
    swap();
  else if (choice < 97)
    pass_token();
  else if (choice < 99)
    visit(dict);
  else
    maintain();
  mine->calls++;
  mine->last = now();
}

static _Noreturn void work(int worker) {
  shareable_error error;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  self = worker;
  mine = &notes->rows[worker];
  seed += (uint64_t)now();
  if (shareable_dict_open(&dict, name, 0, &error) != SHAREABLE_OK) {
    fail("open: %s", error.message);
    _exit(1);
  }
  while (!notes->is_over)
    act();
  _exit(0);
}

/* -- The index. */

static int by_entry(const void *a, const void *b) {
  const uint64_t *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

/* Copies the entries of the index, in order. */
static void take_index(uint64_t *entries) {
  memcpy(entries, dict->parts.index, (size_t)dict->parts.slots * sizeof *entries);
  qsort(entries, (size_t)dict->parts.slots, sizeof *entries, by_entry);
}

static int by_text(const void *a, const void *b) {
  return strcmp(a, b);
}

/* Checks that no key has two places. Returns the number of keys. */
static size_t check_keys_once(void) {
  char texts[PLACES][16];
  shareable_dict_item item = {.key_buffer = texts[0], .key_buffer_size = 8, .value_buffer_size = VALUE_SIZE};
  size_t cursor = 0, count = 0;
  shareable_status status;
  text buffer;

  item.value_buffer = &buffer;
  while (count < PLACES && (status = shareable_dict_next(dict, &cursor, &item)) == SHAREABLE_OK) {
    texts[count][item.key.length] = '\0';
    item.key_buffer = ++count < PLACES ? texts[count] : NULL;
  }
  qsort(texts, count, sizeof *texts, by_text);
  for (size_t i = 1; i < count; i++)
    if (strcmp(texts[i - 1], texts[i]) == 0)
      fail("%s has two places", texts[i]);
  return count;
}

/* Checks that the index has each place with a key once, and nothing else, and that reindex changes nothing. */
static void check_index(void) {
  const shareable__dict_parts *parts = &dict->parts;
  uint64_t before[2 * PLACES], after[2 * PLACES], keys = 0;
  size_t count = 0, again = 0;

  must(shareable_dict_delete_expired(dict, 0, 0, NULL), "delete_expired");
  must(shareable_dict_length(dict, &count), "length");
  if (check_keys_once() != count)
    fail("a visit does not find %zu keys", count);
  take_index(before);
  for (uint64_t place = 0; place < parts->places; place++) {
    uint64_t found, times = 0;
    shareable__dict_probe probe;
    uint32_t tag;

    if (!shareable__dict_tag_of_place(dict, place, &tag))
      continue;
    keys++;
    probe = shareable__dict_probe_begin(parts, tag);
    while (shareable__dict_probe_next(parts, &probe, &found))
      times += found == place;
    if (times != 1)
      fail("place %" PRIu64 " is in the index %" PRIu64 " times", place, times);
  }
  must(shareable_dict_reindex(dict, 0), "reindex");
  must(shareable_dict_length(dict, &again), "length");
  take_index(after);
  if (keys != count || again != count)
    fail("there are %" PRIu64 " keys, but the length was %zu, and after reindex %zu", keys, count, again);
  if (memcmp(before, after, sizeof before) != 0)
    fail("reindex has changed the index");
}

/* -- What the main process does with them. */

static pid_t processes[WORKERS];
static int kills, stops, rounds;
static int64_t longest_read;
static const shareable_dict *reader; /* read-only */

static void start(int worker) {
  notes->rows[worker].last = now();
  seed++;
  processes[worker] = fork();
  if (processes[worker] == 0)
    work(worker);
  if (processes[worker] < 0)
    must(SHAREABLE_E_SYSTEM, "fork");
}

static void kill_worker(int worker) {
  int state = 0;

  kill(processes[worker], SIGKILL);
  if (waitpid(processes[worker], &state, 0) != processes[worker] || !WIFSIGNALED(state) || WTERMSIG(state) != SIGKILL)
    fail("worker %d ended by itself, with state %#x", worker, (unsigned)state);
  notes->rows[worker].kills++;
  kills++;
}

/* Reads everything. Each read must return soon, although a worker is stopped or dead. */
static void read_all(bool may_be_busy, bool with_states) {
  text key_text, buffer;
  int64_t begin, took;

  for (int k = 0; k < SHARED + 8; k++) { /* the last ones are never there */
    shareable_value key = key_of(&key_text, k < SHARED ? 's' : 'n', 0, k), value;
    shareable_status status;

    begin = now();
    status = shareable_dict_get(reader, &key, &value, buffer.characters, VALUE_SIZE);
    took = now() - begin;
    longest_read = took > longest_read ? took : longest_read;
    if (took > READ_MAX_NS)
      fail("a get took %" PRId64 " ms", took / 1000000);
    if (status == SHAREABLE_OK ? serial_of(&key, &value) < 0
                               : status != SHAREABLE_E_NO_KEY && !(status == SHAREABLE_E_BUSY && may_be_busy))
      fail("get of %s through a read-only handle: %s", key.text, shareable_status_name(status));
  }
  for (int k = 0; with_states && k < WORKERS * OWN; k++)
    check_own(reader, k / OWN, k % OWN, may_be_busy);
}

static void stop_worker(int worker) {
  int state = 0;

  kill(processes[worker], SIGSTOP);
  if (waitpid(processes[worker], &state, WUNTRACED) != processes[worker] || !WIFSTOPPED(state))
    fail("worker %d ended by itself, with state %#x", worker, (unsigned)state);
  stops++;
}

static void stop_one(int worker) {
  stop_worker(worker);
  if (random_below(4) == 0) {
    read_all(true, false);
    visit(reader);
  } else {
    usleep(random_below(20000));
  }
  for (int other = 0; other < WORKERS; other++) /* a worker waits for the stopped one at most that long */
    notes->rows[other].last = now();
  if (worker != 0 && random_below(2) == 0) {
    kill_worker(worker);
    start(worker);
  } else {
    kill(processes[worker], SIGCONT);
  }
}

static void check_progress(void) {
  for (int worker = 0; worker < WORKERS; worker++)
    if (now() - notes->rows[worker].last > STUCK_NS) {
      fail("worker %d does nothing for ten seconds", worker);
      notes->rows[worker].last = now();
    }
}

/* The workers run together. */
static void run_crowd(int64_t until) {
  for (int worker = 0; worker < WORKERS; worker++)
    start(worker);
  while (now() < until && notes->failures < 20) {
    usleep(random_below(2000));
    notes->may_reindex = kills % 100 < 20;
    if (random_below(20) == 0)
      stop_one((int)random_below(WORKERS));
    else {
      int worker = 1 + (int)random_below(WORKERS - 1);

      kill_worker(worker);
      start(worker);
    }
    check_progress();
  }
  for (int worker = 1; worker < WORKERS; worker++)
    kill_worker(worker);
  notes->is_over = true;
  waitpid(processes[0], NULL, 0);
  notes->is_over = false;
}

/* The next owner of the lock completes the change of a dead one. */
static void complete_change(void) {
  const shareable_value key = shareable_str("none");
  shareable_status status = shareable_dict_delete(dict, &key, 0);

  must(status == SHAREABLE_E_NO_KEY ? SHAREABLE_OK : status, "delete of an absent key");
}

/* One worker runs, and is killed. The read-only handle reads what it left. */
static void run_alone(int64_t until) {
  notes->is_alone = true;
  for (; now() < until && notes->failures < 20; rounds++) {
    int worker = 1 + (int)random_below(WORKERS - 1);
    uint64_t calls = notes->rows[worker].calls;
    int64_t end = now() + STUCK_NS;

    start(worker);
    while (notes->rows[worker].calls == calls && now() < end)
      usleep(50);
    usleep(random_below(300));
    kill_worker(worker);
    read_all(false, true);
    visit(reader);
    complete_change();
    check_index();
  }
  notes->is_alone = false;
}

/* -- The end. */

static int64_t sum(size_t offset) {
  int64_t total = 0;

  for (int worker = 0; worker < WORKERS; worker++)
    total += *(volatile int64_t *)(void *)((char *)&notes->rows[worker] + offset);
  return total;
}
#define SUM(field) sum(offsetof(row, field))

static void check_sum(const char *what, int64_t found, int64_t noted, int64_t more) {
  printf("%s: %" PRId64 ", noted: %" PRId64 "\n", what, found, noted);
  if (found < noted || found > noted + more)
    fail("%s is %" PRId64 ", and must be %" PRId64 " to %" PRId64, what, found, noted, noted + more);
}

static void check_counters(void) {
  const shareable_value total = shareable_str("total"), halves = shareable_str("halves"),
                        swapped = shareable_str("swap");
  int64_t integer = 0, tokens = 0, left;
  double real = 0;
  text key_text;

  must(shareable_dict_get_int(dict, &total, &integer), "get_int");
  check_sum("additions", integer, SUM(added), kills);
  must(shareable_dict_get_float(dict, &halves, &real), "get_float");
  check_sum("additions of 0.5", (int64_t)(real * 2), SUM(halves), kills);
  must(shareable_dict_get_int(dict, &swapped, &integer), "get_int");
  check_sum("exchanges", integer, SUM(swapped), kills);
  for (int worker = 0; worker < WORKERS; worker++) {
    shareable_value key = key_of(&key_text, 'c', worker, 0);
    char what[40];

    snprintf(what, sizeof what, "additions of worker %d", worker);
    must(shareable_dict_get_int(dict, &key, &integer), "get_int");
    check_sum(what, integer, notes->rows[worker].own_added, notes->rows[worker].kills);
  }
  for (int k = 0; k < TOKENS; k++) {
    shareable_value key = key_of(&key_text, 't', 0, k);

    tokens += shareable_dict_get_int(dict, &key, &integer) == SHAREABLE_OK;
  }
  left = SUM(inserted) - SUM(popped);
  printf("tokens: %" PRId64 ", noted: %" PRId64 "\n", tokens, left);
  if (tokens < left - kills || tokens > left + kills)
    fail("there are %" PRId64 " tokens, and %" PRId64 " are noted", tokens, left);
}

/* Writes the value of each place, and checks that no lock is held then. */
static void check_locks(void) {
  const shareable__sync *sync = &dict->list->sync;
  const shareable_value one = shareable_int(1);
  shareable_status status = SHAREABLE_OK;
  size_t count = 0;
  text key_text;

  must(shareable_dict_clear(dict, 0), "clear");
  for (int k = 0; k <= PLACES && status == SHAREABLE_OK; k++) {
    shareable_value key = key_of(&key_text, 'e', 0, k);

    status = shareable_dict_set(dict, &key, &one, 0, 0, 0);
    if (status == SHAREABLE_OK)
      status = shareable_dict_set(dict, &key, &one, SHAREABLE_DICT_IF_PRESENT, 0, 0);
  }
  if (status != SHAREABLE_E_FULL)
    fail("filling the dict: %s", shareable_status_name(status));
  must(shareable_dict_length(dict, &count), "length");
  if (count != PLACES)
    fail("the full dict has %zu keys, and must have %d", count, PLACES);
  for (size_t item = 0; item < 2 * PLACES; item++)
    if ((shareable__dict_version(dict, item) & SHAREABLE__LOCKED) != 0)
      fail("item %zu is locked", item);
  if (dict->parts.area->lock != 0 || dict->parts.area->intent != SHAREABLE__INTENT_NONE || sync->area == NULL)
    fail("the lock of the dict is %#x, and the intent %u", dict->parts.area->lock, dict->parts.area->intent);
}

static void create(void) {
  const shareable_value zero = shareable_int(0), real = shareable_float(0);
  const shareable_value keys[] = {shareable_str("total"), shareable_str("swap"), shareable_str("halves")};
  shareable_error error = {0};
  shareable_dict *made = NULL, *opened = NULL;
  text key_text;

  snprintf(name, sizeof name, "dicts-test-%ld", (long)getpid());
  if (shareable_dict_create(&made, name, PLACES, 8, VALUE_SIZE, 0, 0600, &error) != SHAREABLE_OK ||
      shareable_dict_open(&opened, name, SHAREABLE_READ_ONLY, &error) != SHAREABLE_OK) {
    fprintf(stderr, "dicts: %s\n", error.message);
    exit(2);
  }
  for (int k = 0; k < 3; k++)
    must(shareable_dict_set(made, &keys[k], k == 2 ? &real : &zero, 0, 0, -1), "set");
  for (int worker = 0; worker < WORKERS; worker++) {
    shareable_value key = key_of(&key_text, 'c', worker, 0);

    must(shareable_dict_set(made, &key, &zero, 0, 0, -1), "set");
    for (int k = 0; k < OWN; k++)
      notes->rows[worker].keys[k].next = SETTLED;
  }
  dict = made;
  reader = opened;
}

static void report(void) {
  uint64_t calls = 0, busy = 0, full = 0, timeouts = 0;

  for (int worker = 0; worker < WORKERS; worker++) {
    calls += notes->rows[worker].calls;
    busy += notes->rows[worker].busy;
    full += notes->rows[worker].full;
    timeouts += notes->rows[worker].timeouts;
  }
  printf("%" PRIu64 " calls, %d kills (%d of a worker alone), %d stops; %" PRIu64 " full, %" PRIu64
         " timeouts, %" PRIu64 " busy; the longest read took %.3f ms\n",
         calls, kills, rounds, stops, full, timeouts, busy, (double)longest_read / 1e6);
}

int main(int argc, char **argv) {
  double seconds = argc > 1 ? strtod(argv[1], NULL) : 4;
  int64_t begin = now();

  notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (notes == MAP_FAILED)
    return 2;
  alarm((unsigned)(4 * seconds) + 60); /* a call that does not return ends the test */
  mine = &notes->rows[0];
  seed = (uint64_t)begin;
  create();
  run_crowd(begin + (int64_t)(seconds * 0.6e9));
  usleep(30000); /* keys with a TTL expire, which run_alone() does not set */
  run_alone(now() + (int64_t)(seconds * 0.4e9));
  usleep(30000);
  read_all(false, true);
  check_counters();
  check_index();
  check_locks();
  report();
  must(shareable_dict_unlink(dict, NULL), "unlink");
  shareable_dict_unref(dict);
  shareable_dict_unref((shareable_dict *)reader);
  return notes->failures != 0;
}
