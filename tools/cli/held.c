/*
 * held.c - items of a list that a living writer holds locked.
 */
#include "held.h"

#include "base/clock.h"
#include "list/list.h"

/*
 * A lock of another writer than the one that timed out counts only if it still exists after this
 * time.
 */
#define SLEEP_NS INT64_C(100000)

static bool has_waited;
static uint32_t holder; /* the writer id that held the item that timed out */

/* Returns the writer id of a living writer that has the item locked, or 0. */
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
  uint32_t writer_id = has_waited ? living_writer(list, index) : 0;

  if (writer_id == 0 || writer_id == holder)
    return writer_id != 0;
  shareable__sleep(SLEEP_NS);
  return living_writer(list, index) != 0;
}
