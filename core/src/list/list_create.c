/*
 * list_create.c - making a list.
 *
 * What a new list holds is written to its file, not to the mapping: the first touch of each page there would cost more
 * than the copy.
 */
#include <inttypes.h>

#include "base/cancel.h"
#include "base/error.h"
#include "list/list.h"

/* The most a slot can be: its width has to fit a format of 8 characters, as "9999992s" does. */
#define SLOT_MAX 9999992

static shareable_status fail_value(shareable_error *error, const shareable_value *value, size_t i,
                                   shareable_status status) {
  if (status == SHAREABLE_E_LENGTH && value->capacity > SLOT_MAX)
    return shareable__fail(error, status, 0, "item %zu: a capacity of %" PRIu32 " bytes; the most is %d", i,
                           value->capacity, SLOT_MAX);
  if (status == SHAREABLE_E_LENGTH)
    return shareable__fail(error, status, 0,
                           "item %zu: a text of %" PRIu64 " bytes; the most is %d, and %d where it ends in a NUL", i,
                           value->length, SHAREABLE_TEXT_MAX, SHAREABLE_TEXT_NUL_MAX);
  return shareable__fail(error, status, 0, "item %zu: %s", i, shareable_status_text(status));
}

static size_t slot_of_text(const shareable_value *value) {
  size_t bytes = (size_t)value->length;
  size_t characters = value->type == SHAREABLE_TYPE_STR ? shareable__utf8_characters(value->text, bytes) : bytes;

  return shareable__layout_slot_for(characters, bytes);
}

/* The slot that a value gets in a new list: as CPython gives it, or what its capacity asks for. */
static size_t slot_size(const shareable_value *value) {
  /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a source without values has a format, and asks for no slot */
  size_t size = shareable__is_text(value->type) ? slot_of_text(value) : 8;
  size_t wanted = ((size_t)value->capacity + 7) / 8 * 8;

  return wanted > size ? wanted : size;
}

static shareable_status check_value(const shareable_value *value) {
  shareable_status status;

  if (value->type <= SHAREABLE_TYPE_BOOL && value->capacity == 0)
    return SHAREABLE_OK;
  status = shareable__value_check(value);
  if (status != SHAREABLE_OK)
    return status;
  if (value->capacity > SLOT_MAX || (shareable__is_text(value->type) && value->length > SHAREABLE_TEXT_MAX))
    return SHAREABLE_E_LENGTH;
  return shareable__item_fits(value, slot_size(value));
}

/* The bytes of a new list's segment, and where its sync area lies, or 0. */
static uint64_t size_of(size_t count, uint64_t data_size, uint32_t flags, uint64_t *area) {
  uint64_t end = shareable__layout_size(count, data_size);

  *area = (flags & SHAREABLE_PLAIN) != 0 || end == 0 ? 0 : shareable__area_offset(end);
  return *area == 0 ? end : *area + shareable__area_size(count);
}

/* What a list is made of: values, or the words of numbers. */
typedef struct source {
  const shareable_value *values; /* or NULL */
  const uint64_t *words;
  uint64_t format; /* that all items have, in slots of 8 bytes; 0: they differ */
  size_t count;
} source;

static uint64_t format_of_number(const shareable_value *value) {
  if (value->capacity > 8)
    return 0;
  return value->type == SHAREABLE_TYPE_INT     ? SHAREABLE__FORMAT_INT
         : value->type == SHAREABLE_TYPE_FLOAT ? SHAREABLE__FORMAT_FLOAT
                                               : 0;
}

/* Checks the values, adds their slots up, and sees whether all of them are ints, or floats. */
static shareable_status plan(source *from, uint64_t *data_size, shareable_error *error) {
  uint64_t sum = 0;

  *data_size = UINT64_C(8) * from->count;
  if (from->values == NULL)
    return SHAREABLE_OK;
  from->format = from->count == 0 ? 0 : format_of_number(&from->values[0]);
  for (size_t i = 0; i < from->count; i++) {
    const shareable_value *value = &from->values[i];
    shareable_status status;

    if (from->format != 0 && format_of_number(value) == from->format) {
      sum += 8;
      continue;
    }
    from->format = 0;
    status = check_value(value);
    if (status != SHAREABLE_OK)
      return fail_value(error, value, i, status);
    sum += slot_size(value); /* cannot wrap: a value takes 24 bytes of memory, a slot below 2^24 */
  }
  *data_size = sum;
  return SHAREABLE_OK;
}

/* Bytes on their way to the file, from its start on. What the file holds is 0, so what is 0 may be left out. */
typedef struct stream {
  const shareable__segment *segment;
  const char *name;       /* for the words of a failure */
  shareable_error *error; /* of the first write that failed */
  shareable_status status;
  size_t used;
  uint64_t at; /* where `bytes` go */
  unsigned char bytes[32768];
} stream;

static void flush(stream *to) {
  if (to->status == SHAREABLE_OK)
    to->status = shareable__segment_write(to->segment, to->name, to->at, to->bytes, to->used, to->error);
  to->at += to->used;
  to->used = 0;
}

static void put(stream *to, const void *data, size_t length) {
  const unsigned char *bytes = data;

  while (length > 0) {
    size_t room = sizeof to->bytes - to->used, part = length < room ? length : room;

    memcpy(to->bytes + to->used, bytes, part);
    to->used += part;
    bytes += part;
    length -= part;
    if (to->used == sizeof to->bytes)
      flush(to);
  }
}

static void put_word(stream *to, uint64_t word) {
  if (sizeof to->bytes - to->used < sizeof word) {
    put(to, &word, sizeof word);
    return;
  }
  memcpy(to->bytes + to->used, &word, sizeof word);
  to->used += sizeof word;
}

static void put_byte(stream *to, unsigned char byte) {
  to->bytes[to->used++] = byte;
  if (to->used == sizeof to->bytes)
    flush(to);
}

static void skip(stream *to, uint64_t length) {
  static const unsigned char zeros[64];

  if (length <= sizeof zeros) {
    put(to, zeros, (size_t)length);
    return;
  }
  flush(to);
  to->at += length;
}

static void put_numbers(stream *to, const source *from) {
  put_word(to, from->count);
  for (uint64_t i = 0; i <= from->count; i++)
    put_word(to, 8 * i);
  if (from->values == NULL)
    put(to, from->words, 8 * from->count);
  else
    for (size_t i = 0; i < from->count; i++)
      put_word(to, from->values[i].bits);
  for (size_t i = 0; i < from->count; i++)
    put_word(to, from->format);
  skip(to, from->count);
}

/* The image of a value in its slot, whose size it returns. */
static size_t make_image(const shareable_value *value, shareable__encoded_item *image) {
  size_t size = slot_size(value);

  shareable__item_encode(value, size, image);
  return size;
}

static void put_values(stream *to, const source *from) {
  shareable__encoded_item image;
  uint64_t offset = 0;

  put_word(to, from->count);
  put_word(to, 0);
  for (size_t i = 0; i < from->count; i++)
    put_word(to, offset += slot_size(&from->values[i]));
  for (size_t i = 0; i < from->count; i++) {
    size_t size = make_image(&from->values[i], &image);

    put(to, image.data, image.length);
    skip(to, size - image.length);
  }
  for (size_t i = 0; i < from->count; i++) {
    make_image(&from->values[i], &image);
    put_word(to, image.format);
  }
  for (size_t i = 0; i < from->count; i++) {
    make_image(&from->values[i], &image);
    put_byte(to, image.code);
  }
}

static shareable_status fill(shareable_list *list, const source *from, uint64_t data_size, uint64_t area,
                             shareable_error *error) {
  const shareable__segment *segment = &list->memory->segment;
  uint64_t head[4];
  stream to;

  to.segment = segment;
  to.name = list->memory->name[0] != '\0' ? list->memory->name : "psm_…";
  to.error = error;
  to.status = SHAREABLE_OK;
  to.at = to.used = 0;
  if (from->format != 0)
    put_numbers(&to, from);
  else
    put_values(&to, from);
  if (area != 0) {
    shareable__area_init(head, from->count);
    skip(&to, area - to.at - to.used);
    put(&to, head, sizeof head);
  }
  flush(&to);
  shareable__layout_read(&list->layout, segment->base, segment->size, from->count, data_size);
  return to.status;
}

static shareable_status make(shareable_list *list, const char *name, const source *from, uint64_t data_size,
                             uint32_t flags, uint32_t mode, shareable_error *error) {
  uint64_t area, size = size_of(from->count, data_size, flags, &area);
  shareable_status status =
    shareable__memory_prepare(&list->memory, name, size, flags & ~(uint32_t)SHAREABLE_PLAIN, mode, error);

  if (status == SHAREABLE_OK)
    status = fill(list, from, data_size, area, error);
  if (status == SHAREABLE_OK)
    status = shareable__memory_publish(list->memory, error);
  if (status != SHAREABLE_OK)
    return status;
  if (area != 0)
    shareable__list_attach_area(list, area);
  else
    shareable__memory_close_fd(list->memory);
  return SHAREABLE_OK;
}

static shareable_status create(shareable_list **result, const char *name, source *from, uint32_t flags, uint32_t mode,
                               shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable_status status;
  shareable_list *list;
  uint64_t data_size;

  if (result == NULL || (from->values == NULL && from->words == NULL && from->count > 0))
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no %s given",
                           result == NULL ? "place for the handle was" : "values were");
  status = plan(from, &data_size, error);
  if (status != SHAREABLE_OK)
    return status;
  list = shareable__list_allocate(error);
  if (list == NULL)
    return SHAREABLE_E_NO_MEMORY;
  status = make(list, name, from, data_size, flags, mode, error);
  if (status == SHAREABLE_OK)
    *result = list;
  else
    shareable_list_unref(list);
  return status;
}

shareable_status shareable_list_create(shareable_list **list, const char *name, const shareable_value *values,
                                       size_t count, uint32_t flags, uint32_t mode, shareable_error *error) {
  return create(list, name, &(source){.values = values, .count = count}, flags, mode, error);
}

shareable_status shareable_list_create_ints(shareable_list **list, const char *name, const int64_t *integers,
                                            size_t count, uint32_t flags, uint32_t mode, shareable_error *error) {
  return create(list, name, &(source){.words = (const void *)integers, .format = SHAREABLE__FORMAT_INT, .count = count},
                flags, mode, error);
}

shareable_status shareable_list_create_floats(shareable_list **list, const char *name, const double *reals,
                                              size_t count, uint32_t flags, uint32_t mode, shareable_error *error) {
  return create(list, name, &(source){.words = (const void *)reals, .format = SHAREABLE__FORMAT_FLOAT, .count = count},
                flags, mode, error);
}
