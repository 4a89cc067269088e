/*
 * descr.h - NumPy's description of the type of an array's items: '<f8', or a list of fields.
 */
#ifndef SHAREABLE__DESCR_H
#define SHAREABLE__DESCR_H

#include "format/literal.h"
#include "shareable.h"

/* The largest size in bytes of an item or of an array. */
#define SHAREABLE__ARRAY_BYTES_MAX ((uint64_t)INT64_MAX)

typedef struct shareable__descr {
  shareable_dtype dtype; /* SHAREABLE_DTYPE_BYTES if the items are not numbers in this machine's byte order */
  uint64_t item_size;    /* in bytes */
  shareable__span text;  /* the literal itself */
} shareable__descr;

/* Takes a description. Returns NULL, or the reason why it is not valid. */
const char *shareable__descr_take(shareable__literal *literal, shareable__descr *descr);

/* Returns the description of a dtype in this machine's byte order, or NULL if the dtype has none. */
const char *shareable__descr_of(shareable_dtype dtype);

/* Returns the alignment of a number of that dtype, in bytes. */
size_t shareable__dtype_alignment(shareable_dtype dtype);

#endif
