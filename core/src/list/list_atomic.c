/*
 * list_atomic.c - atomic operations on the ints of a list: add, exchange, compare and exchange.
 */
#include "list/list.h"

#include "sync/fast_store.h"
#include "sync/item_lock.h"

/*
 * An operation on an int. Stores the new value in *desired. Returns a status other than
 * SHAREABLE_OK if the int must keep its value.
 */
typedef shareable_status int_operation(int64_t operand, int64_t expected, int64_t found, int64_t *desired);

/* Not an error: compare_exchange found another value than the expected one. */
#define NO_EXCHANGE SHAREABLE_E_ABSENT

/* The operands of an operation, and the values before and after it. */
typedef struct int_change {
  int64_t operand, expected, found, put;
} int_change;

/* Inlined with the operation, so that it costs little more than the atomic instruction. */
__attribute__((always_inline)) static inline shareable_status
change_word(const shareable__slot *slot, int_operation *operation, int_change *change) {
  uint64_t bits = shareable__load(slot->data);

  for (;;) {
    shareable_status status;

    change->found = change->put = (int64_t)bits;
    status = operation(change->operand, change->expected, change->found, &change->put);
    if (status != SHAREABLE_OK)
      return status;
    if (__atomic_compare_exchange_n((shareable__word *)slot->data, &bits, (uint64_t)change->put, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      return SHAREABLE_OK;
  }
}

/* The slow path: with the item locked, so that no other writer changes its type. */
static __attribute__((noinline)) shareable_status change_locked(shareable_list *list, int64_t index,
                                                                int_operation *operation, int_change *change) {
  shareable_status status = shareable__list_check_write(list);
  shareable__item_info info;
  shareable__slot slot;
  uint64_t before = 0;
  size_t i;

  if (status == SHAREABLE_OK)
    status = shareable__list_slot(list, index, &i, &slot);
  if (status == SHAREABLE_OK)
    status = shareable__list_check_item(list, i);
  if (status == SHAREABLE_OK)
    status = shareable__sync_lock_item(&list->sync, i, &before);
  if (status != SHAREABLE_OK)
    return status;
  if (shareable__sync_is_corrupt(before))
    status = SHAREABLE_E_CORRUPT;
  else if (shareable__item_is(&slot, SHAREABLE__FORMAT_INT))
    status = change_word(&slot, operation, change);
  else
    status = shareable__item_inspect(&slot, &info) ? SHAREABLE_E_TYPE : SHAREABLE_E_CORRUPT;
  shareable__sync_unlock_item(&list->sync, i, before);
  return status == SHAREABLE_E_CORRUPT ? shareable__list_item_status(list, i, &slot) : status;
}

/* The fast path. Returns false if the caller must use the slow path. */
static inline __attribute__((always_inline)) bool change_fast(shareable_list *list, const shareable__fast_path *path,
                                                              int64_t index, int_operation *operation,
                                                              int_change *change, shareable_status *status) {
  shareable__slot slot;
  bool allowed;
  size_t i;

  if (shareable__list_slot(list, index, &i, &slot) != SHAREABLE_OK)
    return false;
  allowed = shareable__fast_store_begin(path, i, &slot, SHAREABLE__FORMAT_INT);
  if (allowed)
    *status = change_word(&slot, operation, change);
  shareable__fast_store_end(path, i);
  return allowed;
}

/*
 * Each path has its own int_change, so that the compiler keeps that of the fast path in registers.
 */
__attribute__((always_inline)) static inline shareable_status
change_item(shareable_list *list, int64_t index, int_operation *operation, int_change *result) {
  int_change fast = *result, locked;
  shareable__fast_path path;
  shareable_status status;

  /* If the thread has the fast path, the list has a sync area, is open, and can be written. */
  if (list != NULL && shareable__fast_path_find(&list->sync, &path) &&
      change_fast(list, &path, index, operation, &fast, &status)) {
    *result = fast;
    return status;
  }
  locked = *result;
  status = change_locked(list, index, operation, &locked);
  *result = locked;
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
  return found == expected ? SHAREABLE_OK : NO_EXCHANGE;
}

shareable_status shareable_list_add(shareable_list *list, int64_t index, int64_t delta, int64_t *integer) {
  int_change result = {delta, 0, 0, 0};
  shareable_status status = change_item(list, index, apply_add, &result);

  if (status == SHAREABLE_OK && integer != NULL)
    *integer = result.put;
  return status;
}

shareable_status shareable_list_exchange(shareable_list *list, int64_t index, int64_t desired, int64_t *integer) {
  int_change result = {desired, 0, 0, 0};
  shareable_status status = change_item(list, index, apply_exchange, &result);

  if (status == SHAREABLE_OK && integer != NULL)
    *integer = result.found;
  return status;
}

shareable_status shareable_list_compare_exchange(shareable_list *list, int64_t index, int64_t *expected,
                                                 int64_t desired, int *exchanged) {
  int_change result = {desired, expected == NULL ? 0 : *expected, 0, 0};
  shareable_status status = expected == NULL ? SHAREABLE_E_ARGUMENT : change_item(list, index, apply_compare, &result);

  if (status != SHAREABLE_OK && status != NO_EXCHANGE)
    return status;
  if (exchanged != NULL)
    *exchanged = status == SHAREABLE_OK;
  *expected = result.found;
  return SHAREABLE_OK;
}
