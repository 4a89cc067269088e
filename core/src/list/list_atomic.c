/*
 * list_atomic.c - changing an int of a list by one atomic operation.
 */
#include "list/list.h"

/* What is done to an int: gives the value to put in place of the one that was found, or a status that leaves that. */
typedef shareable_status apply(int64_t operand, int64_t expected, int64_t found, int64_t *desired);

/* No failure, but nothing to do: what compare_exchange found is something else. */
#define LEAVE SHAREABLE_E_ABSENT

/* An operation and its operands; what was there, and what is there now. */
typedef struct change {
  int64_t operand, expected, found, put;
} change;

/* Inlined with the operation that it applies: the whole of it costs little more than its one instruction. */
static inline __attribute__((always_inline)) shareable_status change_word(const shareable__slot *slot, apply *operation,
                                                                          change *what) {
  uint64_t bits = shareable__load(slot->data);

  for (;;) {
    shareable_status status;

    what->found = what->put = (int64_t)bits;
    status = operation(what->operand, what->expected, what->found, &what->put);
    if (status != SHAREABLE_OK)
      return status;
    if (__atomic_compare_exchange_n((shareable__word *)slot->data, &bits, (uint64_t)what->put, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
      return SHAREABLE_OK;
  }
}

/* The long way: with the item locked, so that it cannot become anything else meanwhile. */
static __attribute__((noinline)) shareable_status change_locked(shareable_list *list, int64_t index, apply *operation,
                                                                change *what) {
  shareable_status status = shareable__list_check_write(list);
  shareable__item_info shape;
  shareable__slot slot;
  uint64_t before = 0;
  size_t i;

  if (status == SHAREABLE_OK)
    status = shareable__list_slot(list, index, &i, &slot);
  if (status == SHAREABLE_OK && list->sync.area != NULL)
    status = shareable__sync_lock(&list->sync, i, &before);
  if (status != SHAREABLE_OK)
    return status;
  if ((before & SHAREABLE__CORRUPT) != 0)
    status = SHAREABLE_E_CORRUPT;
  else if (shareable__item_is(&slot, SHAREABLE__FORMAT_INT))
    status = change_word(&slot, operation, what);
  else
    status = shareable__item_inspect(&slot, &shape) ? SHAREABLE_E_TYPE : SHAREABLE_E_CORRUPT;
  if (list->sync.area != NULL)
    shareable__sync_unlock(&list->sync, i, before);
  return status == SHAREABLE_E_CORRUPT ? shareable__list_item_status(list, i, &slot) : status;
}

/* The short way, as shareable__sync_store(): false where that cannot be told. */
static inline __attribute__((always_inline)) bool change_soon(shareable_list *list, shareable__hazard *cell,
                                                              int64_t index, apply *operation, change *what,
                                                              shareable_status *status) {
  shareable__area *area = list->sync.area;
  shareable__slot slot;
  bool may;
  size_t i;

  if (shareable__list_slot(list, index, &i, &slot) != SHAREABLE_OK)
    return false;
  may = shareable__fast_store_begin(area, cell, i, &slot, SHAREABLE__FORMAT_INT);
  if (may)
    *status = change_word(&slot, operation, what);
  shareable__fast_store_end(cell);
  shareable__eventcount_notify_fast(&area->bells, i, &cell->quiet);
  return may;
}

/* Each way has a change of its own, so that the short one's need not lie in memory. */
static inline __attribute__((always_inline)) shareable_status change_item(shareable_list *list, int64_t index,
                                                                          apply *operation, change *what) {
  /* A writer that has a cell has an area, may write, and is not closed. */
  shareable__hazard *cell = list == NULL ? NULL : shareable__writer_fast_cell(&list->sync.writer);
  change soon = *what, later;
  shareable_status status;

  if (cell != NULL && change_soon(list, cell, index, operation, &soon, &status)) {
    *what = soon;
    return status;
  }
  later = *what;
  status = change_locked(list, index, operation, &later);
  *what = later;
  return status;
}

static inline shareable_status apply_add(int64_t operand, int64_t expected, int64_t found, int64_t *desired) {
  (void)expected;
  return __builtin_add_overflow(found, operand, desired) ? SHAREABLE_E_OVERFLOW : SHAREABLE_OK;
}

static inline shareable_status apply_exchange(int64_t operand, int64_t expected, int64_t found, int64_t *desired) {
  (void)expected;
  (void)found;
  *desired = operand;
  return SHAREABLE_OK;
}

static inline shareable_status apply_compare(int64_t operand, int64_t expected, int64_t found, int64_t *desired) {
  *desired = operand;
  return found == expected ? SHAREABLE_OK : LEAVE;
}

shareable_status shareable_list_add(shareable_list *list, int64_t index, int64_t delta, int64_t *integer) {
  change what = {delta, 0, 0, 0};
  shareable_status status = change_item(list, index, apply_add, &what);

  if (status == SHAREABLE_OK && integer != NULL)
    *integer = what.put;
  return status;
}

shareable_status shareable_list_exchange(shareable_list *list, int64_t index, int64_t desired, int64_t *integer) {
  change what = {desired, 0, 0, 0};
  shareable_status status = change_item(list, index, apply_exchange, &what);

  if (status == SHAREABLE_OK && integer != NULL)
    *integer = what.found;
  return status;
}

shareable_status shareable_list_compare_exchange(shareable_list *list, int64_t index, int64_t *expected,
                                                 int64_t desired, int *exchanged) {
  change what = {desired, expected == NULL ? 0 : *expected, 0, 0};
  shareable_status status = expected == NULL ? SHAREABLE_E_ARGUMENT : change_item(list, index, apply_compare, &what);

  if (status != SHAREABLE_OK && status != LEAVE)
    return status;
  if (exchanged != NULL)
    *exchanged = status == SHAREABLE_OK;
  *expected = what.found;
  return SHAREABLE_OK;
}
