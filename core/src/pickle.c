/*
 * pickle.c - plain values ↔ the bytes of a pickle.
 *
 * A pickle is a program for a machine with a stack and a memo. Reading one, the stack is a chain of nodes from the top down,
 * so that what leaves it together needs only to be turned round to be the items of something.
 */
#include "pickle.h"

enum opcode {
  OP_MARK = '(',
  OP_STOP = '.',
  OP_BINFLOAT = 'G',
  OP_BININT = 'J',
  OP_BININT1 = 'K',
  OP_BININT2 = 'M',
  OP_NONE = 'N',
  OP_BINUNICODE = 'X',
  OP_BINBYTES = 'B',
  OP_SHORT_BINBYTES = 'C',
  OP_EMPTY_LIST = ']',
  OP_APPEND = 'a',
  OP_APPENDS = 'e',
  OP_BINGET = 'h',
  OP_LONG_BINGET = 'j',
  OP_BINPUT = 'q',
  OP_LONG_BINPUT = 'r',
  OP_SETITEM = 's',
  OP_TUPLE = 't',
  OP_SETITEMS = 'u',
  OP_EMPTY_DICT = '}',
  OP_EMPTY_TUPLE = ')',
  OP_PROTO = 0x80,
  OP_TUPLE1 = 0x85,
  OP_TUPLE2 = 0x86,
  OP_TUPLE3 = 0x87,
  OP_NEWTRUE = 0x88,
  OP_NEWFALSE = 0x89,
  OP_LONG1 = 0x8a,
  OP_SHORT_BINUNICODE = 0x8c,
  OP_BINUNICODE8 = 0x8d,
  OP_BINBYTES8 = 0x8e,
  OP_MEMOIZE = 0x94,
  OP_FRAME = 0x95
};

/* Nodes. */

static shareable__plain *make(shareable__plains *in, shareable__plain_type type) {
  shareable__plain *node;

  if (in->used >= in->size)
    return NULL;
  node = &in->nodes[in->used++];
  memset(node, 0, sizeof *node);
  node->type = (uint8_t)type;
  return node;
}

static uint32_t index_of(const shareable__plains *in, const shareable__plain *node) {
  return node == NULL ? 0 : (uint32_t)(node - in->nodes);
}

uint32_t shareable__plain_empty(shareable__plains *in, shareable__plain_type type) {
  return index_of(in, make(in, type));
}

uint32_t shareable__plain_none(shareable__plains *in) {
  return shareable__plain_empty(in, SHAREABLE__PLAIN_NONE);
}

uint32_t shareable__plain_int(shareable__plains *in, int64_t integer) {
  shareable__plain *node = make(in, SHAREABLE__PLAIN_INT);

  if (node != NULL)
    node->integer = integer;
  return index_of(in, node);
}

uint32_t shareable__plain_text(shareable__plains *in, shareable__plain_type type, const char *text, size_t length) {
  shareable__plain *node = make(in, type);

  if (node != NULL) {
    node->text = text;
    node->length = length;
  }
  return index_of(in, node);
}

bool shareable__plain_add(shareable__plains *in, uint32_t of, uint32_t item) {
  shareable__plain *holder = &in->nodes[of], *held = &in->nodes[item];

  if (of == 0 || item == 0 || held->depth + 1 > SHAREABLE__PLAIN_DEPTH)
    return false;
  held->next = 0;
  if (holder->last == 0)
    holder->first = item;
  else
    in->nodes[holder->last].next = item;
  holder->last = item;
  holder->length++;
  if (holder->depth < held->depth + 1)
    holder->depth = (uint8_t)(held->depth + 1);
  return true;
}

bool shareable__plain_is(const shareable__plain *node, const char *text) {
  return node->type == SHAREABLE__PLAIN_STR && node->length == strlen(text) &&
         memcmp(node->text, text, node->length) == 0;
}

/* Reading. */

typedef struct machine {
  shareable__plains *in;
  uint32_t top;  /* of the stack; each node's `next` is the one below it */
  uint32_t puts; /* how many nodes the memo has */
  const unsigned char *bytes;
  size_t length, at;
  shareable__unpickled verdict;
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

static shareable__plain *push(machine *of, shareable__plain_type type) {
  shareable__plain *node = make(of->in, type);

  if (node == NULL) {
    of->verdict = SHAREABLE__NO_ROOM;
    return NULL;
  }
  node->next = of->top;
  of->top = index_of(of->in, node);
  return node;
}

static bool push_int(machine *of, int64_t integer) {
  shareable__plain *node = push(of, SHAREABLE__PLAIN_INT);

  if (node != NULL)
    node->integer = integer;
  return node != NULL;
}

static bool push_bool(machine *of, bool value) {
  shareable__plain *node = push(of, SHAREABLE__PLAIN_BOOL);

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
  shareable__plain *node;
  uint64_t bits = 0;

  if (bytes == NULL)
    return false;
  for (size_t i = 0; i < 8; i++)
    bits = bits << 8 | bytes[i];
  node = push(of, SHAREABLE__PLAIN_FLOAT);
  if (node != NULL)
    memcpy(&node->real, &bits, sizeof bits);
  return node != NULL;
}

/* A text whose length is in the next `size` bytes. */
static bool read_text(machine *of, shareable__plain_type type, size_t size) {
  const unsigned char *text;
  shareable__plain *node;
  uint64_t length;

  if (!take_number(of, size, &length))
    return false;
  text = take(of, length);
  if (text == NULL || (type == SHAREABLE__PLAIN_STR && !shareable__is_utf8(text, (size_t)length)))
    return false;
  node = push(of, type);
  if (node == NULL)
    return false;
  node->text = (const char *)text;
  node->length = length;
  return true;
}

/* The node on top, which leaves the stack; NULL where there is none but a mark. */
static shareable__plain *pop(machine *of) {
  shareable__plain *node = &of->in->nodes[of->top];

  if (of->top == 0 || node->type == SHAREABLE__PLAIN_MARK)
    return NULL;
  of->top = node->next;
  return node;
}

/* Puts the node on top of `chain`, whose first is at the bottom of what it was popped from. */
static bool pop_onto(machine *of, uint32_t *chain) {
  shareable__plain *node = pop(of);

  if (node == NULL)
    return false;
  node->next = *chain;
  *chain = index_of(of->in, node);
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

    if (!shareable__plain_add(of->in, holder, chain))
      return false;
    chain = next;
  }
  return true;
}

static bool push_tuple(machine *of, uint32_t chain) {
  shareable__plain *node = push(of, SHAREABLE__PLAIN_TUPLE);

  return node != NULL && add_all(of, index_of(of->in, node), chain);
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

static bool is_on_top(const machine *of, shareable__plain_type type) {
  return of->top != 0 && of->in->nodes[of->top].type == type;
}

static bool append(machine *of, bool to_mark) {
  uint32_t chain = 0;

  if (!(to_mark ? pop_to_mark(of, &chain) : pop_onto(of, &chain)))
    return false;
  return is_on_top(of, SHAREABLE__PLAIN_LIST) && add_all(of, of->top, chain);
}

/* Whether they are pairs, each with a str in front. */
static bool are_pairs(const shareable__plain *nodes, uint32_t chain) {
  for (; chain != 0; chain = nodes[nodes[chain].next].next)
    if (nodes[chain].type != SHAREABLE__PLAIN_STR || nodes[chain].next == 0)
      return false;
  return true;
}

static bool set_items(machine *of, bool to_mark) {
  uint32_t chain = 0;

  if (!(to_mark ? pop_to_mark(of, &chain) : pop_onto(of, &chain) && pop_onto(of, &chain)))
    return false;
  return is_on_top(of, SHAREABLE__PLAIN_DICT) && are_pairs(of->in->nodes, chain) && add_all(of, of->top, chain);
}

/* Nobody needs to know a value by two numbers; so there are as many places in the nodes as there are numbers. */
static bool memoize(machine *of) {
  if (of->top == 0 || is_on_top(of, SHAREABLE__PLAIN_MARK) || of->puts >= of->in->used)
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
  const shareable__plain *known;
  shareable__plain *node;
  uint64_t number;

  if (!take_number(of, size, &number) || number >= of->puts)
    return false;
  known = &of->in->nodes[of->in->nodes[number].memo];
  if (known->type >= SHAREABLE__PLAIN_TUPLE)
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
    return push(of, SHAREABLE__PLAIN_MARK) != NULL;
  case OP_NONE:
    return push(of, SHAREABLE__PLAIN_NONE) != NULL;
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
    return read_text(of, SHAREABLE__PLAIN_STR, 1);
  case OP_BINUNICODE:
    return read_text(of, SHAREABLE__PLAIN_STR, 4);
  case OP_BINUNICODE8:
    return read_text(of, SHAREABLE__PLAIN_STR, 8);
  case OP_SHORT_BINBYTES:
    return read_text(of, SHAREABLE__PLAIN_BYTES, 1);
  case OP_BINBYTES:
    return read_text(of, SHAREABLE__PLAIN_BYTES, 4);
  case OP_BINBYTES8:
    return read_text(of, SHAREABLE__PLAIN_BYTES, 8);
  case OP_EMPTY_TUPLE:
    return tuple_of(of, 0);
  case OP_TUPLE1:
  case OP_TUPLE2:
  case OP_TUPLE3:
    return tuple_of(of, opcode - OP_TUPLE1 + 1u);
  case OP_TUPLE:
    return tuple_to_mark(of);
  case OP_EMPTY_LIST:
    return push(of, SHAREABLE__PLAIN_LIST) != NULL;
  case OP_APPEND:
  case OP_APPENDS:
    return append(of, opcode == OP_APPENDS);
  case OP_EMPTY_DICT:
    return push(of, SHAREABLE__PLAIN_DICT) != NULL;
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
  return of->at == of->length && of->top != 0 && of->in->nodes[of->top].next == 0 &&
         !is_on_top(of, SHAREABLE__PLAIN_MARK);
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

shareable__unpickled shareable__unpickle(shareable__plains *in, const void *bytes, size_t length, uint32_t *root,
                                         size_t *at) {
  machine of = {.in = in, .bytes = bytes, .length = length, .verdict = SHAREABLE__NOT_PLAIN};

  in->used = 1;
  if (in->size == 0)
    return SHAREABLE__NO_ROOM;
  if (!run(&of, at))
    return of.verdict;
  *root = of.top;
  return SHAREABLE__UNPICKLED;
}

/* Writing. */

/* A frame is ended before the next value once it has so many bytes; one of fewer than the least is none. */
#define FRAME_TARGET 65536
#define FRAME_LEAST 4
#define FRAME_HEAD 9
/* How many items go to a list or dict at once. */
#define BATCH 1000

typedef struct sink {
  const shareable__plain *nodes;
  unsigned char *bytes;
  size_t size, used;
  size_t frame; /* where the frame begins that is not ended; 0: none is */
} sink;

static void put_byte(sink *to, unsigned char byte) {
  if (to->used < to->size)
    to->bytes[to->used] = byte;
  to->used++;
}

static void put_bytes(sink *to, const void *bytes, size_t count) {
  if (count > 0 && to->used < to->size)
    memcpy(to->bytes + to->used, bytes, count < to->size - to->used ? count : to->size - to->used);
  to->used += count;
}

static void put_number(sink *to, uint64_t number, size_t size) {
  for (size_t i = 0; i < size; i++)
    put_byte(to, (unsigned char)(number >> 8 * i));
}

static void begin_frame(sink *to) {
  if (to->frame != 0)
    return;
  to->frame = to->used;
  put_byte(to, OP_FRAME);
  put_number(to, 0, 8);
}

static void drop_frame_head(sink *to) {
  size_t end = to->used < to->size ? to->used : to->size;

  if (end > to->frame + FRAME_HEAD)
    memmove(to->bytes + to->frame, to->bytes + to->frame + FRAME_HEAD, end - to->frame - FRAME_HEAD);
  to->used -= FRAME_HEAD;
}

static void end_frame(sink *to) {
  size_t length = to->used - to->frame - FRAME_HEAD;
  sink head = *to;

  head.used = to->frame + 1;
  if (length >= FRAME_LEAST)
    put_number(&head, length, 8);
  else
    drop_frame_head(to);
  to->frame = 0;
}

static void put_op(sink *to, unsigned char opcode) {
  begin_frame(to);
  put_byte(to, opcode);
}

static void put_int(sink *to, int64_t integer) {
  size_t size = 1;

  if (integer >= 0 && integer <= 0xffff) {
    put_op(to, integer <= 0xff ? OP_BININT1 : OP_BININT2);
    put_number(to, (uint64_t)integer, integer <= 0xff ? 1 : 2);
  } else if (integer >= INT32_MIN && integer <= INT32_MAX) {
    put_op(to, OP_BININT);
    put_number(to, (uint64_t)integer, 4);
  } else {
    while (size < 8 && integer >> (8 * size - 1) != 0 && integer >> (8 * size - 1) != -1)
      size++;
    put_op(to, OP_LONG1);
    put_byte(to, (unsigned char)size);
    put_number(to, (uint64_t)integer, size);
  }
}

static void put_float(sink *to, const shareable__plain *node) {
  put_op(to, OP_BINFLOAT);
  for (size_t i = 8; i-- > 0;)
    put_byte(to, (unsigned char)((uint64_t)node->integer >> 8 * i));
}

static unsigned char text_opcode(bool is_str, uint64_t length) {
  if (length <= 0xff)
    return is_str ? OP_SHORT_BINUNICODE : OP_SHORT_BINBYTES;
  if (length <= UINT32_MAX)
    return is_str ? OP_BINUNICODE : OP_BINBYTES;
  return is_str ? OP_BINUNICODE8 : OP_BINBYTES8;
}

/* What is long stands between two frames. */
static void put_text(sink *to, const shareable__plain *node) {
  bool is_long = node->length >= FRAME_TARGET;

  if (!is_long)
    begin_frame(to);
  else if (to->frame != 0)
    end_frame(to);
  put_byte(to, text_opcode(node->type == SHAREABLE__PLAIN_STR, node->length));
  put_number(to, node->length, node->length <= 0xff ? 1 : node->length <= UINT32_MAX ? 4 : 8);
  put_bytes(to, node->text, (size_t)node->length);
  put_op(to, OP_MEMOIZE);
}

static void put(sink *to, uint32_t index);

static void put_items(sink *to, const shareable__plain *node) {
  for (uint32_t item = node->first; item != 0; item = to->nodes[item].next)
    put(to, item);
}

static void put_tuple(sink *to, const shareable__plain *node) {
  if (node->length == 0) {
    put_op(to, OP_EMPTY_TUPLE);
    return;
  }
  if (node->length > 3)
    put_op(to, OP_MARK);
  put_items(to, node);
  put_op(to, node->length > 3 ? OP_TUPLE : (unsigned char)(OP_TUPLE1 + node->length - 1));
  put_op(to, OP_MEMOIZE);
}

/* `each` nodes make an item: a dict's has two. */
static void put_batches(sink *to, const shareable__plain *node, unsigned each, unsigned char one, unsigned char many) {
  uint32_t item = node->first;

  if (node->length == each) {
    put_items(to, node);
    put_op(to, one);
    return;
  }
  while (item != 0) {
    put_op(to, OP_MARK);
    for (unsigned i = 0; i < BATCH * each && item != 0; i++) {
      put(to, item);
      item = to->nodes[item].next;
    }
    put_op(to, many);
  }
}

static void put_holder(sink *to, const shareable__plain *node) {
  bool is_list = node->type == SHAREABLE__PLAIN_LIST;

  put_op(to, is_list ? OP_EMPTY_LIST : OP_EMPTY_DICT);
  put_op(to, OP_MEMOIZE);
  put_batches(to, node, is_list ? 1 : 2, is_list ? OP_APPEND : OP_SETITEM, is_list ? OP_APPENDS : OP_SETITEMS);
}

/* As deep as a value can be. */
static void put(sink *to, uint32_t index) {
  const shareable__plain *node = &to->nodes[index];

  if (to->frame != 0 && to->used - to->frame - FRAME_HEAD >= FRAME_TARGET)
    end_frame(to);
  switch (node->type) {
  case SHAREABLE__PLAIN_BOOL:
    put_op(to, node->integer ? OP_NEWTRUE : OP_NEWFALSE);
    break;
  case SHAREABLE__PLAIN_INT:
    put_int(to, node->integer);
    break;
  case SHAREABLE__PLAIN_FLOAT:
    put_float(to, node);
    break;
  case SHAREABLE__PLAIN_STR:
  case SHAREABLE__PLAIN_BYTES:
    put_text(to, node);
    break;
  case SHAREABLE__PLAIN_TUPLE:
    put_tuple(to, node);
    break;
  case SHAREABLE__PLAIN_LIST:
  case SHAREABLE__PLAIN_DICT:
    put_holder(to, node);
    break;
  default:
    put_op(to, OP_NONE);
  }
}

size_t shareable__pickle(const shareable__plains *in, uint32_t root, void *bytes, size_t size) {
  sink to = {.nodes = in->nodes, .bytes = bytes, .size = size};

  put_byte(&to, OP_PROTO);
  put_byte(&to, 4);
  put(&to, root);
  put_op(&to, OP_STOP);
  end_frame(&to);
  return to.used;
}
