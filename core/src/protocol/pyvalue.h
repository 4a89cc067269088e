/*
 * pyvalue.h - a tree of Python values, as a pickle without code contains them.
 *
 * The values are None, bool, int, float, str, bytes, and tuples, lists and dicts of these. A value
 * is a tree of nodes in an array of the caller, the arena. Nodes refer to each other by their index
 * in it.
 */
#ifndef SHAREABLE__PYVALUE_H
#define SHAREABLE__PYVALUE_H

#include "format/value.h"

typedef enum shareable__pyvalue_type {
  SHAREABLE__PY_MARK, /* only on the stack of the decoder, never in a value */
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
  uint8_t depth;        /* number of levels below this node */
  uint32_t next;        /* the next item of the same container; 0: none */
  uint32_t first, last; /* items of a container; of a dict: a key, its value, the next key … */
  uint32_t memo;        /* of the decoder: the node with this index in the pickle's memo */
  size_t length;        /* the bytes of a str or bytes, or the number of items of a container */
  union {
    int64_t integer; /* an int or a bool */
    double real;
    const char *text; /* owned by the caller, for example a part of the pickle */
  };
} shareable__pyvalue;

/* An arena of `size` - 1 nodes: node 0 is not used, because 0 means none. */
typedef struct shareable__pyvalue_arena {
  shareable__pyvalue *nodes;
  uint32_t size;
  uint32_t used;
} shareable__pyvalue_arena;

/* The maximum depth of a value. Requests and replies have three levels. */
#define SHAREABLE__PYVALUE_DEPTH 16

static inline shareable__pyvalue_arena shareable__pyvalue_arena_init(shareable__pyvalue *nodes, uint32_t size) {
  return (shareable__pyvalue_arena){nodes, size, 1};
}

/* These make a node and return its index, or 0 if the arena is full. */
uint32_t shareable__pyvalue_none(shareable__pyvalue_arena *arena);
uint32_t shareable__pyvalue_int(shareable__pyvalue_arena *arena, int64_t integer);
uint32_t shareable__pyvalue_text(shareable__pyvalue_arena *arena, shareable__pyvalue_type type, const char *text,
                                 size_t length);
uint32_t shareable__pyvalue_container(shareable__pyvalue_arena *arena, shareable__pyvalue_type type);

/*
 * Appends an item to a container. Returns false if either is 0, or if the container would be too
 * deep.
 */
bool shareable__pyvalue_append(shareable__pyvalue_arena *arena, uint32_t container, uint32_t item);

/* Returns whether a node is a str with this text. */
bool shareable__pyvalue_is_text(const shareable__pyvalue *node, const char *text);

#endif
