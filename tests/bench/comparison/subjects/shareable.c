/*
 * shareable.c - this library in C.
 */
#include "shareable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exchange.h"
#include "subject.h"

static void must(shareable_status status) {
  if (status == SHAREABLE_OK)
    return;
  fprintf(stderr, "%s\n", shareable_status_message(status));
  exit(2);
}

static shareable_list *list;
static shareable_memory *memory;
static enum turn_type type;
static char name[64];

/* -- Items. */

static shareable_value value_of(enum turn_type its) {
  switch (its) {
  case TURN_BOOL:
    return shareable_bool(1);
  case TURN_INT:
    return shareable_int(7);
  case TURN_FLOAT:
    return shareable_float(2.5);
  case TURN_STR:
    return shareable_str(TURN_TEXT);
  case TURN_BYTES:
    return shareable_bytes(TURN_TEXT, 16);
  default:
    return shareable_none();
  }
}

static shareable_list *list_of(const char *its_name, enum turn_type its, size_t count) {
  shareable_value *values = calloc(count, sizeof *values);
  shareable_list *made;

  turn_must(values != NULL, "calloc");
  for (size_t i = 0; i < count; i++)
    values[i] = value_of(its);
  must(shareable_list_create(&made, its_name, values, count, 0, 0, NULL));
  free(values);
  return made;
}

static void begin_items(char **words) {
  type = turn_type_of(words[0]);
  list = list_of(NULL, type, TURN_ITEMS);
  must(shareable_list_unlink(list, NULL));
}

static void end_items(void) {
  shareable_list_unref(list);
}

static void read_number(int64_t times) {
  int64_t integer;
  double real;

  if (type == TURN_INT)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get_int(list, TURN_ITEM, &integer));
  else
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get_float(list, TURN_ITEM, &real));
}

static void read_text(int64_t times) {
  char text[32];
  size_t length;

  if (type == TURN_STR)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get_str(list, TURN_ITEM, text, sizeof text, &length));
  else
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get_bytes(list, TURN_ITEM, text, sizeof text, &length));
}

static void read_items(int64_t times) {
  shareable_value value;
  int boolean;

  if (type == TURN_INT || type == TURN_FLOAT)
    read_number(times);
  else if (type == TURN_STR || type == TURN_BYTES)
    read_text(times);
  else if (type == TURN_BOOL)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get_bool(list, TURN_ITEM, &boolean));
  else
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get(list, TURN_ITEM, &value, NULL, 0));
}

static void write_text(int64_t times) {
  if (type == TURN_STR)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_str(list, TURN_ITEM, i & 1 ? TURN_TEXT : TURN_OTHER, 16));
  else
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_bytes(list, TURN_ITEM, i & 1 ? TURN_TEXT : TURN_OTHER, 16));
}

static void write_items(int64_t times) {
  if (type == TURN_STR || type == TURN_BYTES)
    write_text(times);
  else if (type == TURN_INT)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_int(list, TURN_ITEM, i));
  else if (type == TURN_FLOAT)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_float(list, TURN_ITEM, (double)i));
  else if (type == TURN_BOOL)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_bool(list, TURN_ITEM, (int)(i & 1)));
  else
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_none(list, TURN_ITEM));
}

/* -- The size of a block of many items. */

static void begin_memory(char **words) {
  size_t count = turn_number(words[1]);
  shareable_list *made = list_of(NULL, turn_type_of(words[0]), count);

  turn_answer((double)shareable_memory_size(shareable_list_memory(made)), (double)count);
  must(shareable_list_unlink(made, NULL));
  shareable_list_unref(made);
}

/* -- Lists of ints of any length: build and attach. */

static int64_t *integers;
static size_t length;

static void begin_build(char **words) {
  length = turn_number(words[0]);
  snprintf(name, sizeof name, "bench-c-%ld", (long)getpid());
  integers = malloc(length * sizeof *integers);
  turn_must(integers != NULL, "malloc");
  for (size_t i = 0; i < length; i++)
    integers[i] = (int64_t)i;
}

static void build(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    shareable_list *made;

    must(shareable_list_create_ints(&made, name, integers, length, 0, 0, NULL));
    must(shareable_list_unlink(made, NULL));
    shareable_list_unref(made);
  }
}

static void end_build(void) {
  free(integers);
}

static void begin_attach(char **words) {
  begin_build(words);
  must(shareable_list_create_ints(&list, name, integers, length, 0, 0, NULL));
}

static void attach(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    shareable_list *again;

    must(shareable_list_open(&again, name, 0, NULL));
    shareable_list_unref(again);
  }
}

static void end_attach(void) {
  must(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
  end_build();
}

/* -- Hand-over: item 0 goes to the partner; the item of the answer has a cache line of its own. */

enum { THERE = 0, BACK = 64, COUNT = 65 };

static int64_t ball;

static int64_t await(shareable_list *handle, int64_t index, int64_t before) {
  const shareable_value value = shareable_int(before);
  int64_t integer;

  must(shareable_list_wait(handle, index, &value, -1));
  must(shareable_list_get_int(handle, index, &integer));
  return integer;
}

static void answer(void) {
  shareable_list *own;
  int64_t value = 0;

  must(shareable_list_open(&own, name, 0, NULL));
  for (;;) {
    value = await(own, THERE, value);
    must(shareable_list_set_int(own, BACK, value));
  }
}

static void begin_handover(char **words) {
  int64_t zeros[COUNT] = {0};

  snprintf(name, sizeof name, "bench-c-%ld", (long)getpid());
  must(shareable_list_create_ints(&list, name, zeros, COUNT, 0, 0, NULL));
  ball = 0;
  exchange_begin(words[0], answer);
}

static void once(void) {
  must(shareable_list_set_int(list, THERE, ball + 1));
  ball = await(list, BACK, ball);
}

static void exchange(int64_t times) {
  exchange_take(times, once);
}

static void end_handover(void) {
  exchange_end();
  must(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
}

/* -- Copies to and from a block. */

static char *own;
static size_t size;

static void begin_copy(char **words) {
  size = turn_number(words[0]);
  must(shareable_memory_create(&memory, NULL, size, 0, 0, NULL));
  must(shareable_memory_unlink(memory, NULL));
  own = malloc(size);
  turn_must(own != NULL, "malloc");
  memset(own, 1, size);
  memset(shareable_memory_address(memory), 2, size);
  turn_worth((double)size);
}

static void copy_in(int64_t times) {
  char *block = shareable_memory_address(memory);

  for (int64_t i = 0; i < times; i++) {
    memcpy(block, own, size);
    __asm__ volatile("" : : "r"(block) : "memory");
  }
}

static void copy_out(int64_t times) {
  const char *block = shareable_memory_address(memory);

  for (int64_t i = 0; i < times; i++) {
    memcpy(own, block, size);
    __asm__ volatile("" : : "r"(own) : "memory");
  }
}

static void end_copy(void) {
  shareable_memory_unref(memory);
  free(own);
}

/* -- Blocks: make, optionally touch, remove. */

static uint32_t flags;
static bool is_touched, is_advised;

static void begin_create(char **words) {
  flags = strcmp(words[0], "reserved") == 0 ? 0 : SHAREABLE_LAZY;
  is_advised = strcmp(words[0], "advised") == 0;
  is_touched = is_advised || strcmp(words[0], "touched") == 0;
  size = turn_number(words[1]);
  snprintf(name, sizeof name, "bench-c-%ld", (long)getpid());
}

static void create(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    must(shareable_memory_create(&memory, name, size, flags, 0, NULL));
    if (is_advised)
      madvise(shareable_memory_address(memory), size, MADV_HUGEPAGE);
    if (is_touched)
      turn_touch(shareable_memory_address(memory), size);
    must(shareable_memory_unlink(memory, NULL));
    shareable_memory_unref(memory);
  }
}

/* The bytes of shared memory that this process has mapped in huge pages. */
static double in_huge_pages(void) {
  FILE *file = fopen("/proc/self/smaps_rollup", "r");
  char line[200];
  double kilobytes = 0;

  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, "ShmemPmdMapped:", 15) == 0)
      kilobytes = strtod(line + 15, NULL);
  if (file != NULL)
    fclose(file);
  return kilobytes * 1024;
}

/* Answers the bytes of a block that the kernel puts in huge pages on request. */
static void begin_huge(char **words) {
  size = turn_number(words[0]);
  must(shareable_memory_create(&memory, NULL, size, SHAREABLE_LAZY, 0, NULL));
  madvise(shareable_memory_address(memory), size, MADV_HUGEPAGE);
  turn_touch(shareable_memory_address(memory), size);
  turn_answer(in_huge_pages(), 1);
  must(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

/* -- Several processes on one list. */

static void begin_host(char **words) {
  list = list_of(words[0], TURN_INT, TURN_ITEMS);
}

static void end_host(void) {
  must(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
}

static void begin_team(char **words) {
  must(shareable_list_open(&list, words[0], 0, NULL));
}

static void team_read(int64_t times) {
  int64_t integer;

  for (int64_t i = 0; i < times; i++)
    must(shareable_list_get_int(list, TURN_ITEM, &integer));
}

static void team_write(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    must(shareable_list_set_int(list, TURN_ITEM, i));
}

static void team_add(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    must(shareable_list_add(list, TURN_ITEM, 1, NULL));
}

/* The same as an addition, in two steps under the lock. */
static void team_locked(int64_t times) {
  int64_t integer;

  for (int64_t i = 0; i < times; i++) {
    must(shareable_list_lock(list, -1));
    must(shareable_list_get_int(list, TURN_ITEM, &integer));
    must(shareable_list_set_int(list, TURN_ITEM, integer + 1));
    must(shareable_list_unlock(list));
  }
}

int main(void) {
  static const turn_work works[] = {
    {"read", begin_items, read_items, end_items},
    {"write", begin_items, write_items, end_items},
    {"memory", begin_memory, NULL, NULL},
    {"build", begin_build, build, end_build},
    {"attach", begin_attach, attach, end_attach},
    {"handover", begin_handover, exchange, end_handover},
    {"copy-in", begin_copy, copy_in, end_copy},
    {"copy-out", begin_copy, copy_out, end_copy},
    {"create", begin_create, create, NULL},
    {"huge", begin_huge, NULL, NULL},
    {"host", begin_host, NULL, end_host},
    {"team-read", begin_team, team_read, end_items},
    {"team-write", begin_team, team_write, end_items},
    {"team-add", begin_team, team_add, end_items},
    {"team-locked", begin_team, team_locked, end_items},
    {NULL, NULL, NULL, NULL},
  };

  turn_take_all(works);
}
