/*
 * chain.h - doubly linked lists of objects that contain their links.
 */
#ifndef SHAREABLE__CHAIN_H
#define SHAREABLE__CHAIN_H

#include <stddef.h>

typedef struct shareable__link {
  struct shareable__link *previous, *next;
} shareable__link;

/* All 0: empty. */
typedef struct shareable__chain {
  shareable__link *first, *last;
} shareable__chain;

static inline void shareable__chain_append(shareable__chain *chain, shareable__link *link) {
  link->previous = chain->last;
  link->next = NULL;
  *(chain->last == NULL ? &chain->first : &chain->last->next) = link;
  chain->last = link;
}

/* The chain contains the link. */
static inline void shareable__chain_remove(shareable__chain *chain, shareable__link *link) {
  *(link->previous == NULL ? &chain->first : &link->previous->next) = link->next;
  *(link->next == NULL ? &chain->last : &link->next->previous) = link->previous;
}

/* Returns the object whose link is at that offset, or NULL for NULL. */
static inline void *shareable__chain_object(shareable__link *link, size_t offset) {
  return link == NULL ? NULL : (char *)link - offset;
}

#define SHAREABLE__OBJECT(link, type, member) ((type *)shareable__chain_object((link), offsetof(type, member)))

#endif
