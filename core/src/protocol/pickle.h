/*
 * pickle.h - Python values and the bytes of a pickle, as CPython's managers exchange them.
 */
#ifndef SHAREABLE__PICKLE_H
#define SHAREABLE__PICKLE_H

#include "protocol/pyvalue.h"

typedef enum shareable__pickle_result {
  SHAREABLE__PICKLE_OK,
  SHAREABLE__PICKLE_INVALID, /* the bytes are not a pickle of a supported value */
  SHAREABLE__PICKLE_NO_SPACE /* the arena is full; a node for each byte is enough */
} shareable__pickle_result;

/*
 * Decodes a pickle of protocol 2 to 5. *root receives the node of the value. If the pickle is
 * invalid, *bad_offset receives the offset of the rejected opcode. Lengths are checked against the
 * remaining bytes before they are used. No opcode can look up a name, call code, or make a value
 * contain itself.
 */
shareable__pickle_result shareable__pickle_decode(shareable__pyvalue_arena *arena, const void *bytes, size_t length,
                                                  uint32_t *root, size_t *bad_offset);

/*
 * Encodes a value byte for byte as CPython's pickler does, in protocol 4. Writes at most `size`
 * bytes, and returns the size of the whole pickle.
 */
size_t shareable__pickle_encode(const shareable__pyvalue_arena *arena, uint32_t root, void *bytes, size_t size);

#endif
