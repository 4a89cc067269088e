/*
 * pickle.h - plain values ↔ the bytes of a pickle, as CPython's managers exchange them.
 */
#ifndef SHAREABLE__PICKLE_H
#define SHAREABLE__PICKLE_H

#include "protocol/plain.h"

typedef enum shareable__unpickled {
  SHAREABLE__UNPICKLED,
  SHAREABLE__NOT_PLAIN, /* the bytes are no pickle of a plain value */
  SHAREABLE__NO_ROOM    /* the array is too small: at most as many nodes are needed as there are bytes */
} shareable__unpickled;

/*
 * Reads a pickle of protocol 2 to 5. *root receives the value's node; *at, where it is not plain, the byte that was refused.
 * What an opcode says is checked against the bytes there are before anything is made of it; none of them can look anything
 * up, call anything, or make a value hold itself.
 */
shareable__unpickled shareable__unpickle(shareable__plains *in, const void *bytes, size_t length, uint32_t *root,
                                         size_t *at);

/*
 * Writes a value as CPython's pickler does, in protocol 4, and returns how many bytes that takes: nothing past `size` is
 * written.
 */
size_t shareable__pickle(const shareable__plains *in, uint32_t root, void *bytes, size_t size);

#endif
