/*
 * pickle_encode.c - encodes a value to the bytes of a pickle.
 */
#include "protocol/pickle.h"
#include "protocol/pickle_opcode.h"

/*
 * A frame ends before the next value if it has FRAME_TARGET bytes. Fewer than FRAME_MIN bytes do
 * not get a frame header.
 */
#define FRAME_TARGET 65536
#define FRAME_MIN 4
#define FRAME_HEADER 9
/* The number of items that one opcode adds to a list or dict. */
#define BATCH_SIZE 1000

struct encoder {
  const shareable__pyvalue *nodes;
  unsigned char *bytes;
  size_t size, used;
  size_t frame; /* the offset of the open frame; 0: none */
};

static void put_byte(struct encoder *encoder, unsigned char byte) {
  if (encoder->used < encoder->size)
    encoder->bytes[encoder->used] = byte;
  encoder->used++;
}

static void put_bytes(struct encoder *encoder, const void *bytes, size_t count) {
  if (count > 0 && encoder->used < encoder->size)
    memcpy(encoder->bytes + encoder->used, bytes,
           count < encoder->size - encoder->used ? count : encoder->size - encoder->used);
  encoder->used += count;
}

static void put_number(struct encoder *encoder, uint64_t number, size_t size) {
  for (size_t i = 0; i < size; i++)
    put_byte(encoder, (unsigned char)(number >> 8 * i));
}

static void begin_frame(struct encoder *encoder) {
  if (encoder->frame != 0)
    return;
  encoder->frame = encoder->used;
  put_byte(encoder, OP_FRAME);
  put_number(encoder, 0, 8);
}

static void remove_frame_header(struct encoder *encoder) {
  size_t end = encoder->used < encoder->size ? encoder->used : encoder->size;

  if (end > encoder->frame + FRAME_HEADER)
    memmove(encoder->bytes + encoder->frame, encoder->bytes + encoder->frame + FRAME_HEADER,
            end - encoder->frame - FRAME_HEADER);
  encoder->used -= FRAME_HEADER;
}

static void end_frame(struct encoder *encoder) {
  size_t length = encoder->used - encoder->frame - FRAME_HEADER;
  struct encoder header = *encoder;

  header.used = encoder->frame + 1;
  if (length >= FRAME_MIN)
    put_number(&header, length, 8);
  else
    remove_frame_header(encoder);
  encoder->frame = 0;
}

static void put_op(struct encoder *encoder, unsigned char opcode) {
  begin_frame(encoder);
  put_byte(encoder, opcode);
}

static void put_int(struct encoder *encoder, int64_t integer) {
  size_t size = 1;

  if (integer >= 0 && integer <= 0xffff) {
    put_op(encoder, integer <= 0xff ? OP_BININT1 : OP_BININT2);
    put_number(encoder, (uint64_t)integer, integer <= 0xff ? 1 : 2);
  } else if (integer >= INT32_MIN && integer <= INT32_MAX) {
    put_op(encoder, OP_BININT);
    put_number(encoder, (uint64_t)integer, 4);
  } else {
    while (size < 8 && integer >> (8 * size - 1) != 0 && integer >> (8 * size - 1) != -1)
      size++;
    put_op(encoder, OP_LONG1);
    put_byte(encoder, (unsigned char)size);
    put_number(encoder, (uint64_t)integer, size);
  }
}

static void put_float(struct encoder *encoder, const shareable__pyvalue *node) {
  put_op(encoder, OP_BINFLOAT);
  for (size_t i = 8; i-- > 0;)
    put_byte(encoder, (unsigned char)((uint64_t)node->integer >> 8 * i));
}

static unsigned char text_opcode(bool is_str, uint64_t length) {
  if (length <= 0xff)
    return is_str ? OP_SHORT_BINUNICODE : OP_SHORT_BINBYTES;
  if (length <= UINT32_MAX)
    return is_str ? OP_BINUNICODE : OP_BINBYTES;
  return is_str ? OP_BINUNICODE8 : OP_BINBYTES8;
}

/* A long text is outside of frames. */
static void put_text(struct encoder *encoder, const shareable__pyvalue *node) {
  bool is_long = node->length >= FRAME_TARGET;

  if (!is_long)
    begin_frame(encoder);
  else if (encoder->frame != 0)
    end_frame(encoder);
  put_byte(encoder, text_opcode(node->type == SHAREABLE__PY_STR, node->length));
  put_number(encoder, node->length, node->length <= 0xff ? 1 : node->length <= UINT32_MAX ? 4 : 8);
  put_bytes(encoder, node->text, (size_t)node->length);
  put_op(encoder, OP_MEMOIZE);
}

static void put_value(struct encoder *encoder, uint32_t index);

static void put_items(struct encoder *encoder, const shareable__pyvalue *node) {
  for (uint32_t item = node->first; item != 0; item = encoder->nodes[item].next)
    put_value(encoder, item);
}

static void put_tuple(struct encoder *encoder, const shareable__pyvalue *node) {
  if (node->length == 0) {
    put_op(encoder, OP_EMPTY_TUPLE);
    return;
  }
  if (node->length > 3)
    put_op(encoder, OP_MARK);
  put_items(encoder, node);
  put_op(encoder, node->length > 3 ? OP_TUPLE : (unsigned char)(OP_TUPLE1 + node->length - 1));
  put_op(encoder, OP_MEMOIZE);
}

/* An item consists of `each` nodes: one in a list, a key and a value in a dict. */
static void put_batches(struct encoder *encoder, const shareable__pyvalue *node, unsigned each, unsigned char one,
                        unsigned char many) {
  uint32_t item = node->first;

  if (node->length == each) {
    put_items(encoder, node);
    put_op(encoder, one);
    return;
  }
  while (item != 0) {
    put_op(encoder, OP_MARK);
    for (unsigned i = 0; i < BATCH_SIZE * each && item != 0; i++) {
      put_value(encoder, item);
      item = encoder->nodes[item].next;
    }
    put_op(encoder, many);
  }
}

static void put_container(struct encoder *encoder, const shareable__pyvalue *node) {
  bool is_list = node->type == SHAREABLE__PY_LIST;

  put_op(encoder, is_list ? OP_EMPTY_LIST : OP_EMPTY_DICT);
  put_op(encoder, OP_MEMOIZE);
  put_batches(encoder, node, is_list ? 1 : 2, is_list ? OP_APPEND : OP_SETITEM, is_list ? OP_APPENDS : OP_SETITEMS);
}

/* Recursive, at most SHAREABLE__PYVALUE_DEPTH levels. */
static void put_value(struct encoder *encoder, uint32_t index) {
  const shareable__pyvalue *node = &encoder->nodes[index];

  if (encoder->frame != 0 && encoder->used - encoder->frame - FRAME_HEADER >= FRAME_TARGET)
    end_frame(encoder);
  switch (node->type) {
  case SHAREABLE__PY_BOOL:
    put_op(encoder, node->integer ? OP_NEWTRUE : OP_NEWFALSE);
    break;
  case SHAREABLE__PY_INT:
    put_int(encoder, node->integer);
    break;
  case SHAREABLE__PY_FLOAT:
    put_float(encoder, node);
    break;
  case SHAREABLE__PY_STR:
  case SHAREABLE__PY_BYTES:
    put_text(encoder, node);
    break;
  case SHAREABLE__PY_TUPLE:
    put_tuple(encoder, node);
    break;
  case SHAREABLE__PY_LIST:
  case SHAREABLE__PY_DICT:
    put_container(encoder, node);
    break;
  default:
    put_op(encoder, OP_NONE);
  }
}

size_t shareable__pickle_encode(const shareable__pyvalue_arena *arena, uint32_t root, void *bytes, size_t size) {
  struct encoder encoder = {.nodes = arena->nodes, .bytes = bytes, .size = size};

  put_byte(&encoder, OP_PROTO);
  put_byte(&encoder, 4);
  put_value(&encoder, root);
  put_op(&encoder, OP_STOP);
  end_frame(&encoder);
  return encoder.used;
}
