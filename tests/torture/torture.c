/*
 * torture.c - writers that are killed at random, and readers that check every value: `make torture TORTURE_SECONDS=60`.
 *
 * usage: torture SECONDS
 *
 * Writers put values of every type into the items of one list; whatever a value is, its bytes say whether it is whole. A
 * writer is killed every few milliseconds and another one takes its place. Readers, one of them read-only, read whatever
 * comes. Counted are reads, kills, values that nobody wrote (torn), calls that took longer than a second (stuck), and
 * answers that a text of more than the documented size was left damaged. Writers also count, one item by atomic additions
 * and one under the list's lock: no count may be lost, and there can be at most one for each kill that nobody took note
 * of. Torn, stuck or lost is a failure.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shareable.h"

#define ITEMS 12
#define ADDED ITEMS        /* an int that is counted up by add */
#define LOCKED (ITEMS + 1) /* one that is counted up under the lock */
#define WRITERS 3
#define READERS 2
#define LONGEST 900
#define JOURNALED 472

typedef struct tally {
  uint64_t reads, writes, kills, torn, stuck, damaged, others, added, locked, inherited;
} tally;

static char name[40];
static tally *total;
static volatile sig_atomic_t is_over;

static void must(int status, const char *what) {
  if (status == 0)
    return;
  fprintf(stderr, "torture: %s: %s\n", what, shareable_status_text(status));
  exit(2);
}

static double now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static void count(uint64_t *what) {
  __atomic_fetch_add(what, 1, __ATOMIC_RELAXED);
}

/* A number whose upper half follows from its lower half, and whose lowest bit says which type it was written as. */
static uint64_t seal(uint64_t random, unsigned type) {
  uint64_t low = (random & 0xfffffffe) | type;

  return ((low * UINT64_C(0x9e3779b1)) & 0x3fffffff) << 32 | low;
}

static int is_sealed(uint64_t bits, unsigned type) {
  return bits == seal(bits, type);
}

/* A text of one letter, which its length says. */
static char letter(size_t length, int is_bytes) {
  return (char)((is_bytes ? 'A' : 'a') + length % 26);
}

static int is_of_one_letter(const char *text, size_t length, int is_bytes) {
  for (size_t i = 0; i < length; i++)
    if (text[i] != letter(length, is_bytes))
      return 0;
  return 1;
}

static int is_whole(const shareable_value *value) {
  switch (value->type) {
  case SHAREABLE_TYPE_INT:
    return is_sealed(value->bits, 0);
  case SHAREABLE_TYPE_FLOAT:
    return is_sealed(value->bits, 1);
  case SHAREABLE_TYPE_STR:
  case SHAREABLE_TYPE_BYTES:
    return is_of_one_letter(value->text, (size_t)value->length, value->type == SHAREABLE_TYPE_BYTES);
  default:
    return 1;
  }
}

static shareable_value some_value(uint64_t *random, size_t room, char *buffer) {
  shareable_value value = shareable_none();
  uint64_t kind = next_random(random) % 10;
  size_t length;

  if (kind < 4) {
    value.type = SHAREABLE_TYPE_INT;
    value.bits = seal(next_random(random), 0);
  } else if (kind < 6) {
    value.type = SHAREABLE_TYPE_FLOAT;
    value.bits = seal(next_random(random), 1);
  } else if (kind < 7) {
    value = shareable_bool(1);
  } else if (kind > 7) {
    length = next_random(random) % (room + 1);
    memset(buffer, letter(length, kind == 9), length);
    value = kind == 9 ? shareable_bytes(buffer, length) : shareable_strn(buffer, length);
  }
  return value;
}

static void watch(double start, const char *what) {
  if (now() - start <= 1)
    return;
  count(&total->stuck);
  fprintf(stderr, "torture: %s took %.3f s\n", what, now() - start);
}

static void count_up(shareable_list *list) {
  double start = now();
  int64_t integer;
  int status;

  must(shareable_list_add(list, ADDED, 1, NULL), "add");
  count(&total->added);
  status = shareable_list_lock(list, 2000000000);
  if (status == SHAREABLE_E_OWNER_DIED)
    count(&total->inherited);
  else
    must(status, "lock");
  must(shareable_list_get_int(list, LOCKED, &integer), "get");
  must(shareable_list_set_int(list, LOCKED, integer + 1), "set");
  count(&total->locked);
  must(shareable_list_unlock(list), "unlock");
  watch(start, "counting");
}

static void write_forever(uint64_t seed) {
  uint64_t random = seed * 2 + 1;
  shareable_list *list;
  char buffer[LONGEST];

  must(shareable_list_open(&list, name, 0, NULL), "open");
  for (;;) {
    int64_t i = (int64_t)(next_random(&random) % ITEMS);
    shareable_value value;
    double start;
    size_t room;
    int status;

    must(shareable_list_slot_size(list, i, &room), "slot");
    value = some_value(&random, room, buffer);
    start = now();
    if (value.type == SHAREABLE_TYPE_INT)
      status = shareable_list_set_int(list, i, value.integer);
    else if (value.type == SHAREABLE_TYPE_FLOAT)
      status = shareable_list_set_float(list, i, value.real);
    else
      status = shareable_list_set(list, i, &value);
    watch(start, "a write");
    must(status, "write");
    count(&total->writes);
    if (next_random(&random) % 8 == 0)
      count_up(list);
  }
}

static void judge(int status, const shareable_value *value, size_t room) {
  count(&total->reads);
  if (status == SHAREABLE_OK && !is_whole(value))
    count(&total->torn);
  else if (status == SHAREABLE_E_CORRUPT && room > JOURNALED)
    count(&total->damaged);
  else if (status != SHAREABLE_OK)
    count(status == SHAREABLE_E_UTF8 ? &total->torn : &total->others);
}

static void end_it(int number) {
  (void)number;
  is_over = 1;
}

static void read_until_over(uint64_t seed, uint32_t flags) {
  uint64_t random = seed * 2 + 1;
  shareable_list *list;
  char buffer[LONGEST];

  signal(SIGTERM, end_it);
  must(shareable_list_open(&list, name, flags, NULL), "open");
  while (!is_over) {
    int64_t i = (int64_t)(next_random(&random) % ITEMS);
    shareable_value value = shareable_none();
    double start = now();
    size_t room;
    int status;

    must(shareable_list_slot_size(list, i, &room), "slot");
    if (next_random(&random) % 2) {
      value.type = SHAREABLE_TYPE_INT;
      status = shareable_list_get_int(list, i, &value.integer);
      if (status == SHAREABLE_E_TYPE)
        continue;
    } else {
      status = shareable_list_get(list, i, &value, buffer, sizeof buffer);
    }
    watch(start, "a read");
    judge(status, &value, room);
  }
  shareable_list_unref(list);
}

static pid_t spawn(int is_writer, uint64_t seed, uint32_t flags) {
  pid_t child = fork();

  if (child != 0)
    return child;
  if (is_writer)
    write_forever(seed);
  read_until_over(seed, flags);
  _exit(0);
}

static shareable_list *publish(void) {
  shareable_value values[ITEMS + 2] = {[ADDED] = shareable_int(0), [LOCKED] = shareable_int(0)};
  shareable_list *list;

  for (int i = 0; i < ITEMS; i++) {
    values[i] = shareable_int((int64_t)seal((uint64_t)i, 0));
    values[i].capacity = i % 3 == 0 ? 8 : i % 3 == 1 ? 400 : LONGEST - 4;
  }
  must(shareable_list_create(&list, name, values, ITEMS + 2, 0, 0, NULL), "create");
  return list;
}

/* Every item can be read and written when all is over, whoever was killed holding it. */
static void check_all(shareable_list *list) {
  for (int64_t i = 0; i < ITEMS; i++) {
    double start = now();
    must(shareable_list_set_int(list, i, (int64_t)seal(1, 0)), "the last write");
    watch(start, "the last write");
  }
}

/* A writer that is killed between the count and its note of it has counted all the same. */
static int is_lost(shareable_list *list, int64_t i, uint64_t noted) {
  int64_t counted;

  must(shareable_list_get_int(list, i, &counted), "the count");
  printf("item %" PRId64 " counts %" PRId64 ", and %" PRIu64 " were noted\n", i, counted, noted);
  return (uint64_t)counted < noted || (uint64_t)counted > noted + total->kills;
}

int main(int argc, char **argv) {
  double seconds = argc > 1 ? strtod(argv[1], NULL) : 5, end = now() + seconds;
  pid_t writers[WRITERS], readers[READERS];
  shareable_memory *memory;
  shareable_list *list;
  uint64_t seed = (uint64_t)getpid() * 1000003, random = seed | 1;
  int failed;

  snprintf(name, sizeof name, "torture-test-%ld", (long)getpid());
  must(shareable_memory_create(&memory, NULL, sizeof *total, 0, 0, NULL), "create");
  total = shareable_memory_address(memory);
  list = publish();
  for (int i = 0; i < WRITERS; i++)
    writers[i] = spawn(1, seed++, 0);
  for (int i = 0; i < READERS; i++)
    readers[i] = spawn(0, seed++, i == 0 ? SHAREABLE_READ_ONLY : 0);
  while (now() < end) {
    int i = (int)(next_random(&random) % WRITERS);
    usleep((useconds_t)(next_random(&random) % 8000));
    kill(writers[i], SIGKILL);
    waitpid(writers[i], NULL, 0);
    count(&total->kills);
    writers[i] = spawn(1, seed++, 0);
  }
  for (int i = 0; i < WRITERS; i++) {
    kill(writers[i], SIGKILL);
    waitpid(writers[i], NULL, 0);
    count(&total->kills);
  }
  for (int i = 0; i < READERS; i++) {
    int result;
    kill(readers[i], SIGTERM);
    waitpid(readers[i], &result, 0);
    if (result != 0)
      count(&total->others);
  }
  check_all(list);
  printf("%" PRIu64 " reads, %" PRIu64 " writes, %" PRIu64 " kills: %" PRIu64 " torn, %" PRIu64 " stuck, %" PRIu64
         " damaged long texts, %" PRIu64 " other errors, %" PRIu64 " locks of the dead\n",
         total->reads, total->writes, total->kills, total->torn, total->stuck, total->damaged, total->others,
         total->inherited);
  failed = total->torn + total->stuck + total->others > 0;
  failed |= is_lost(list, ADDED, total->added) | is_lost(list, LOCKED, total->locked);
  must(shareable_list_unlink(list, NULL) | shareable_memory_unlink(memory, NULL), "unlink");
  shareable_list_unref(list);
  shareable_memory_unref(memory);
  return failed;
}
