/*
 * array.h - makes and opens arrays, and returns results by value as item.h does.
 */
#ifndef RAW_ARRAY_H
#define RAW_ARRAY_H

#include "shareable.h"

typedef struct raw_array_result {
  uintptr_t array;
  int64_t status;
} raw_array_result;

typedef struct raw_array_header {
  const char *descr;
  const uint64_t *shape;
  const int64_t *strides;
  uint64_t item_size;
  uint64_t nbytes;
  uint64_t offset; /* of the first item in the block, in bytes */
  int32_t ndim;
  int32_t dtype;
} raw_array_header;

static inline raw_array_result raw_array_create(const char *name, const char *descr, size_t ndim, const uint64_t *shape,
                                                const unsigned char *items, size_t size, uint32_t flags, uint32_t mode,
                                                void *error) {
  shareable_array *array = NULL;
  shareable_status status =
    shareable_array_create_from(&array, name, descr, ndim, shape, items, size, flags, mode, error);
  raw_array_result result = {(uintptr_t)array, status};

  return result;
}

static inline raw_array_result raw_array_open(const char *name, uint32_t flags, void *error) {
  shareable_array *array = NULL;
  shareable_status status = shareable_array_open(&array, name, flags, error);
  raw_array_result result = {(uintptr_t)array, status};

  return result;
}

/* The array is open. */
static inline raw_array_header raw_array_read_header(uintptr_t handle) {
  const shareable_array *array = (const shareable_array *)handle;
  const unsigned char *block = shareable_memory_address(shareable_array_memory(array));
  raw_array_header header = {
    .descr = shareable_array_descr(array),
    .shape = shareable_array_shape(array),
    .strides = shareable_array_strides(array),
    .item_size = shareable_array_item_size(array),
    .nbytes = shareable_array_nbytes(array),
    .offset = (uint64_t)((const unsigned char *)shareable_array_data(array) - block),
    .ndim = (int32_t)shareable_array_ndim(array),
    .dtype = shareable_array_dtype(array),
  };

  return header;
}

static inline uintptr_t raw_array_take_memory(uintptr_t handle) {
  return (uintptr_t)shareable_memory_ref(shareable_array_memory((const shareable_array *)handle));
}

static inline void raw_array_unref(uintptr_t array) {
  shareable_array_unref((shareable_array *)array);
}

#endif
