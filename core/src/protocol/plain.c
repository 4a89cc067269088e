/*
 * plain.c - plain values: what a pickle holds that needs no code to be made.
 */
#include "protocol/plain.h"

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
