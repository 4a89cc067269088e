/*
 * array.h - the public handle of an array.
 */
#ifndef SHAREABLE__ARRAY_H
#define SHAREABLE__ARRAY_H

#include "format/npy.h"
#include "shm/memory.h"

struct shareable_array {
  shareable_memory *memory;
  atomic_uint references;
  shareable__npy npy; /* without the text of the description; its dtype is that of aligned items only */
  int64_t strides[SHAREABLE_NDIM_MAX];
  uint64_t data_offset; /* of the first item in the block, in bytes */
  char *descr;          /* NUL-terminated UTF-8 */
};

/* Allocates a handle with one reference, without memory. Returns NULL if that fails. */
shareable_array *shareable__array_allocate(shareable_error *error);

/*
 * Copies what the header says, after `descr` was read from the text of a header. The handle's memory
 * exists.
 */
shareable_status shareable__array_describe(shareable_array *array, const shareable__npy *npy, bool is_latin1,
                                           uint64_t data_offset, shareable_error *error);

/* Reads bytes of a file that may contain an array. If that fails, fills *error. */
typedef shareable_status shareable__array_source(void *context, uint64_t offset, void *bytes, size_t size,
                                                 shareable_error *error);

/*
 * Describes an array by the header in a file, which `source` reads. Does not check that the file has
 * all items. If the header is not valid, returns E_NOT_ARRAY and sets *reason, and the caller fills
 * *error. If `source` fails, returns its status.
 */
shareable_status shareable__array_read_header(shareable_array *array, shareable__array_source *source, void *context,
                                              const char **reason, shareable_error *error);

/* Returns whether a file of that size has all items that its header describes. */
bool shareable__array_fits(const shareable_array *array, uint64_t size);

#endif
