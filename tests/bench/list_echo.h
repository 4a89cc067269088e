/*
 * list_echo.h - a hand-over by a list of ints: the exchange of this process, and the partner that
 * sends each value back. The functions are inline, because the exchange is measured.
 */
#ifndef BENCH_LIST_ECHO_H
#define BENCH_LIST_ECHO_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "shareable.h"

/* The items of the two directions are in different cache lines, and do not share wake-ups. */
enum { LIST_ECHO_THERE = 0, LIST_ECHO_BACK = 72, LIST_ECHO_COUNT = 73 };

/* Prints the message of the status and exits, unless the status is SHAREABLE_OK. */
static inline void list_echo_must(shareable_status status) {
  if (status == SHAREABLE_OK)
    return;
  fprintf(stderr, "bench: %s\n", shareable_status_message(status));
  exit(2);
}

/* Waits until the int differs from `before`, and returns it. */
static inline int64_t list_echo_wait(shareable_list *list, int64_t index, int64_t before) {
  const shareable_value value = shareable_int(before);
  int64_t integer;

  list_echo_must(shareable_list_wait(list, index, &value, -1));
  list_echo_must(shareable_list_get_int(list, index, &integer));
  return integer;
}

/* Runs in the partner: opens the list, and sends each value back. Does not return. */
static inline void list_echo_answer(const char *name) {
  shareable_list *list;
  int64_t value = 0;

  list_echo_must(shareable_list_open(&list, name, 0, NULL));
  for (;;) {
    value = list_echo_wait(list, LIST_ECHO_THERE, value);
    list_echo_must(shareable_list_set_int(list, LIST_ECHO_BACK, value));
  }
}

/* Hands the value after `previous` over, waits until it is back, and returns it. */
static inline int64_t list_echo_exchange(shareable_list *list, int64_t previous) {
  list_echo_must(shareable_list_set_int(list, LIST_ECHO_THERE, previous + 1));
  return list_echo_wait(list, LIST_ECHO_BACK, previous);
}

#endif
