/*
 * core.c - runs an operation of the library in C: core OPERATION TIMES.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shareable.h"

static shareable_list *list;
static const char text[] = "sixteen bytes, x", other_text[] = "SIXTEEN BYTES, X";

static void nothing(void) {
}

static void read_int(void) {
  int64_t integer;

  shareable_list_get_int(list, 0, &integer);
}

static void write_int(void) {
  shareable_list_set_int(list, 0, 9);
}

static void read_float(void) {
  double real;

  shareable_list_get_float(list, 1, &real);
}

static void write_float(void) {
  shareable_list_set_float(list, 1, 0.5);
}

static void read_str(void) {
  char buffer[32];
  size_t length;

  shareable_list_get_str(list, 2, buffer, sizeof buffer, &length);
}

/* Alternates, so that each write changes both words. */
static void write_str(void) {
  static bool is_other;

  is_other = !is_other;
  shareable_list_set_str(list, 2, is_other ? other_text : text, sizeof text - 1);
}

static void write_none(void) {
  shareable_list_set_none(list, 3);
}

static void add(void) {
  shareable_list_add(list, 0, 1, NULL);
}

static void lock(void) {
  shareable_list_lock(list, -1);
  shareable_list_unlock(list);
}

static const struct {
  const char *name;
  void (*run)(void);
} operations[] = {{"nothing", nothing},
                  {"read int", read_int},
                  {"write int", write_int},
                  {"read float", read_float},
                  {"write float", write_float},
                  {"read str", read_str},
                  {"write str", write_str},
                  {"write none", write_none},
                  {"add", add},
                  {"lock", lock}};

int main(int argc, char **argv) {
  shareable_value values[] = {shareable_int(7), shareable_float(2.5), shareable_str(text), shareable_none()};
  shareable_error error;

  if (shareable_list_create(&list, NULL, values, 4, 0, 0, &error) != SHAREABLE_OK)
    return fprintf(stderr, "%s\n", error.message), 1;
  shareable_list_unlink(list, NULL);
  for (size_t i = 0; argc == 3 && i < sizeof operations / sizeof *operations; i++)
    if (strcmp(argv[1], operations[i].name) == 0)
      for (long times = atol(argv[2]); times > 0; times--)
        operations[i].run();
  shareable_list_unref(list);
  return argc == 3 ? 0 : 2;
}
