/*
 * numbers.h - makes lists from arrays of numbers and shows lists as arrays, and returns results by
 * value as item.h does.
 */
#ifndef RAW_NUMBERS_H
#define RAW_NUMBERS_H

#include "shareable.h"

typedef struct raw_list_result {
  uintptr_t list;
  int64_t status;
} raw_list_result;

typedef struct raw_view {
  void *numbers;
  int64_t bad_index; /* index of the item that prevents the view; valid on failure */
  int64_t status;
} raw_view;

static inline raw_list_result raw_create_ints(const char *name, const void *integers, size_t count, uint32_t flags,
                                              uint32_t mode, void *error) {
  shareable_list *list = NULL;
  shareable_status status = shareable_list_create_ints(&list, name, integers, count, flags, mode, error);
  raw_list_result result = {(uintptr_t)list, status};

  return result;
}

static inline raw_list_result raw_create_floats(const char *name, const void *reals, size_t count, uint32_t flags,
                                                uint32_t mode, void *error) {
  shareable_list *list = NULL;
  shareable_status status = shareable_list_create_floats(&list, name, reals, count, flags, mode, error);
  raw_list_result result = {(uintptr_t)list, status};

  return result;
}

static inline raw_view raw_list_view(uintptr_t list, uint32_t type) {
  raw_view view = {NULL, 0, 0};
  size_t bad_index = 0;

  view.status = shareable_list_view((const shareable_list *)list, (shareable_type)type, &view.numbers, &bad_index);
  view.bad_index = (int64_t)bad_index;
  return view;
}

#endif
