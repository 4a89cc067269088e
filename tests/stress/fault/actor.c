/*
 * actor.c - the actions of test_disk_full.py in C; see actor.py for the usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shareable.h"

static shareable_error error;

static shareable_status make_ints(const char *name, size_t count, uint32_t flags) {
  int64_t *integers = calloc(count, sizeof *integers);
  shareable_list *list;
  shareable_status status = shareable_list_create_ints(&list, name, integers, count, flags, 0, &error);

  free(integers);
  return status;
}

static shareable_status make_wide(const char *name, size_t capacity, uint32_t flags) {
  shareable_value value = shareable_str("");
  shareable_list *list;

  value.capacity = (uint32_t)capacity;
  return shareable_list_create(&list, name, &value, 1, flags, 0, &error);
}

static shareable_status fill(const char *name) {
  shareable_memory *memory;
  shareable_status status = shareable_memory_open(&memory, name, 0, &error);
  char *bytes = status == SHAREABLE_OK ? shareable_memory_address(memory) : NULL;

  for (size_t i = 0; status == SHAREABLE_OK && i < shareable_memory_size(memory); i += 4096)
    bytes[i] = 1;
  return status;
}

static shareable_status set(const char *name, size_t length) {
  char *text = malloc(length + 1);
  shareable_list *list;
  shareable_status status = shareable_list_open(&list, name, 0, &error);

  memset(text, 'x', length);
  if (status == SHAREABLE_OK)
    status = shareable_list_explain_item(list, 0, shareable_list_set_str(list, 0, text, length), &error);
  free(text);
  return status;
}

static shareable_status read_last(const char *name, int waits) {
  shareable_list *list;
  shareable_status status = shareable_list_open(&list, name, 0, &error);
  int64_t last;

  if (status != SHAREABLE_OK)
    return status;
  if (waits) {
    puts("open");
    fflush(stdout);
    getchar();
  }
  status = shareable_list_get_int(list, -1, &last);
  if (status == SHAREABLE_OK)
    printf("last is %lld\n", (long long)last);
  return shareable_list_explain_item(list, -1, status, &error);
}

static uint32_t flags_of(int argc, char **argv) {
  uint32_t flags = 0;

  for (int i = 4; i < argc; i++)
    flags |= strcmp(argv[i], "lazy") == 0 ? SHAREABLE_LAZY : SHAREABLE_OWNED;
  return flags;
}

static shareable_status act(const char *action, const char *name, size_t size, uint32_t flags) {
  shareable_memory *memory;

  if (strcmp(action, "make") == 0)
    return shareable_memory_create(&memory, name, size, flags, 0, &error);
  if (strcmp(action, "ints") == 0)
    return make_ints(name, size, flags);
  if (strcmp(action, "wide") == 0)
    return make_wide(name, size, flags);
  if (strcmp(action, "fill") == 0)
    return fill(name);
  if (strcmp(action, "set") == 0)
    return set(name, size);
  return read_last(name, strcmp(action, "hold") == 0);
}

int main(int argc, char **argv) {
  shareable_status status = act(argv[1], argv[2], argc > 3 ? (size_t)atol(argv[3]) : 0, flags_of(argc, argv));

  if (status == SHAREABLE_OK)
    puts("done");
  else
    printf("%s %s\n", status == SHAREABLE_E_NO_SPACE ? "full:" : "failed:", error.message);
  return 0;
}
