/*
 * plain.c - an array with bounds-checked accesses, in a shared library. The accesses to a list are
 * compared with it.
 */
#include "plain.h"

#include <stdlib.h>

struct plain {
  size_t count;
  int64_t items[];
};

plain *plain_new(size_t count) {
  plain *array = calloc(1, sizeof *array + count * sizeof *array->items);

  if (array != NULL)
    array->count = count;
  return array;
}

void plain_free(plain *array) {
  free(array);
}

int plain_get(const plain *array, int64_t index, int64_t *integer) {
  if (index < 0 || (uint64_t)index >= array->count)
    return -1;
  *integer = array->items[index];
  return 0;
}

int plain_add(plain *array, int64_t index, int64_t delta, int64_t *integer) {
  if (index < 0 || (uint64_t)index >= array->count)
    return -1;
  *integer = __atomic_add_fetch(&array->items[index], delta, __ATOMIC_SEQ_CST);
  return 0;
}

int plain_set(plain *array, int64_t index, int64_t integer) {
  if (index < 0 || (uint64_t)index >= array->count)
    return -1;
  array->items[index] = integer;
  return 0;
}
