/*
 * shareable.c - the tasks of this library in C.
 */
#include "shareable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../list_echo.h"
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
static enum subject_type type;
static char name[64];

/* -- Items. */

static shareable_value value_of(enum subject_type wanted) {
  switch (wanted) {
  case SUBJECT_BOOL:
    return shareable_bool(1);
  case SUBJECT_INT:
    return shareable_int(7);
  case SUBJECT_FLOAT:
    return shareable_float(2.5);
  case SUBJECT_STR:
    return shareable_str(SUBJECT_TEXT);
  case SUBJECT_BYTES:
    return shareable_bytes(SUBJECT_TEXT, 16);
  default:
    return shareable_none();
  }
}

static shareable_list *list_of(const char *list_name, enum subject_type wanted, size_t count) {
  shareable_value *values = calloc(count, sizeof *values);
  shareable_list *made;

  subject_must(values != NULL, "calloc");
  for (size_t i = 0; i < count; i++)
    values[i] = value_of(wanted);
  must(shareable_list_create(&made, list_name, values, count, 0, 0, NULL));
  free(values);
  return made;
}

static void begin_items(char **arguments) {
  type = subject_type_of(arguments[0]);
  list = list_of(NULL, type, SUBJECT_ITEMS);
  must(shareable_list_unlink(list, NULL));
}

static void end_items(void) {
  shareable_list_unref(list);
}

static void read_number(int64_t times) {
  int64_t integer;
  double real;

  if (type == SUBJECT_INT)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get_int(list, SUBJECT_ITEM, &integer));
  else
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get_float(list, SUBJECT_ITEM, &real));
}

static void read_text(int64_t times) {
  char text[32];
  size_t length;

  if (type == SUBJECT_STR)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get_str(list, SUBJECT_ITEM, text, sizeof text, &length));
  else
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get_bytes(list, SUBJECT_ITEM, text, sizeof text, &length));
}

static void read_items(int64_t times) {
  shareable_value value;
  int boolean;

  if (type == SUBJECT_INT || type == SUBJECT_FLOAT)
    read_number(times);
  else if (type == SUBJECT_STR || type == SUBJECT_BYTES)
    read_text(times);
  else if (type == SUBJECT_BOOL)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get_bool(list, SUBJECT_ITEM, &boolean));
  else
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_get(list, SUBJECT_ITEM, &value, NULL, 0));
}

static void write_text(int64_t times) {
  if (type == SUBJECT_STR)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_str(list, SUBJECT_ITEM, i & 1 ? SUBJECT_TEXT : SUBJECT_OTHER, 16));
  else
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_bytes(list, SUBJECT_ITEM, i & 1 ? SUBJECT_TEXT : SUBJECT_OTHER, 16));
}

static void write_items(int64_t times) {
  if (type == SUBJECT_STR || type == SUBJECT_BYTES)
    write_text(times);
  else if (type == SUBJECT_INT)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_int(list, SUBJECT_ITEM, i));
  else if (type == SUBJECT_FLOAT)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_float(list, SUBJECT_ITEM, (double)i));
  else if (type == SUBJECT_BOOL)
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_bool(list, SUBJECT_ITEM, (int)(i & 1)));
  else
    for (int64_t i = 0; i < times; i++)
      must(shareable_list_set_none(list, SUBJECT_ITEM));
}

/* -- The memory of many items. */

static void begin_memory(char **arguments) {
  size_t count = subject_number(arguments[1]);
  shareable_list *made = list_of(NULL, subject_type_of(arguments[0]), count);

  subject_answer((double)shareable_memory_size(shareable_list_memory(made)), (double)count);
  must(shareable_list_unlink(made, NULL));
  shareable_list_unref(made);
}

/* -- Lists of ints: build and attach. */

static int64_t *integers;
static size_t length;

static void begin_build(char **arguments) {
  length = subject_number(arguments[0]);
  snprintf(name, sizeof name, "bench-c-%ld", (long)getpid());
  integers = malloc(length * sizeof *integers);
  subject_must(integers != NULL, "malloc");
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

static void begin_attach(char **arguments) {
  begin_build(arguments);
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

/* -- Hand-over to a partner and back. */

static int64_t last;

static void answer(void) {
  list_echo_answer(name);
}

static void begin_handover(char **arguments) {
  int64_t zeros[LIST_ECHO_COUNT] = {0};

  snprintf(name, sizeof name, "bench-c-%ld", (long)getpid());
  must(shareable_list_create_ints(&list, name, zeros, LIST_ECHO_COUNT, 0, 0, NULL));
  last = 0;
  exchange_begin(arguments[0], answer);
}

static void exchange(void) {
  last = list_echo_exchange(list, last);
}

static void run_exchanges(int64_t times) {
  exchange_run(times, exchange);
}

static void end_handover(void) {
  exchange_end();
  must(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
}

/* -- Copies to and from a block. */

static char *own;
static size_t size;

static void begin_copy(char **arguments) {
  size = subject_number(arguments[0]);
  must(shareable_memory_create(&memory, NULL, size, 0, 0, NULL));
  must(shareable_memory_unlink(memory, NULL));
  own = malloc(size);
  subject_must(own != NULL, "malloc");
  memset(own, 1, size);
  memset(shareable_memory_address(memory), 2, size);
  subject_set_amount((double)size);
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

/* -- Blocks: create, optionally write, unlink. */

static uint32_t flags;
static bool is_touched, is_advised;

static void begin_create(char **arguments) {
  flags = strcmp(arguments[0], "reserved") == 0 ? 0 : SHAREABLE_LAZY;
  is_advised = strcmp(arguments[0], "advised") == 0;
  is_touched = is_advised || strcmp(arguments[0], "touched") == 0;
  size = subject_number(arguments[1]);
  snprintf(name, sizeof name, "bench-c-%ld", (long)getpid());
}

static void create(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    must(shareable_memory_create(&memory, name, size, flags, 0, NULL));
    if (is_advised)
      madvise(shareable_memory_address(memory), size, MADV_HUGEPAGE);
    if (is_touched)
      subject_touch_pages(shareable_memory_address(memory), size);
    must(shareable_memory_unlink(memory, NULL));
    shareable_memory_unref(memory);
  }
}

/* Returns the bytes of shared memory that this process has mapped in huge pages. */
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

/* Answers with the bytes of a block for which the kernel uses huge pages on request. */
static void begin_huge(char **arguments) {
  size = subject_number(arguments[0]);
  must(shareable_memory_create(&memory, NULL, size, SHAREABLE_LAZY, 0, NULL));
  madvise(shareable_memory_address(memory), size, MADV_HUGEPAGE);
  subject_touch_pages(shareable_memory_address(memory), size);
  subject_answer(in_huge_pages(), 1);
  must(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

/* -- Several processes on one list. */

static void begin_host(char **arguments) {
  list = list_of(arguments[0], SUBJECT_INT, SUBJECT_ITEMS);
}

static void end_host(void) {
  must(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
}

static void begin_team(char **arguments) {
  must(shareable_list_open(&list, arguments[0], 0, NULL));
}

static void team_read(int64_t times) {
  int64_t integer;

  for (int64_t i = 0; i < times; i++)
    must(shareable_list_get_int(list, SUBJECT_ITEM, &integer));
}

static void team_write(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    must(shareable_list_set_int(list, SUBJECT_ITEM, i));
}

static void team_add(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    must(shareable_list_add(list, SUBJECT_ITEM, 1, NULL));
}

/* Adds in two steps, under the lock. */
static void team_locked(int64_t times) {
  int64_t integer;

  for (int64_t i = 0; i < times; i++) {
    must(shareable_list_lock(list, -1));
    must(shareable_list_get_int(list, SUBJECT_ITEM, &integer));
    must(shareable_list_set_int(list, SUBJECT_ITEM, integer + 1));
    must(shareable_list_unlock(list));
  }
}

const subject_task subject_tasks[] = {
  {"read", begin_items, read_items, end_items},
  {"write", begin_items, write_items, end_items},
  {"memory", begin_memory, NULL, NULL},
  {"build", begin_build, build, end_build},
  {"attach", begin_attach, attach, end_attach},
  {"handover", begin_handover, run_exchanges, end_handover},
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
