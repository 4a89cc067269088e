/*
 * pyvalue.h - plain values: what a pickle holds that needs no code to be made.
 *
 * None, bool, int, float, str, bytes, and tuples, lists and dicts of those. A value is a tree of nodes in an array of the
 * caller's, and nodes name each other by their index there.
 */
#ifndef SHAREABLE__PYVALUE_H
#define SHAREABLE__PYVALUE_H

#include "format/value.h"

typedef enum shareable__pyvalue_type {
  SHAREABLE__PY_MARK, /* the decoder's own, never in a value */
  SHAREABLE__PY_NONE,
  SHAREABLE__PY_BOOL,
  SHAREABLE__PY_INT,
  SHAREABLE__PY_FLOAT,
  SHAREABLE__PY_STR,
  SHAREABLE__PY_BYTES,
  SHAREABLE__PY_TUPLE,
  SHAREABLE__PY_LIST,
  SHAREABLE__PY_DICT
} shareable__pyvalue_type;

typedef struct shareable__pyvalue {
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
} shareable__pyvalue;

/* An array for `size` - 1 nodes: the first is nobody's, so that 0 stands for none. Only `used` changes. */
typedef struct shareable__pyvalue_arena {
  shareable__pyvalue *nodes;
  uint32_t size;
  uint32_t used;
} shareable__pyvalue_arena;

/* How deep a value may be: requests and replies are three levels. */
#define SHAREABLE__PYVALUE_DEPTH 16

static inline shareable__pyvalue_arena shareable__pyvalue_arena_in(shareable__pyvalue *nodes, uint32_t size) {
  return (shareable__pyvalue_arena){nodes, size, 1};
}

/* Make a node, and return its index: 0 where the array is full. */
uint32_t shareable__pyvalue_none(shareable__pyvalue_arena *in);
uint32_t shareable__pyvalue_int(shareable__pyvalue_arena *in, int64_t integer);
uint32_t shareable__pyvalue_text(shareable__pyvalue_arena *in, shareable__pyvalue_type type, const char *text,
                                 size_t length);
uint32_t shareable__pyvalue_container(shareable__pyvalue_arena *in, shareable__pyvalue_type type);

/* Makes `item` the last item of `of`. Where either is 0, or that would be too deep, the answer is false. */
bool shareable__pyvalue_append(shareable__pyvalue_arena *in, uint32_t of, uint32_t item);

/* Whether a node is a str of these characters. */
bool shareable__pyvalue_is_text(const shareable__pyvalue *node, const char *text);

#endif
