/*
 * access.h - calls the functions for access in place, and returns their results by value as item.h does.
 */
#ifndef RAW_ACCESS_H
#define RAW_ACCESS_H

#include "shareable.h"

typedef struct raw_writer {
  uint32_t id;
  int32_t status;
} raw_writer;

/* All members are 0 if the list is closed. */
static inline shareable_access raw_list_access(uintptr_t list) {
  shareable_access access = {0};
  shareable_list_access((const shareable_list *)list, &access, sizeof access);
  return access;
}

static inline raw_writer raw_list_join(uintptr_t list) {
  raw_writer writer = {0, 0};
  writer.status = shareable_list_join((shareable_list *)list, &writer.id);
  return writer;
}

static inline int raw_list_notify(uintptr_t list, int64_t index) {
  return shareable_list_notify((shareable_list *)list, index);
}

static inline void raw_list_close_in_place(uintptr_t list) {
  shareable_list_close_in_place((shareable_list *)list);
}

static inline void raw_memory_close_in_place(uintptr_t memory) {
  shareable_memory_close_in_place((shareable_memory *)memory);
}

#endif
