/*
 * held.c - items of a list that a living writer holds locked.
 */
#include "held.h"

#include "base/clock.h"
#include "list/list.h"

/* How long another writer than the one that timed out has its lock, at least, to count as a holder. */
#define NAP_NS INT64_C(100000)

static bool has_waited;
static uint32_t holder; /* the token of the writer that timed out */

/* The token of a living writer that has the item locked, or 0. */
static uint32_t living_writer(const shareable_list *list, int64_t index) {
  int64_t count = (int64_t)list->layout.count, i = index < 0 ? index + count : index;
  uint64_t word;

  if (list->sync.area == NULL || i < 0 || i >= count)
    return 0;
  word = __atomic_load_n(&list->sync.area->words[i], __ATOMIC_ACQUIRE);
  if ((word & SHAREABLE__LOCKED) == 0 || !shareable__writer_is_alive(&list->sync.writer, (uint32_t)(word >> 32)))
    return 0;
  return (uint32_t)(word >> 32);
}

void held_remember(const shareable_list *list, int64_t index) {
  has_waited = true;
  holder = living_writer(list, index);
}

void held_forget(void) {
  has_waited = false;
}

bool held_is(const shareable_list *list, int64_t index) {
  uint32_t token = has_waited ? living_writer(list, index) : 0;

  if (token == 0 || token == holder)
    return token != 0;
  shareable__sleep(NAP_NS);
  return living_writer(list, index) != 0;
}
