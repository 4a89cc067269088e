/*
 * pickle.h - plain values ↔ the bytes of a pickle, as CPython's managers exchange them.
 */
#ifndef SHAREABLE__PICKLE_H
#define SHAREABLE__PICKLE_H

#include "protocol/pyvalue.h"

typedef enum shareable__pickle_result {
  SHAREABLE__PICKLE_OK,
  SHAREABLE__PICKLE_INVALID, /* the bytes are no pickle of a plain value */
  SHAREABLE__PICKLE_NO_SPACE /* the array is too small: at most as many nodes are needed as there are bytes */
} shareable__pickle_result;

/*
 * Reads a pickle of protocol 2 to 5. *root receives the value's node; *at, where it is not plain, the byte that was refused.
 * What an opcode says is checked against the bytes there are before anything is made of it; none of them can look anything
 * up, call anything, or make a value hold itself.
 */
shareable__pickle_result shareable__pickle_decode(shareable__pyvalue_arena *in, const void *bytes, size_t length,
                                                  uint32_t *root, size_t *at);

/*
 * Writes a value as CPython's pickler does, in protocol 4, and returns how many bytes that takes: nothing past `size` is
 * written.
 */
size_t shareable__pickle_encode(const shareable__pyvalue_arena *in, uint32_t root, void *bytes, size_t size);

#endif
