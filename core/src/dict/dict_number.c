/*
 * dict_number.c - atomic operations on the numbers of a dict: add, compare and exchange.
 */
#include "dict/value_change.h"
#include "sync/fast_store.h"
#include "sync/item_lock.h"
#include "sync/item_write.h"

/* Computes the new bits. Returns a status other than SHAREABLE_OK if the number must keep its value. */
typedef shareable_status number_operation(shareable__value_change *change);

/*
 * Changes a number whose item is locked by one atomic store, because a writer of stock Python may
 * store to it meanwhile.
 */
static shareable_status change_number(shareable__value_change *change, const shareable_dict *dict, uint64_t place,
                                      uint64_t format, uint64_t before, uint64_t *after, number_operation *operation) {
  shareable__slot slot = shareable__dict_value_slot(dict, place);

  if (shareable__sync_is_corrupt(before))
    return SHAREABLE_E_CORRUPT;
  if (!shareable__item_is(&slot, format))
    return SHAREABLE_E_TYPE;
  change->found = shareable__load(slot.data);
  do {
    shareable_status status = operation(change);

    if (status != SHAREABLE_OK)
      return status;
  } while (!__atomic_compare_exchange_n((shareable__word *)(void *)slot.data, &change->found, change->put, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
  *after = shareable__version_next(before, before & SHAREABLE__SLOW_STORES);
  return SHAREABLE_OK;
}

static int64_t integer_of(uint64_t bits) {
  return (int64_t)bits;
}

static double real_of(uint64_t bits) {
  double real;

  memcpy(&real, &bits, sizeof real);
  return real;
}

static shareable_status add_ints(shareable__value_change *change) {
  int64_t sum;

  if (__builtin_add_overflow(integer_of(change->found), integer_of(change->operand), &sum))
    return SHAREABLE_E_OVERFLOW;
  change->put = (uint64_t)sum;
  return SHAREABLE_OK;
}

static shareable_status add_floats(shareable__value_change *change) {
  change->put = shareable__bits_of(real_of(change->found) + real_of(change->operand));
  return SHAREABLE_OK;
}

/* Not an error: the int is not the expected one. */
#define NO_EXCHANGE SHAREABLE_E_ABSENT

static shareable_status exchange_equal(shareable__value_change *change) {
  change->put = change->operand;
  return change->found == change->expected ? SHAREABLE_OK : NO_EXCHANGE;
}

static shareable_status apply_add(shareable__value_change *change, shareable_dict *dict, uint64_t place,
                                  uint64_t before, uint64_t *after) {
  return change_number(change, dict, place, SHAREABLE__FORMAT_INT, before, after, add_ints);
}

static shareable_status apply_add_float(shareable__value_change *change, shareable_dict *dict, uint64_t place,
                                        uint64_t before, uint64_t *after) {
  return change_number(change, dict, place, SHAREABLE__FORMAT_FLOAT, before, after, add_floats);
}

/* Adds to a float, or writes the sum of an int and a float over the int. */
static shareable_status apply_add_converted(shareable__value_change *change, shareable_dict *dict, uint64_t place,
                                            uint64_t before, uint64_t *after) {
  shareable__slot slot = shareable__dict_value_slot(dict, place);
  shareable__encoded_item item;
  shareable_value sum;

  if (shareable__sync_is_corrupt(before) || !shareable__item_is(&slot, SHAREABLE__FORMAT_INT))
    return apply_add_float(change, dict, place, before, after);
  sum = shareable_float((double)integer_of(shareable__load(slot.data)) + real_of(change->operand));
  change->put = sum.bits;
  shareable__item_encode(&sum, slot.size, &item);
  return shareable__item_write_locked(&dict->list->sync, shareable__dict_value_item(place), &slot, &item, before,
                                      after);
}

static shareable_status apply_exchange(shareable__value_change *change, shareable_dict *dict, uint64_t place,
                                       uint64_t before, uint64_t *after) {
  return change_number(change, dict, place, SHAREABLE__FORMAT_INT, before, after, exchange_equal);
}

/* Adds, or inserts the key with the value `first`. The caller has set the operation and the operand. */
static shareable_status add(shareable_dict *dict, const shareable_value *key, shareable__value_change *change,
                            const shareable_value *first, uint32_t flags, int64_t ttl, int64_t timeout) {
  if (ttl < 0 || (flags & ~(uint32_t)(SHAREABLE_DICT_IF_PRESENT | SHAREABLE_DICT_NO_EVICT)) != 0)
    return SHAREABLE_E_ARGUMENT;
  change->inserts = (flags & SHAREABLE_DICT_IF_PRESENT) == 0;
  change->replaces = true;
  change->may_evict = (flags & SHAREABLE_DICT_NO_EVICT) == 0;
  change->value = first;
  change->put = first->bits;
  change->ttl = ttl;
  return shareable__dict_change_value(dict, key, change, timeout);
}

shareable_status shareable_dict_add(shareable_dict *dict, const shareable_value *key, int64_t delta, int64_t initial,
                                    uint32_t flags, int64_t ttl, int64_t timeout, int64_t *result) {
  shareable__value_change change = {.apply = apply_add, .operand = (uint64_t)delta};
  shareable_value first = shareable_int(0);
  bool overflows = __builtin_add_overflow(initial, delta, &first.integer);
  shareable_status status = shareable__dict_check_write(dict);

  if (status == SHAREABLE_OK)
    status = add(dict, key, &change, &first, flags | (overflows ? SHAREABLE_DICT_IF_PRESENT : 0), ttl, timeout);
  if (status == SHAREABLE_E_NO_KEY && (flags & SHAREABLE_DICT_IF_PRESENT) == 0)
    status = SHAREABLE_E_OVERFLOW;
  if (status == SHAREABLE_OK && result != NULL)
    *result = integer_of(change.put);
  return status;
}

shareable_status shareable_dict_add_float(shareable_dict *dict, const shareable_value *key, double delta,
                                          double initial, uint32_t flags, int64_t ttl, int64_t timeout,
                                          double *result) {
  const uint32_t convert = SHAREABLE_DICT_CONVERT;
  shareable__value_change change = {.apply = (flags & convert) != 0 ? apply_add_converted : apply_add_float,
                                    .operand = shareable__bits_of(delta)};
  const shareable_value first = shareable_float(initial + delta);
  shareable_status status = shareable__dict_check_write(dict);

  if (status == SHAREABLE_OK)
    status = add(dict, key, &change, &first, flags & ~convert, ttl, timeout);
  if (status == SHAREABLE_OK && result != NULL)
    *result = real_of(change.put);
  return status;
}

shareable_status shareable_dict_compare_exchange(shareable_dict *dict, const shareable_value *key, int64_t *expected,
                                                 int64_t desired, int64_t timeout, int *exchanged) {
  shareable__value_change change = {.apply = apply_exchange, .operand = (uint64_t)desired, .replaces = true};
  shareable_status status = shareable__dict_check_write(dict);

  if (status == SHAREABLE_OK && expected == NULL)
    status = SHAREABLE_E_ARGUMENT;
  if (status != SHAREABLE_OK)
    return status;
  change.expected = (uint64_t)*expected;
  status = shareable__dict_change_value(dict, key, &change, timeout);
  if (status != SHAREABLE_OK && status != NO_EXCHANGE)
    return status;
  *expected = integer_of(change.found);
  if (exchanged != NULL)
    *exchanged = status == SHAREABLE_OK;
  return SHAREABLE_OK;
}
