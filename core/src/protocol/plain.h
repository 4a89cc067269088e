/*
 * plain.h - plain values: what a pickle holds that needs no code to be made.
 *
 * None, bool, int, float, str, bytes, and tuples, lists and dicts of those. A value is a tree of nodes in an array of the
 * caller's, and nodes name each other by their index there.
 */
#ifndef SHAREABLE__PLAIN_H
#define SHAREABLE__PLAIN_H

#include "format/value.h"

typedef enum shareable__plain_type {
  SHAREABLE__PLAIN_MARK, /* the decoder's own, never in a value */
  SHAREABLE__PLAIN_NONE,
  SHAREABLE__PLAIN_BOOL,
  SHAREABLE__PLAIN_INT,
  SHAREABLE__PLAIN_FLOAT,
  SHAREABLE__PLAIN_STR,
  SHAREABLE__PLAIN_BYTES,
  SHAREABLE__PLAIN_TUPLE,
  SHAREABLE__PLAIN_LIST,
  SHAREABLE__PLAIN_DICT
} shareable__plain_type;

typedef struct shareable__plain {
  uint8_t type;
  uint8_t depth;        /* how many levels are below it */
  uint32_t next;        /* the item after it, in what holds it; 0: none */
  uint32_t first, last; /* of its items, where it holds any; a dict's are a key, its value, the next key … */
  uint32_t memo;        /* the decoder's: the node that pickle calls by this one's index */
  size_t length;        /* of a text in bytes, or the number of its items */
  union {
    int64_t integer; /* also of a bool */
    double real;
    const char *text; /* not the node's own: in the pickle that it was read from */
  };
} shareable__plain;

/* An array for `size` - 1 nodes: the first is nobody's, so that 0 stands for none. Only `used` changes. */
typedef struct shareable__plains {
  shareable__plain *nodes;
  uint32_t size;
  uint32_t used;
} shareable__plains;

/* How deep a value may be: requests and replies are three levels. */
#define SHAREABLE__PLAIN_DEPTH 16

static inline shareable__plains shareable__plains_in(shareable__plain *nodes, uint32_t size) {
  return (shareable__plains){nodes, size, 1};
}

/* Make a node, and return its index: 0 where the array is full. */
uint32_t shareable__plain_none(shareable__plains *in);
uint32_t shareable__plain_int(shareable__plains *in, int64_t integer);
uint32_t shareable__plain_text(shareable__plains *in, shareable__plain_type type, const char *text, size_t length);
uint32_t shareable__plain_empty(shareable__plains *in, shareable__plain_type type);

/* Makes `item` the last item of `of`. Where either is 0, or that would be too deep, the answer is false. */
bool shareable__plain_add(shareable__plains *in, uint32_t of, uint32_t item);

/* Whether a node is a str of these characters. */
bool shareable__plain_is(const shareable__plain *node, const char *text);

#endif
