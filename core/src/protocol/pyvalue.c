/*
 * pyvalue.c - builds a tree of Python values in an arena.
 */
#include "protocol/pyvalue.h"

static shareable__pyvalue *new_node(shareable__pyvalue_arena *arena, shareable__pyvalue_type type) {
  shareable__pyvalue *node;

  if (arena->used >= arena->size)
    return NULL;
  node = &arena->nodes[arena->used++];
  memset(node, 0, sizeof *node);
  node->type = (uint8_t)type;
  return node;
}

static uint32_t index_of(const shareable__pyvalue_arena *arena, const shareable__pyvalue *node) {
  return node == NULL ? 0 : (uint32_t)(node - arena->nodes);
}

uint32_t shareable__pyvalue_container(shareable__pyvalue_arena *arena, shareable__pyvalue_type type) {
  return index_of(arena, new_node(arena, type));
}

uint32_t shareable__pyvalue_none(shareable__pyvalue_arena *arena) {
  return shareable__pyvalue_container(arena, SHAREABLE__PY_NONE);
}

uint32_t shareable__pyvalue_int(shareable__pyvalue_arena *arena, int64_t integer) {
  shareable__pyvalue *node = new_node(arena, SHAREABLE__PY_INT);

  if (node != NULL)
    node->integer = integer;
  return index_of(arena, node);
}

uint32_t shareable__pyvalue_text(shareable__pyvalue_arena *arena, shareable__pyvalue_type type, const char *text,
                                 size_t length) {
  shareable__pyvalue *node = new_node(arena, type);

  if (node != NULL) {
    node->text = text;
    node->length = length;
  }
  return index_of(arena, node);
}

bool shareable__pyvalue_append(shareable__pyvalue_arena *arena, uint32_t container, uint32_t item) {
  shareable__pyvalue *parent = &arena->nodes[container], *node = &arena->nodes[item];

  if (container == 0 || item == 0 || node->depth + 1 > SHAREABLE__PYVALUE_DEPTH)
    return false;
  node->next = 0;
  if (parent->last == 0)
    parent->first = item;
  else
    arena->nodes[parent->last].next = item;
  parent->last = item;
  parent->length++;
  if (parent->depth < node->depth + 1)
    parent->depth = (uint8_t)(node->depth + 1);
  return true;
}

bool shareable__pyvalue_is_text(const shareable__pyvalue *node, const char *text) {
  return node->type == SHAREABLE__PY_STR && node->length == strlen(text) && memcmp(node->text, text, node->length) == 0;
}
