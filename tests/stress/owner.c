/*
 * owner.c - a process that makes owned blocks, in C, until it is killed: see owners.py.
 *
 * usage: owner PREFIX LIVE        item 0 of the list LIVE, which belongs to owners.py, counts
 * the blocks
 */
#include <stdio.h>

#include "shareable.h"

enum { HELD = 8 };

static shareable_list *make(const char *prefix, long number) {
  const shareable_value values[] = {shareable_int(number), shareable_str("some text"), shareable_none()};
  shareable_list *list = NULL;
  char name[200];

  snprintf(name, sizeof name, "%s-%ld", prefix, number);
  shareable_list_create(&list, name, values, 3, SHAREABLE_OWNED, 0, NULL);
  return list;
}

int main(int argc, char **argv) {
  shareable_list *live, *held[HELD] = {NULL}, *again;

  if (argc != 3 || shareable_list_open(&live, argv[2], 0, NULL) != SHAREABLE_OK)
    return 2;
  for (long number = 0;; number++) {
    shareable_list **list = &held[number % HELD];

    shareable_list_unlink(*list, NULL);
    shareable_list_unref(*list);
    *list = make(argv[1], number);
    shareable_list_add(live, 0, 1, NULL);
    if (shareable_list_open(&again, shareable_memory_name(shareable_list_memory(*list)), 0, NULL) == SHAREABLE_OK) {
      shareable_list_lock(*list, 1000000000);
      shareable_list_set_str(again, 1, "another", 7);
      shareable_list_unlock(*list);
      shareable_list_unref(again);
    }
  }
}
