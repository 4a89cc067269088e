/*
 * pickle_decode.c - decodes the bytes of a pickle to a value.
 *
 * A pickle is a program for a machine that has a stack and a memo. The decoder's stack is a linked
 * list of nodes from the top down. Popping nodes reverses their order, so that a popped list can
 * become the items of a container.
 */
#include "protocol/pickle.h"
#include "protocol/pickle_opcode.h"

struct decoder {
  shareable__pyvalue_arena *arena;
  uint32_t top;        /* of the stack; `next` of each node is the node below it */
  uint32_t memo_count; /* number of entries of the memo */
  const unsigned char *bytes;
  size_t length, position;
  shareable__pickle_result result;
};

/* Consumes the next `count` bytes and returns them, or NULL if fewer are left. */
static const unsigned char *take(struct decoder *decoder, uint64_t count) {
  const unsigned char *bytes = decoder->bytes + decoder->position;

  if (count > decoder->length - decoder->position)
    return NULL;
  decoder->position += (size_t)count;
  return bytes;
}

/* Consumes a little-endian number of `size` bytes. */
static bool take_number(struct decoder *decoder, size_t size, uint64_t *number) {
  const unsigned char *bytes = take(decoder, size);

  if (bytes == NULL)
    return false;
  *number = 0;
  for (size_t i = size; i-- > 0;)
    *number = *number << 8 | bytes[i];
  return true;
}

static shareable__pyvalue *push(struct decoder *decoder, shareable__pyvalue_type type) {
  uint32_t index = shareable__pyvalue_container(decoder->arena, type);

  if (index == 0) {
    decoder->result = SHAREABLE__PICKLE_NO_SPACE;
    return NULL;
  }
  decoder->arena->nodes[index].next = decoder->top;
  decoder->top = index;
  return &decoder->arena->nodes[index];
}

static bool push_int(struct decoder *decoder, int64_t integer) {
  shareable__pyvalue *node = push(decoder, SHAREABLE__PY_INT);

  if (node != NULL)
    node->integer = integer;
  return node != NULL;
}

static bool push_bool(struct decoder *decoder, bool value) {
  shareable__pyvalue *node = push(decoder, SHAREABLE__PY_BOOL);

  if (node != NULL)
    node->integer = value;
  return node != NULL;
}

static bool read_int(struct decoder *decoder, size_t size) {
  uint64_t number;

  if (!take_number(decoder, size, &number))
    return false;
  return push_int(decoder, size == 4 ? (int32_t)(uint32_t)number : (int64_t)number);
}

/*
 * LONG1: a byte with the size, and an int in two's complement. Only ints of up to 8 bytes are
 * accepted.
 */
static bool read_long(struct decoder *decoder) {
  uint64_t size, number;

  if (!take_number(decoder, 1, &size) || size > 8 || !take_number(decoder, (size_t)size, &number))
    return false;
  if (size > 0 && size < 8 && number >> (8 * size - 1) != 0)
    number |= ~UINT64_C(0) << (8 * size);
  return push_int(decoder, (int64_t)number);
}

static bool read_float(struct decoder *decoder) {
  const unsigned char *bytes = take(decoder, 8);
  shareable__pyvalue *node;
  uint64_t bits = 0;

  if (bytes == NULL)
    return false;
  for (size_t i = 0; i < 8; i++)
    bits = bits << 8 | bytes[i];
  node = push(decoder, SHAREABLE__PY_FLOAT);
  if (node != NULL)
    memcpy(&node->real, &bits, sizeof bits);
  return node != NULL;
}

/* A str or bytes, whose length is in the next `size` bytes. */
static bool read_text(struct decoder *decoder, shareable__pyvalue_type type, size_t size) {
  const unsigned char *text;
  shareable__pyvalue *node;
  uint64_t length;

  if (!take_number(decoder, size, &length))
    return false;
  text = take(decoder, length);
  if (text == NULL || (type == SHAREABLE__PY_STR && !shareable__is_utf8(text, (size_t)length)))
    return false;
  node = push(decoder, type);
  if (node == NULL)
    return false;
  node->text = (const char *)text;
  node->length = (size_t)length;
  return true;
}

/* Pops the node on top. Returns NULL if the stack is empty or a mark is on top. */
static shareable__pyvalue *pop(struct decoder *decoder) {
  shareable__pyvalue *node = &decoder->arena->nodes[decoder->top];

  if (decoder->top == 0 || node->type == SHAREABLE__PY_MARK)
    return NULL;
  decoder->top = node->next;
  return node;
}

/*
 * Pops a node and puts it in front of `chain`, so that the chain has the order in which the nodes
 * were pushed.
 */
static bool pop_onto(struct decoder *decoder, uint32_t *chain) {
  uint32_t index = decoder->top;
  shareable__pyvalue *node = pop(decoder);

  if (node == NULL)
    return false;
  node->next = *chain;
  *chain = index;
  return true;
}

/*
 * Pops all nodes above the topmost mark into `chain`, and the mark. Returns false if there is no
 * mark.
 */
static bool pop_to_mark(struct decoder *decoder, uint32_t *chain) {
  *chain = 0;
  while (pop_onto(decoder, chain))
    ;
  if (decoder->top == 0)
    return false;
  decoder->top = decoder->arena->nodes[decoder->top].next;
  return true;
}

static bool append_all(struct decoder *decoder, uint32_t container, uint32_t chain) {
  while (chain != 0) {
    uint32_t next = decoder->arena->nodes[chain].next;

    if (!shareable__pyvalue_append(decoder->arena, container, chain))
      return false;
    chain = next;
  }
  return true;
}

static bool push_tuple(struct decoder *decoder, uint32_t chain) {
  shareable__pyvalue *node = push(decoder, SHAREABLE__PY_TUPLE);

  return node != NULL && append_all(decoder, decoder->top, chain);
}

static bool pop_tuple(struct decoder *decoder, unsigned count) {
  uint32_t chain = 0;

  while (count-- > 0)
    if (!pop_onto(decoder, &chain))
      return false;
  return push_tuple(decoder, chain);
}

static bool tuple_to_mark(struct decoder *decoder) {
  uint32_t chain;

  return pop_to_mark(decoder, &chain) && push_tuple(decoder, chain);
}

static bool is_on_top(const struct decoder *decoder, shareable__pyvalue_type type) {
  return decoder->top != 0 && decoder->arena->nodes[decoder->top].type == type;
}

static bool append(struct decoder *decoder, bool to_mark) {
  uint32_t chain = 0;

  if (!(to_mark ? pop_to_mark(decoder, &chain) : pop_onto(decoder, &chain)))
    return false;
  return is_on_top(decoder, SHAREABLE__PY_LIST) && append_all(decoder, decoder->top, chain);
}

/* Returns whether the chain consists of pairs of a str and a value. */
static bool are_pairs(const shareable__pyvalue *nodes, uint32_t chain) {
  for (; chain != 0; chain = nodes[nodes[chain].next].next)
    if (nodes[chain].type != SHAREABLE__PY_STR || nodes[chain].next == 0)
      return false;
  return true;
}

static bool set_items(struct decoder *decoder, bool to_mark) {
  uint32_t chain = 0;

  /* NOLINTNEXTLINE(misc-redundant-expression): the two calls pop the value and its key */
  if (!(to_mark ? pop_to_mark(decoder, &chain) : pop_onto(decoder, &chain) && pop_onto(decoder, &chain)))
    return false;
  return is_on_top(decoder, SHAREABLE__PY_DICT) && are_pairs(decoder->arena->nodes, chain) &&
         append_all(decoder, decoder->top, chain);
}

/*
 * The memo entry i is stored in node i. The memo is full if it has as many entries as there are
 * nodes: no pickler needs more.
 */
static bool memoize(struct decoder *decoder) {
  if (decoder->top == 0 || is_on_top(decoder, SHAREABLE__PY_MARK) || decoder->memo_count >= decoder->arena->used)
    return false;
  decoder->arena->nodes[decoder->memo_count++].memo = decoder->top;
  return true;
}

/* BINPUT has an explicit index. Picklers count from 0, so only the next index is accepted. */
static bool memoize_at(struct decoder *decoder, size_t size) {
  uint64_t number;

  return take_number(decoder, size, &number) && number == decoder->memo_count && memoize(decoder);
}

/*
 * Only values that are not containers are copied: so no value contains itself, and a small pickle
 * cannot become a large value.
 */
static bool load_memo(struct decoder *decoder, size_t size) {
  const shareable__pyvalue *known;
  shareable__pyvalue *node;
  uint64_t number;

  if (!take_number(decoder, size, &number) || number >= decoder->memo_count)
    return false;
  known = &decoder->arena->nodes[decoder->arena->nodes[number].memo];
  if (known->type >= SHAREABLE__PY_TUPLE)
    return false;
  node = push(decoder, known->type);
  if (node == NULL)
    return false;
  node->length = known->length;
  node->integer = known->integer;
  return true;
}

/* The length of a frame is only checked: it matters to readers of streams. */
static bool skip_frame(struct decoder *decoder) {
  uint64_t length;

  return take_number(decoder, 8, &length) && length <= decoder->length - decoder->position;
}

static bool decode_op(struct decoder *decoder, unsigned char opcode) {
  switch (opcode) {
  case OP_FRAME:
    return skip_frame(decoder);
  case OP_MARK:
    return push(decoder, SHAREABLE__PY_MARK) != NULL;
  case OP_NONE:
    return push(decoder, SHAREABLE__PY_NONE) != NULL;
  case OP_NEWTRUE:
  case OP_NEWFALSE:
    return push_bool(decoder, opcode == OP_NEWTRUE);
  case OP_BININT1:
    return read_int(decoder, 1);
  case OP_BININT2:
    return read_int(decoder, 2);
  case OP_BININT:
    return read_int(decoder, 4);
  case OP_LONG1:
    return read_long(decoder);
  case OP_BINFLOAT:
    return read_float(decoder);
  case OP_SHORT_BINUNICODE:
    return read_text(decoder, SHAREABLE__PY_STR, 1);
  case OP_BINUNICODE:
    return read_text(decoder, SHAREABLE__PY_STR, 4);
  case OP_BINUNICODE8:
    return read_text(decoder, SHAREABLE__PY_STR, 8);
  case OP_SHORT_BINBYTES:
    return read_text(decoder, SHAREABLE__PY_BYTES, 1);
  case OP_BINBYTES:
    return read_text(decoder, SHAREABLE__PY_BYTES, 4);
  case OP_BINBYTES8:
    return read_text(decoder, SHAREABLE__PY_BYTES, 8);
  case OP_EMPTY_TUPLE:
    return pop_tuple(decoder, 0);
  case OP_TUPLE1:
  case OP_TUPLE2:
  case OP_TUPLE3:
    return pop_tuple(decoder, opcode - OP_TUPLE1 + 1u);
  case OP_TUPLE:
    return tuple_to_mark(decoder);
  case OP_EMPTY_LIST:
    return push(decoder, SHAREABLE__PY_LIST) != NULL;
  case OP_APPEND:
  case OP_APPENDS:
    return append(decoder, opcode == OP_APPENDS);
  case OP_EMPTY_DICT:
    return push(decoder, SHAREABLE__PY_DICT) != NULL;
  case OP_SETITEM:
  case OP_SETITEMS:
    return set_items(decoder, opcode == OP_SETITEMS);
  case OP_MEMOIZE:
    return memoize(decoder);
  case OP_BINPUT:
    return memoize_at(decoder, 1);
  case OP_LONG_BINPUT:
    return memoize_at(decoder, 4);
  case OP_BINGET:
    return load_memo(decoder, 1);
  case OP_LONG_BINGET:
    return load_memo(decoder, 4);
  default: /* among others, all opcodes that look up, call or build something */
    return false;
  }
}

/* Returns whether the stack has one value and no bytes follow the pickle. */
static bool is_complete(const struct decoder *decoder) {
  return decoder->position == decoder->length && decoder->top != 0 && decoder->arena->nodes[decoder->top].next == 0 &&
         !is_on_top(decoder, SHAREABLE__PY_MARK);
}

static bool decode(struct decoder *decoder, size_t *bad_offset) {
  const unsigned char *bytes = take(decoder, 2);

  *bad_offset = 0;
  if (bytes == NULL || bytes[0] != OP_PROTO || bytes[1] < 2 || bytes[1] > 5)
    return false;
  for (;;) {
    *bad_offset = decoder->position;
    bytes = take(decoder, 1);
    if (bytes == NULL)
      return false;
    if (*bytes == OP_STOP)
      return is_complete(decoder);
    if (!decode_op(decoder, *bytes))
      return false;
  }
}

shareable__pickle_result shareable__pickle_decode(shareable__pyvalue_arena *arena, const void *bytes, size_t length,
                                                  uint32_t *root, size_t *bad_offset) {
  struct decoder decoder = {.arena = arena, .bytes = bytes, .length = length, .result = SHAREABLE__PICKLE_INVALID};

  arena->used = 1;
  if (arena->size == 0)
    return SHAREABLE__PICKLE_NO_SPACE;
  if (!decode(&decoder, bad_offset))
    return decoder.result;
  *root = decoder.top;
  return SHAREABLE__PICKLE_OK;
}
