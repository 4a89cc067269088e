/*
 * list_item.c - reading and writing one item of a list.
 */
#include "list/list.h"

#include "sync/fast_store.h"
#include "sync/item_write.h"

/* Reads an int or a float on the fast path. Returns false if the caller must use the slow path. */
static inline bool read_number(const shareable_list *list, size_t i, const shareable__slot *slot,
                               shareable_value *value) {
  uint64_t format, bits, version;

  if (!shareable__read_begin_fast(&list->sync, i, &version))
    return false;
  format = shareable__load(slot->format);
  if ((format != SHAREABLE__FORMAT_INT && format != SHAREABLE__FORMAT_FLOAT) ||
      shareable__item_code(slot) != SHAREABLE__CODE_NUMBER)
    return false;
  bits = shareable__load(slot->data);
  if (!shareable__read_valid(&list->sync, i, version))
    return false;
  value->type = format == SHAREABLE__FORMAT_INT ? SHAREABLE_TYPE_INT : SHAREABLE_TYPE_FLOAT;
  value->capacity = 0;
  value->length = 0;
  value->bits = bits;
  return true;
}

/* Finds an item and reads an int or a float. Returns false if the slow path is necessary. */
static inline __attribute__((always_inline)) bool get_number(const shareable_list *list, int64_t index,
                                                             shareable_value *value) {
  shareable__slot slot;
  size_t i;

  return shareable__list_check(list) == SHAREABLE_OK && shareable__list_slot(list, index, &i, &slot) == SHAREABLE_OK &&
         read_number(list, i, &slot, value);
}

/* The slow path. Inlined, it would make the fast path save more registers. */
static __attribute__((noinline)) shareable_status get_slow(const shareable_list *list, int64_t index,
                                                           shareable_value *value, void *buffer, size_t size) {
  shareable_status status = shareable__list_check(list);
  shareable__slot slot;
  size_t i;

  if (status == SHAREABLE_OK && (value == NULL || (buffer == NULL && size > 0)))
    status = SHAREABLE_E_ARGUMENT;
  if (status == SHAREABLE_OK)
    status = shareable__list_slot(list, index, &i, &slot);
  if (status == SHAREABLE_OK)
    SHAREABLE__READ_CONSISTENT(status, list, i, slot, shareable__item_read(&slot, value, buffer, size));
  return status;
}

shareable_status shareable_list_get(const shareable_list *list, int64_t index, shareable_value *value, void *buffer,
                                    size_t size) {
  if (value != NULL && get_number(list, index, value))
    return SHAREABLE_OK;
  return get_slow(list, index, value, buffer, size);
}

/* Reads an item, and returns E_TYPE if it has another type. */
static shareable_status get_typed(const shareable_list *list, int64_t index, shareable_type type,
                                  shareable_value *value, void *buffer, size_t size) {
  shareable_status status = shareable_list_get(list, index, value, buffer, size);

  if (status != SHAREABLE_OK && status != SHAREABLE_E_BUFFER && status != SHAREABLE_E_UTF8)
    return status;
  /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): set by the read functions, in another file */
  return value->type == type ? status : SHAREABLE_E_TYPE;
}

/* The slow path: another writer is writing the item, or the item has another type. */
static __attribute__((noinline)) shareable_status get_number_slow(const shareable_list *list, int64_t index,
                                                                  shareable_type type, void *bits) {
  shareable_value value;
  shareable_status status = get_typed(list, index, type, &value, NULL, 0);

  if (status == SHAREABLE_OK)
    memcpy(bits, &value.bits, sizeof value.bits);
  return status;
}

shareable_status shareable_list_get_int(const shareable_list *list, int64_t index, int64_t *integer) {
  shareable_value value;

  if (integer == NULL)
    return SHAREABLE_E_ARGUMENT;
  if (!get_number(list, index, &value) || value.type != SHAREABLE_TYPE_INT)
    return get_number_slow(list, index, SHAREABLE_TYPE_INT, integer);
  *integer = value.integer;
  return SHAREABLE_OK;
}

shareable_status shareable_list_get_float(const shareable_list *list, int64_t index, double *real) {
  shareable_value value;

  if (real == NULL)
    return SHAREABLE_E_ARGUMENT;
  if (!get_number(list, index, &value) || value.type != SHAREABLE_TYPE_FLOAT)
    return get_number_slow(list, index, SHAREABLE_TYPE_FLOAT, real);
  *real = value.real;
  return SHAREABLE_OK;
}

shareable_status shareable_list_get_bool(const shareable_list *list, int64_t index, int *boolean) {
  shareable_value value;
  shareable_status status =
    boolean == NULL ? SHAREABLE_E_ARGUMENT : get_typed(list, index, SHAREABLE_TYPE_BOOL, &value, NULL, 0);

  if (status == SHAREABLE_OK)
    *boolean = value.boolean;
  return status;
}

static shareable_status get_text(const shareable_list *list, int64_t index, shareable_type type, void *buffer,
                                 size_t size, size_t *length) {
  shareable_value value;
  shareable_status status = length == NULL ? SHAREABLE_E_ARGUMENT : get_typed(list, index, type, &value, buffer, size);

  if (status == SHAREABLE_OK || status == SHAREABLE_E_BUFFER)
    *length = (size_t)value.length;
  return status;
}

shareable_status shareable_list_get_str(const shareable_list *list, int64_t index, char *buffer, size_t size,
                                        size_t *length) {
  return get_text(list, index, SHAREABLE_TYPE_STR, buffer, size, length);
}

shareable_status shareable_list_get_bytes(const shareable_list *list, int64_t index, void *buffer, size_t size,
                                          size_t *length) {
  return get_text(list, index, SHAREABLE_TYPE_BYTES, buffer, size, length);
}

/* Stores a number over one of the same type. Returns false if the slow path is necessary. */
static inline bool store_word(shareable_list *list, size_t i, const shareable__slot *slot, uint64_t format,
                              uint64_t bits) {
  if (shareable__sync_has_area(&list->sync))
    return shareable__sync_try_store(&list->sync, i, slot, format, bits);
  if (!shareable__item_is(slot, format))
    return false;
  shareable__store(slot->data, bits);
  return true;
}

/*
 * Returns whether the item is None already. Then writing None changes nothing, and this valid read
 * takes the place of the write in the order of the item's writes.
 */
static inline bool is_none(const shareable_list *list, size_t i, const shareable__slot *slot) {
  uint64_t version;

  return shareable__sync_has_area(&list->sync) && shareable__read_begin_fast(&list->sync, i, &version) &&
         shareable__item_is_none(slot) && shareable__read_valid(&list->sync, i, version);
}

/* Writes a value that needs no lock. Returns false if the slow path is necessary. */
static bool store_unlocked(shareable_list *list, size_t i, const shareable__slot *slot, const shareable_value *value) {
  switch (value->type) {
  case SHAREABLE_TYPE_INT:
    return store_word(list, i, slot, SHAREABLE__FORMAT_INT, value->bits);
  case SHAREABLE_TYPE_FLOAT:
    return store_word(list, i, slot, SHAREABLE__FORMAT_FLOAT, value->bits);
  case SHAREABLE_TYPE_BOOL:
    return store_word(list, i, slot, SHAREABLE__FORMAT_BOOL, shareable__bool_word(value->boolean != 0));
  case SHAREABLE_TYPE_NONE:
    return is_none(list, i, slot);
  default:
    return false;
  }
}

static inline shareable_status put_encoded(shareable_list *list, size_t i, const shareable__slot *slot,
                                           const shareable__encoded_item *item) {
  shareable_status status;

  if (shareable__sync_has_area(&list->sync))
    return shareable__sync_write_item(&list->sync, i, slot, item);
  status = shareable__list_check_written(list, i);
  if (status == SHAREABLE_OK)
    shareable__item_put(slot, item);
  return status;
}

shareable_status shareable__list_put(shareable_list *list, size_t i, const shareable__slot *slot,
                                     const shareable_value *value) {
  shareable__encoded_item item;

  if (store_unlocked(list, i, slot, value))
    return SHAREABLE_OK;
  /* cppcheck-suppress ctuuninitvar; set when the slot was found */
  shareable__item_encode(value, slot->size, &item);
  return put_encoded(list, i, slot, &item);
}

shareable_status shareable_list_set(shareable_list *list, int64_t index, const shareable_value *value) {
  shareable_status status = shareable__list_check_write(list);
  shareable__slot slot;
  size_t i;

  if (status == SHAREABLE_OK)
    status = shareable__list_slot(list, index, &i, &slot);
  /* cppcheck-suppress uninitvar; set when the slot was found */
  if (status == SHAREABLE_OK)
    status = shareable__list_check_item(list, i);
  if (status == SHAREABLE_OK)
    status = shareable__value_check(value);
  if (status == SHAREABLE_OK)
    status = shareable__item_fits(value, slot.size);
  /* cppcheck-suppress uninitvar; both are set when the slot was found */
  return status == SHAREABLE_OK ? shareable__list_put(list, i, &slot, value) : status;
}

/* Finds an item and stores a number. Returns false if the slow path is necessary. */
static inline bool set_word(shareable_list *list, int64_t index, uint64_t format, uint64_t bits) {
  shareable__slot slot;
  size_t i;

  return shareable__list_check_write(list) == SHAREABLE_OK &&
         shareable__list_slot(list, index, &i, &slot) == SHAREABLE_OK && store_word(list, i, &slot, format, bits);
}

static shareable_status set_value(shareable_list *list, int64_t index, shareable_value value) {
  return shareable_list_set(list, index, &value);
}

/* The slow path. Inlined, its value would add the stack protector's check to the fast path. */
static __attribute__((noinline)) shareable_status set_slow(shareable_list *list, int64_t index, shareable_type type,
                                                           uint64_t bits) {
  shareable_value value = shareable_none();

  value.type = type;
  value.bits = bits;
  return shareable_list_set(list, index, &value);
}

shareable_status shareable_list_set_int(shareable_list *list, int64_t index, int64_t integer) {
  if (set_word(list, index, SHAREABLE__FORMAT_INT, (uint64_t)integer))
    return SHAREABLE_OK;
  return set_slow(list, index, SHAREABLE_TYPE_INT, (uint64_t)integer);
}

shareable_status shareable_list_replace_int(shareable_list *list, int64_t index, int64_t integer) {
  if (set_word(list, index, SHAREABLE__FORMAT_INT, (uint64_t)integer))
    return SHAREABLE_OK;
  return shareable_list_exchange(list, index, integer, NULL);
}

shareable_status shareable_list_set_float(shareable_list *list, int64_t index, double real) {
  if (set_word(list, index, SHAREABLE__FORMAT_FLOAT, shareable__bits_of(real)))
    return SHAREABLE_OK;
  return set_slow(list, index, SHAREABLE_TYPE_FLOAT, shareable__bits_of(real));
}

/* Finds an item that is None already. Returns false if the slow path is necessary. */
static inline bool find_none(shareable_list *list, int64_t index) {
  shareable__slot slot;
  size_t i;

  return shareable__list_check_write(list) == SHAREABLE_OK &&
         shareable__list_slot(list, index, &i, &slot) == SHAREABLE_OK &&
         shareable__list_check_item(list, i) == SHAREABLE_OK && is_none(list, i, &slot);
}

shareable_status shareable_list_set_none(shareable_list *list, int64_t index) {
  if (find_none(list, index))
    return SHAREABLE_OK;
  return set_slow(list, index, SHAREABLE_TYPE_NONE, 0);
}

shareable_status shareable_list_set_bool(shareable_list *list, int64_t index, int boolean) {
  if (set_word(list, index, SHAREABLE__FORMAT_BOOL, shareable__bool_word(boolean != 0)))
    return SHAREABLE_OK;
  return set_value(list, index, shareable_bool(boolean));
}

/* Does the same as shareable_list_set() of a text, without the branches for other types. */
static inline __attribute__((always_inline)) shareable_status set_text(shareable_list *list, int64_t index,
                                                                       const shareable_value *value) {
  shareable_status status = shareable__list_check_write(list);
  shareable__encoded_item item;
  shareable__slot slot;
  size_t i;

  if (status == SHAREABLE_OK)
    status = shareable__list_slot(list, index, &i, &slot);
  if (status == SHAREABLE_OK)
    status = shareable__list_check_item(list, i);
  if (status == SHAREABLE_OK)
    status = shareable__text_check(value);
  if (status == SHAREABLE_OK)
    status = shareable__item_fits(value, slot.size);
  if (status != SHAREABLE_OK)
    return status;
  shareable__item_encode_text(value, slot.size, &item);
  return put_encoded(list, i, &slot, &item);
}

shareable_status shareable_list_set_str(shareable_list *list, int64_t index, const char *text, size_t length) {
  const shareable_value value = shareable_strn(text, length);

  return set_text(list, index, &value);
}

shareable_status shareable_list_set_bytes(shareable_list *list, int64_t index, const void *data, size_t length) {
  const shareable_value value = shareable_bytes(data, length);

  return set_text(list, index, &value);
}
