/*
 * held.c - items of a list that a living writer has locked.
 */
#include "held.h"

#include "base/clock.h"
#include "list/list.h"
#include "sync/item_lock.h"

/* Another writer than the one that timed out must hold an item for this time at least. */
#define HOLD_MIN_NS INT64_C(100000)

static bool has_waited;
static uint32_t holder; /* identifies the writer that timed out */

/* Returns a number that identifies the living writer that has locked the item, or 0. */
static uint32_t living_writer(const shareable_list *list, int64_t index) {
  int64_t count = (int64_t)list->layout.count, i = index < 0 ? index + count : index;

  return i < 0 || i >= count ? 0 : shareable__sync_item_holder(&list->sync, (size_t)i);
}

void held_record(const shareable_list *list, int64_t index) {
  has_waited = true;
  holder = living_writer(list, index);
}

void held_clear(void) {
  has_waited = false;
}

bool held_is(const shareable_list *list, int64_t index) {
  uint32_t writer = has_waited ? living_writer(list, index) : 0;

  if (writer == 0 || writer == holder)
    return writer != 0;
  shareable__sleep(HOLD_MIN_NS);
  return living_writer(list, index) != 0;
}
