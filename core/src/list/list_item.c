/*
 * list_item.c - reading and writing one item of a list.
 */
#include "list/list.h"

/* Reads an item that is an int or a float: the short way. False where that is not all there is to it. */
static inline bool read_number(const shareable_list *list, size_t i, const shareable__slot *slot,
                               shareable_value *value) {
  uint64_t format, bits, stamp;

  if (!shareable__read_begin_fast(&list->sync, i, &stamp))
    return false;
  format = shareable__load(slot->format);
  if ((format != SHAREABLE__FORMAT_INT && format != SHAREABLE__FORMAT_FLOAT) ||
      shareable__item_code(slot) != SHAREABLE__CODE_PLAIN)
    return false;
  bits = shareable__load(slot->data);
  if (!shareable__read_valid(&list->sync, i, stamp))
    return false;
  value->type = format == SHAREABLE__FORMAT_INT ? SHAREABLE_TYPE_INT : SHAREABLE_TYPE_FLOAT;
  value->capacity = 0;
  value->length = 0;
  value->bits = bits;
  return true;
}

/* Reads an item, if it is a number, nobody is writing it, and the list is open: all that most reads are. */
static inline __attribute__((always_inline)) bool get_number(const shareable_list *list, int64_t index,
                                                             shareable_value *value) {
  shareable__slot slot;
  size_t i;

  return shareable__list_check(list) == SHAREABLE_OK && shareable__list_slot(list, index, &i, &slot) == SHAREABLE_OK &&
         read_number(list, i, &slot, value);
}

/* A function of its own: the registers it needs would be saved by the short way too. */
static __attribute__((noinline)) shareable_status get_any(const shareable_list *list, int64_t index,
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
  return get_any(list, index, value, buffer, size);
}

/* Reads an item that is to be of that type. */
static shareable_status get_typed(const shareable_list *list, int64_t index, shareable_type type,
                                  shareable_value *value, void *buffer, size_t size) {
  shareable_status status = shareable_list_get(list, index, value, buffer, size);

  if (status != SHAREABLE_OK && status != SHAREABLE_E_BUFFER && status != SHAREABLE_E_UTF8)
    return status;
  /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): set by what read it, in another file */
  return value->type == type ? status : SHAREABLE_E_TYPE;
}

/* The long way: somebody is writing the item, or it is something else. */
static __attribute__((noinline)) shareable_status get_bits(const shareable_list *list, int64_t index,
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
    return get_bits(list, index, SHAREABLE_TYPE_INT, integer);
  *integer = value.integer;
  return SHAREABLE_OK;
}

shareable_status shareable_list_get_float(const shareable_list *list, int64_t index, double *real) {
  shareable_value value;

  if (real == NULL)
    return SHAREABLE_E_ARGUMENT;
  if (!get_number(list, index, &value) || value.type != SHAREABLE_TYPE_FLOAT)
    return get_bits(list, index, SHAREABLE_TYPE_FLOAT, real);
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

/* Stores a word over a word of the same type, which is all there is to do. False where there is more. */
static inline bool store_word(shareable_list *list, size_t i, const shareable__slot *slot, uint64_t format,
                              uint64_t bits) {
  if (list->sync.area != NULL) {
    shareable__hazard *cell = shareable__writer_fast_cell(&list->sync.writer);

    return cell != NULL && shareable__sync_store(list->sync.area, cell, i, slot, format, bits);
  }
  if (!shareable__item_is(slot, format))
    return false;
  shareable__store(slot->data, bits);
  return true;
}

static bool store_number(shareable_list *list, size_t i, const shareable__slot *slot, const shareable_value *value) {
  switch (value->type) {
  case SHAREABLE_TYPE_INT:
    return store_word(list, i, slot, SHAREABLE__FORMAT_INT, value->bits);
  case SHAREABLE_TYPE_FLOAT:
    return store_word(list, i, slot, SHAREABLE__FORMAT_FLOAT, value->bits);
  case SHAREABLE_TYPE_BOOL:
    return store_word(list, i, slot, SHAREABLE__FORMAT_BOOL, shareable__bool_word(value->boolean != 0));
  default:
    return false;
  }
}

shareable_status shareable__list_put(shareable_list *list, size_t i, const shareable__slot *slot,
                                     const shareable_value *value) {
  shareable_status status;
  shareable__encoded_item image;

  if (store_number(list, i, slot, value))
    return SHAREABLE_OK;
  /* cppcheck-suppress ctuuninitvar; set where the slot was found */
  shareable__item_encode(value, slot->size, &image);
  if (list->sync.area != NULL)
    return shareable__sync_write(&list->sync, i, slot, &image);
  status = shareable__list_check_made(list, i);
  if (status == SHAREABLE_OK)
    shareable__item_put(slot, &image);
  return status;
}

shareable_status shareable_list_set(shareable_list *list, int64_t index, const shareable_value *value) {
  shareable_status status = shareable__list_check_write(list);
  shareable__slot slot;
  size_t i;

  if (status == SHAREABLE_OK)
    status = shareable__list_slot(list, index, &i, &slot);
  if (status == SHAREABLE_OK)
    status = shareable__value_check(value);
  if (status == SHAREABLE_OK)
    status = shareable__item_fits(value, slot.size);
  /* cppcheck-suppress uninitvar; both are set where the slot was found */
  return status == SHAREABLE_OK ? shareable__list_put(list, i, &slot, value) : status;
}

/* The same of an item that is yet to be found. False where it cannot be, too. */
static inline bool set_word(shareable_list *list, int64_t index, uint64_t format, uint64_t bits) {
  shareable__slot slot;
  size_t i;

  return shareable__list_check_write(list) == SHAREABLE_OK &&
         shareable__list_slot(list, index, &i, &slot) == SHAREABLE_OK && store_word(list, i, &slot, format, bits);
}

static shareable_status set_value(shareable_list *list, int64_t index, shareable_value value) {
  return shareable_list_set(list, index, &value);
}

/* The long way, out of the short one's way: a value on the stack is a guard of the stack to set up and look at. */
static __attribute__((noinline)) shareable_status set_bits(shareable_list *list, int64_t index, shareable_type type,
                                                           uint64_t bits) {
  shareable_value value = shareable_none();

  value.type = type;
  value.bits = bits;
  return shareable_list_set(list, index, &value);
}

shareable_status shareable_list_set_int(shareable_list *list, int64_t index, int64_t integer) {
  if (set_word(list, index, SHAREABLE__FORMAT_INT, (uint64_t)integer))
    return SHAREABLE_OK;
  return set_bits(list, index, SHAREABLE_TYPE_INT, (uint64_t)integer);
}

shareable_status shareable_list_set_float(shareable_list *list, int64_t index, double real) {
  if (set_word(list, index, SHAREABLE__FORMAT_FLOAT, shareable__bits_of(real)))
    return SHAREABLE_OK;
  return set_bits(list, index, SHAREABLE_TYPE_FLOAT, shareable__bits_of(real));
}

shareable_status shareable_list_set_none(shareable_list *list, int64_t index) {
  return set_value(list, index, shareable_none());
}

shareable_status shareable_list_set_bool(shareable_list *list, int64_t index, int boolean) {
  if (set_word(list, index, SHAREABLE__FORMAT_BOOL, shareable__bool_word(boolean != 0)))
    return SHAREABLE_OK;
  return set_value(list, index, shareable_bool(boolean));
}

shareable_status shareable_list_set_str(shareable_list *list, int64_t index, const char *text, size_t length) {
  return set_value(list, index, shareable_strn(text, length));
}

shareable_status shareable_list_set_bytes(shareable_list *list, int64_t index, const void *data, size_t length) {
  return set_value(list, index, shareable_bytes(data, length));
}
