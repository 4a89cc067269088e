/*
 * npy.h - the header of an array: NumPy's .npy format, versions 1.0, 2.0 and 3.0.
 *
 * A file is a prologue (a magic string, a version, and the length of the header), a header, which
 * is the text of a Python dict, and the items.
 */
#ifndef SHAREABLE__NPY_H
#define SHAREABLE__NPY_H

#include "format/descr.h"

/* The bytes that shareable__npy_read_prologue() needs. A smaller file contains no array. */
#define SHAREABLE__NPY_PROLOGUE_SIZE 12
/* The longest header that is read, in bytes. */
#define SHAREABLE__NPY_HEADER_MAX (1 << 20)

typedef struct shareable__npy_prologue {
  uint64_t offset; /* of the header, in bytes */
  uint32_t length; /* of the header, in bytes */
  bool is_latin1;  /* the header's encoding; otherwise UTF-8 */
} shareable__npy_prologue;

typedef struct shareable__npy {
  shareable__descr descr;
  bool is_fortran_order;
  size_t ndim;
  uint64_t shape[SHAREABLE_NDIM_MAX];
  uint64_t size;   /* the number of items */
  uint64_t nbytes; /* of all items */
} shareable__npy;

/* Returns NULL, or the reason why the bytes are not the beginning of an array. */
const char *shareable__npy_read_prologue(const unsigned char *bytes, shareable__npy_prologue *prologue);

/* Reads a header. npy->descr.text points into it. Returns NULL, or the reason why it is not valid. */
const char *shareable__npy_read(const char *header, size_t length, shareable__npy *npy);

/* Computes `size` and `nbytes`. Returns NULL, or the reason why there can be no such array. */
const char *shareable__npy_measure(shareable__npy *npy);

/*
 * Stores the distance in bytes from an item to the next one, for each dimension. The array was
 * measured.
 */
void shareable__npy_strides(const shareable__npy *npy, int64_t *strides);

/*
 * Writes the prologue and the header, as NumPy writes them: the items begin at a multiple of 64.
 * Returns the number of bytes, also if `capacity` is smaller; then the contents of `bytes` are
 * undefined. `bytes` may be NULL if `capacity` is 0.
 */
size_t shareable__npy_write(const shareable__npy *npy, unsigned char *bytes, size_t capacity);

#endif
