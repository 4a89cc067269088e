/*
 * pickle_decode.c - the bytes of a pickle → a plain value.
 *
 * A pickle is a program for a machine with a stack and a memo. Reading one, the stack is a chain of nodes from the top down,
 * so that what leaves it together needs only to be turned round to be the items of something.
 */
#include "protocol/pickle.h"
#include "protocol/pickle_opcode.h"

typedef struct machine {
  shareable__pyvalue_arena *in;
  uint32_t top;  /* of the stack; each node's `next` is the one below it */
  uint32_t puts; /* how many nodes the memo has */
  const unsigned char *bytes;
  size_t length, at;
  shareable__pickle_result verdict;
} machine;

/* The next `count` bytes, or NULL where there are fewer. */
static const unsigned char *take(machine *of, uint64_t count) {
  const unsigned char *bytes = of->bytes + of->at;

  if (count > of->length - of->at)
    return NULL;
  of->at += (size_t)count;
  return bytes;
}

/* A number of `size` bytes, least first. */
static bool take_number(machine *of, size_t size, uint64_t *number) {
  const unsigned char *bytes = take(of, size);

  if (bytes == NULL)
    return false;
  *number = 0;
  for (size_t i = size; i-- > 0;)
    *number = *number << 8 | bytes[i];
  return true;
}

static shareable__pyvalue *push(machine *of, shareable__pyvalue_type type) {
  uint32_t index = shareable__pyvalue_container(of->in, type);

  if (index == 0) {
    of->verdict = SHAREABLE__PICKLE_NO_SPACE;
    return NULL;
  }
  of->in->nodes[index].next = of->top;
  of->top = index;
  return &of->in->nodes[index];
}

static bool push_int(machine *of, int64_t integer) {
  shareable__pyvalue *node = push(of, SHAREABLE__PY_INT);

  if (node != NULL)
    node->integer = integer;
  return node != NULL;
}

static bool push_bool(machine *of, bool value) {
  shareable__pyvalue *node = push(of, SHAREABLE__PY_BOOL);

  if (node != NULL)
    node->integer = value;
  return node != NULL;
}

static bool read_int(machine *of, size_t size) {
  uint64_t number;

  if (!take_number(of, size, &number))
    return false;
  return push_int(of, size == 4 ? (int32_t)(uint32_t)number : (int64_t)number);
}

/* An int of as many bytes as the next one says, in two's complement. */
static bool read_long(machine *of) {
  uint64_t size, number;

  if (!take_number(of, 1, &size) || size > 8 || !take_number(of, (size_t)size, &number))
    return false;
  if (size > 0 && size < 8 && number >> (8 * size - 1) != 0)
    number |= ~UINT64_C(0) << (8 * size);
  return push_int(of, (int64_t)number);
}

static bool read_float(machine *of) {
  const unsigned char *bytes = take(of, 8);
  shareable__pyvalue *node;
  uint64_t bits = 0;

  if (bytes == NULL)
    return false;
  for (size_t i = 0; i < 8; i++)
    bits = bits << 8 | bytes[i];
  node = push(of, SHAREABLE__PY_FLOAT);
  if (node != NULL)
    memcpy(&node->real, &bits, sizeof bits);
  return node != NULL;
}

/* A text whose length is in the next `size` bytes. */
static bool read_text(machine *of, shareable__pyvalue_type type, size_t size) {
  const unsigned char *text;
  shareable__pyvalue *node;
  uint64_t length;

  if (!take_number(of, size, &length))
    return false;
  text = take(of, length);
  if (text == NULL || (type == SHAREABLE__PY_STR && !shareable__is_utf8(text, (size_t)length)))
    return false;
  node = push(of, type);
  if (node == NULL)
    return false;
  node->text = (const char *)text;
  node->length = (size_t)length;
  return true;
}

/* The node on top, which leaves the stack; NULL where there is none but a mark. */
static shareable__pyvalue *pop(machine *of) {
  shareable__pyvalue *node = &of->in->nodes[of->top];

  if (of->top == 0 || node->type == SHAREABLE__PY_MARK)
    return NULL;
  of->top = node->next;
  return node;
}

/* Puts the node on top of `chain`, whose first is at the bottom of what it was popped from. */
static bool pop_onto(machine *of, uint32_t *chain) {
  uint32_t index = of->top;
  shareable__pyvalue *node = pop(of);

  if (node == NULL)
    return false;
  node->next = *chain;
  *chain = index;
  return true;
}

/* All down to the mark, which goes too. */
static bool pop_to_mark(machine *of, uint32_t *chain) {
  *chain = 0;
  while (pop_onto(of, chain))
    ;
  if (of->top == 0)
    return false;
  of->top = of->in->nodes[of->top].next;
  return true;
}

static bool add_all(machine *of, uint32_t holder, uint32_t chain) {
  while (chain != 0) {
    uint32_t next = of->in->nodes[chain].next;

    if (!shareable__pyvalue_append(of->in, holder, chain))
      return false;
    chain = next;
  }
  return true;
}

static bool push_tuple(machine *of, uint32_t chain) {
  shareable__pyvalue *node = push(of, SHAREABLE__PY_TUPLE);

  return node != NULL && add_all(of, of->top, chain);
}

static bool tuple_of(machine *of, unsigned count) {
  uint32_t chain = 0;

  while (count-- > 0)
    if (!pop_onto(of, &chain))
      return false;
  return push_tuple(of, chain);
}

static bool tuple_to_mark(machine *of) {
  uint32_t chain;

  return pop_to_mark(of, &chain) && push_tuple(of, chain);
}

static bool is_on_top(const machine *of, shareable__pyvalue_type type) {
  return of->top != 0 && of->in->nodes[of->top].type == type;
}

static bool append(machine *of, bool to_mark) {
  uint32_t chain = 0;

  if (!(to_mark ? pop_to_mark(of, &chain) : pop_onto(of, &chain)))
    return false;
  return is_on_top(of, SHAREABLE__PY_LIST) && add_all(of, of->top, chain);
}

/* Whether they are pairs, each with a str in front. */
static bool are_pairs(const shareable__pyvalue *nodes, uint32_t chain) {
  for (; chain != 0; chain = nodes[nodes[chain].next].next)
    if (nodes[chain].type != SHAREABLE__PY_STR || nodes[chain].next == 0)
      return false;
  return true;
}

static bool set_items(machine *of, bool to_mark) {
  uint32_t chain = 0;

  /* NOLINTNEXTLINE(misc-redundant-expression): each of the two takes one, a key and its value */
  if (!(to_mark ? pop_to_mark(of, &chain) : pop_onto(of, &chain) && pop_onto(of, &chain)))
    return false;
  return is_on_top(of, SHAREABLE__PY_DICT) && are_pairs(of->in->nodes, chain) && add_all(of, of->top, chain);
}

/* Nobody needs to know a value by two numbers; so there are as many places in the nodes as there are numbers. */
static bool memoize(machine *of) {
  if (of->top == 0 || is_on_top(of, SHAREABLE__PY_MARK) || of->puts >= of->in->used)
    return false;
  of->in->nodes[of->puts++].memo = of->top;
  return true;
}

/* Pickles of old number what they put; they count from 0 as well. */
static bool memoize_as(machine *of, size_t size) {
  uint64_t number;

  return take_number(of, size, &number) && number == of->puts && memoize(of);
}

/* Only what holds nothing comes twice: so nothing holds itself, and a small pickle is no large value. */
static bool recall(machine *of, size_t size) {
  const shareable__pyvalue *known;
  shareable__pyvalue *node;
  uint64_t number;

  if (!take_number(of, size, &number) || number >= of->puts)
    return false;
  known = &of->in->nodes[of->in->nodes[number].memo];
  if (known->type >= SHAREABLE__PY_TUPLE)
    return false;
  node = push(of, known->type);
  if (node == NULL)
    return false;
  node->length = known->length;
  node->integer = known->integer;
  return true;
}

/* A frame says how many bytes it has, which only a reader of streams needs to know. */
static bool skip_frame(machine *of) {
  uint64_t length;

  return take_number(of, 8, &length) && length <= of->length - of->at;
}

static bool step(machine *of, unsigned char opcode) {
  switch (opcode) {
  case OP_FRAME:
    return skip_frame(of);
  case OP_MARK:
    return push(of, SHAREABLE__PY_MARK) != NULL;
  case OP_NONE:
    return push(of, SHAREABLE__PY_NONE) != NULL;
  case OP_NEWTRUE:
  case OP_NEWFALSE:
    return push_bool(of, opcode == OP_NEWTRUE);
  case OP_BININT1:
    return read_int(of, 1);
  case OP_BININT2:
    return read_int(of, 2);
  case OP_BININT:
    return read_int(of, 4);
  case OP_LONG1:
    return read_long(of);
  case OP_BINFLOAT:
    return read_float(of);
  case OP_SHORT_BINUNICODE:
    return read_text(of, SHAREABLE__PY_STR, 1);
  case OP_BINUNICODE:
    return read_text(of, SHAREABLE__PY_STR, 4);
  case OP_BINUNICODE8:
    return read_text(of, SHAREABLE__PY_STR, 8);
  case OP_SHORT_BINBYTES:
    return read_text(of, SHAREABLE__PY_BYTES, 1);
  case OP_BINBYTES:
    return read_text(of, SHAREABLE__PY_BYTES, 4);
  case OP_BINBYTES8:
    return read_text(of, SHAREABLE__PY_BYTES, 8);
  case OP_EMPTY_TUPLE:
    return tuple_of(of, 0);
  case OP_TUPLE1:
  case OP_TUPLE2:
  case OP_TUPLE3:
    return tuple_of(of, opcode - OP_TUPLE1 + 1u);
  case OP_TUPLE:
    return tuple_to_mark(of);
  case OP_EMPTY_LIST:
    return push(of, SHAREABLE__PY_LIST) != NULL;
  case OP_APPEND:
  case OP_APPENDS:
    return append(of, opcode == OP_APPENDS);
  case OP_EMPTY_DICT:
    return push(of, SHAREABLE__PY_DICT) != NULL;
  case OP_SETITEM:
  case OP_SETITEMS:
    return set_items(of, opcode == OP_SETITEMS);
  case OP_MEMOIZE:
    return memoize(of);
  case OP_BINPUT:
    return memoize_as(of, 1);
  case OP_LONG_BINPUT:
    return memoize_as(of, 4);
  case OP_BINGET:
    return recall(of, 1);
  case OP_LONG_BINGET:
    return recall(of, 4);
  default: /* what would look up, call or build something, above all */
    return false;
  }
}

/* At the end there is one value, and nothing after it. */
static bool is_done(const machine *of) {
  return of->at == of->length && of->top != 0 && of->in->nodes[of->top].next == 0 && !is_on_top(of, SHAREABLE__PY_MARK);
}

static bool run(machine *of, size_t *at) {
  const unsigned char *bytes = take(of, 2);

  *at = 0;
  if (bytes == NULL || bytes[0] != OP_PROTO || bytes[1] < 2 || bytes[1] > 5)
    return false;
  for (;;) {
    *at = of->at;
    bytes = take(of, 1);
    if (bytes == NULL)
      return false;
    if (*bytes == OP_STOP)
      return is_done(of);
    if (!step(of, *bytes))
      return false;
  }
}

shareable__pickle_result shareable__pickle_decode(shareable__pyvalue_arena *in, const void *bytes, size_t length,
                                                  uint32_t *root, size_t *at) {
  machine of = {.in = in, .bytes = bytes, .length = length, .verdict = SHAREABLE__PICKLE_INVALID};

  in->used = 1;
  if (in->size == 0)
    return SHAREABLE__PICKLE_NO_SPACE;
  if (!run(&of, at))
    return of.verdict;
  *root = of.top;
  return SHAREABLE__PICKLE_OK;
}
