/*
 * pickle_encode.c - a plain value → the bytes of a pickle.
 */
#include "protocol/pickle.h"
#include "protocol/pickle_opcode.h"

/* A frame is ended before the next value once it has so many bytes; one of fewer than the least is none. */
#define FRAME_TARGET 65536
#define FRAME_LEAST 4
#define FRAME_HEAD 9
/* How many items go to a list or dict at once. */
#define BATCH 1000

typedef struct sink {
  const shareable__pyvalue *nodes;
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

static void put_float(sink *to, const shareable__pyvalue *node) {
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
static void put_text(sink *to, const shareable__pyvalue *node) {
  bool is_long = node->length >= FRAME_TARGET;

  if (!is_long)
    begin_frame(to);
  else if (to->frame != 0)
    end_frame(to);
  put_byte(to, text_opcode(node->type == SHAREABLE__PY_STR, node->length));
  put_number(to, node->length, node->length <= 0xff ? 1 : node->length <= UINT32_MAX ? 4 : 8);
  put_bytes(to, node->text, (size_t)node->length);
  put_op(to, OP_MEMOIZE);
}

static void put(sink *to, uint32_t index);

static void put_items(sink *to, const shareable__pyvalue *node) {
  for (uint32_t item = node->first; item != 0; item = to->nodes[item].next)
    put(to, item);
}

static void put_tuple(sink *to, const shareable__pyvalue *node) {
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
static void put_batches(sink *to, const shareable__pyvalue *node, unsigned each, unsigned char one,
                        unsigned char many) {
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

static void put_holder(sink *to, const shareable__pyvalue *node) {
  bool is_list = node->type == SHAREABLE__PY_LIST;

  put_op(to, is_list ? OP_EMPTY_LIST : OP_EMPTY_DICT);
  put_op(to, OP_MEMOIZE);
  put_batches(to, node, is_list ? 1 : 2, is_list ? OP_APPEND : OP_SETITEM, is_list ? OP_APPENDS : OP_SETITEMS);
}

/* As deep as a value can be. */
static void put(sink *to, uint32_t index) {
  const shareable__pyvalue *node = &to->nodes[index];

  if (to->frame != 0 && to->used - to->frame - FRAME_HEAD >= FRAME_TARGET)
    end_frame(to);
  switch (node->type) {
  case SHAREABLE__PY_BOOL:
    put_op(to, node->integer ? OP_NEWTRUE : OP_NEWFALSE);
    break;
  case SHAREABLE__PY_INT:
    put_int(to, node->integer);
    break;
  case SHAREABLE__PY_FLOAT:
    put_float(to, node);
    break;
  case SHAREABLE__PY_STR:
  case SHAREABLE__PY_BYTES:
    put_text(to, node);
    break;
  case SHAREABLE__PY_TUPLE:
    put_tuple(to, node);
    break;
  case SHAREABLE__PY_LIST:
  case SHAREABLE__PY_DICT:
    put_holder(to, node);
    break;
  default:
    put_op(to, OP_NONE);
  }
}

size_t shareable__pickle_encode(const shareable__pyvalue_arena *in, uint32_t root, void *bytes, size_t size) {
  sink to = {.nodes = in->nodes, .bytes = bytes, .size = size};

  put_byte(&to, OP_PROTO);
  put_byte(&to, 4);
  put(&to, root);
  put_op(&to, OP_STOP);
  end_frame(&to);
  return to.used;
}
