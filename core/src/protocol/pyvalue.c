/*
 * pyvalue.c - plain values: what a pickle holds that needs no code to be made.
 */
#include "protocol/pyvalue.h"

static shareable__pyvalue *make(shareable__pyvalue_arena *in, shareable__pyvalue_type type) {
  shareable__pyvalue *node;

  if (in->used >= in->size)
    return NULL;
  node = &in->nodes[in->used++];
  memset(node, 0, sizeof *node);
  node->type = (uint8_t)type;
  return node;
}

static uint32_t index_of(const shareable__pyvalue_arena *in, const shareable__pyvalue *node) {
  return node == NULL ? 0 : (uint32_t)(node - in->nodes);
}

uint32_t shareable__pyvalue_container(shareable__pyvalue_arena *in, shareable__pyvalue_type type) {
  return index_of(in, make(in, type));
}

uint32_t shareable__pyvalue_none(shareable__pyvalue_arena *in) {
  return shareable__pyvalue_container(in, SHAREABLE__PY_NONE);
}

uint32_t shareable__pyvalue_int(shareable__pyvalue_arena *in, int64_t integer) {
  shareable__pyvalue *node = make(in, SHAREABLE__PY_INT);

  if (node != NULL)
    node->integer = integer;
  return index_of(in, node);
}

uint32_t shareable__pyvalue_text(shareable__pyvalue_arena *in, shareable__pyvalue_type type, const char *text,
                                 size_t length) {
  shareable__pyvalue *node = make(in, type);

  if (node != NULL) {
    node->text = text;
    node->length = length;
  }
  return index_of(in, node);
}

bool shareable__pyvalue_append(shareable__pyvalue_arena *in, uint32_t of, uint32_t item) {
  shareable__pyvalue *holder = &in->nodes[of], *held = &in->nodes[item];

  if (of == 0 || item == 0 || held->depth + 1 > SHAREABLE__PYVALUE_DEPTH)
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

bool shareable__pyvalue_is_text(const shareable__pyvalue *node, const char *text) {
  return node->type == SHAREABLE__PY_STR && node->length == strlen(text) && memcmp(node->text, text, node->length) == 0;
}
