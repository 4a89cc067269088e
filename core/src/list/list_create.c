/*
 * list_create.c - creating a list.
 *
 * The content of a new list is written to its file, not to the mapping, where the page fault for
 * each page would cost more than the copy.
 */
#include <inttypes.h>

#include "base/cancel.h"
#include "base/error.h"
#include "list/list.h"

static shareable_status fail_value(shareable_error *error, const shareable_value *value, size_t i,
                                   shareable_status status) {
  if (status == SHAREABLE_E_TOO_LONG && value->capacity > SHAREABLE__SLOT_MAX)
    return shareable__fail(error, status, 0, "item %zu: a capacity of %" PRIu32 " bytes; the maximum is %d", i,
                           value->capacity, SHAREABLE__SLOT_MAX);
  if (status == SHAREABLE_E_TOO_LONG)
    return shareable__fail(error, status, 0,
                           "item %zu: a text of %" PRIu64 " bytes; the maximum is %d, and %d if it ends in a NUL", i,
                           value->length, SHAREABLE_TEXT_MAX, SHAREABLE_TEXT_NUL_MAX);
  return shareable__fail(error, status, 0, "item %zu: %s", i, shareable_status_message(status));
}

static size_t slot_of_text(const shareable_value *value) {
  size_t bytes = (size_t)value->length;
  size_t characters = value->type == SHAREABLE_TYPE_STR ? shareable__utf8_characters(value->text, bytes) : bytes;

  return shareable__layout_slot_for(characters, bytes);
}

/*
 * Returns the size of a value's slot: the value's capacity, or CPython's size if the value has no
 * capacity, or does not fit in it. A text that CPython gives a further word fits in its own length.
 */
static size_t slot_size(const shareable_value *value) {
  /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an input without values has a format, and needs no slot sizes */
  size_t capacity = ((size_t)value->capacity + 7) / 8 * 8;

  if (capacity > 0 && (!shareable__is_text(value->type) || value->length <= capacity))
    return capacity;
  return shareable__is_text(value->type) ? slot_of_text(value) : 8;
}

static shareable_status check_value(const shareable_value *value) {
  shareable_status status;

  if (value->type <= SHAREABLE_TYPE_BOOL && value->capacity == 0)
    return SHAREABLE_OK;
  status = shareable__value_check(value);
  if (status != SHAREABLE_OK)
    return status;
  if (value->capacity > SHAREABLE__SLOT_MAX || (shareable__is_text(value->type) && value->length > SHAREABLE_TEXT_MAX))
    return SHAREABLE_E_TOO_LONG;
  return shareable__item_fits(value, slot_size(value));
}

/* Returns the size of a new list's segment. *area is the offset of its sync area, or 0. */
static uint64_t segment_size(size_t count, uint64_t data_size, uint32_t flags, uint64_t *area) {
  uint64_t end = shareable__layout_size(count, data_size);

  *area = (flags & SHAREABLE_NO_SYNC) != 0 || end == 0 ? 0 : shareable__area_offset(end);
  return *area == 0 ? end : *area + shareable__area_size(count);
}

/* The content of a new list: values, or the words of numbers. */
typedef struct list_input {
  const shareable_value *values; /* or NULL; item i has the value i & mask */
  size_t mask;
  const uint64_t *words;
  uint64_t format; /* of all items, if each is an int or each a float in a slot of 8 bytes; otherwise 0 */
  size_t count;
  const shareable__list_tail *tail; /* or NULL */
} list_input;

static uint64_t format_of_number(const shareable_value *value) {
  if (value->capacity > 8)
    return 0;
  return value->type == SHAREABLE_TYPE_INT     ? SHAREABLE__FORMAT_INT
         : value->type == SHAREABLE_TYPE_FLOAT ? SHAREABLE__FORMAT_FLOAT
                                               : 0;
}

/* Checks the values, adds up their slots, and finds out whether all are ints or all floats. */
static shareable_status measure(list_input *input, uint64_t *data_size, shareable_error *error) {
  uint64_t sum = 0;

  *data_size = UINT64_C(8) * input->count;
  if (input->values == NULL)
    return SHAREABLE_OK;
  if (input->mask == 1) {
    *data_size = (uint64_t)input->count / 2 * (slot_size(&input->values[0]) + slot_size(&input->values[1]));
    return SHAREABLE_OK;
  }
  input->format = input->count == 0 ? 0 : format_of_number(&input->values[0]);
  for (size_t i = 0; i < input->count; i++) {
    const shareable_value *value = &input->values[i];
    shareable_status status;

    if (input->format != 0 && format_of_number(value) == input->format) {
      sum += 8;
      continue;
    }
    input->format = 0;
    status = check_value(value);
    if (status != SHAREABLE_OK)
      return fail_value(error, value, i, status);
    sum += slot_size(value); /* cannot wrap: a value takes 24 bytes of memory, a slot below 2^24 */
  }
  *data_size = sum;
  return SHAREABLE_OK;
}

/* A buffered writer of the file from its start. The file is zeroed, so zeros may be skipped. */
typedef struct file_writer {
  const shareable__segment *segment;
  const char *name;       /* for the error message */
  shareable_error *error; /* of the first write that failed */
  shareable_status status;
  size_t used;
  uint64_t offset; /* of `bytes` in the file */
  unsigned char bytes[32768];
} file_writer;

static void write_out(file_writer *writer, const void *bytes, size_t length) {
  if (writer->status == SHAREABLE_OK)
    writer->status =
      shareable__segment_write(writer->segment, writer->name, writer->offset, bytes, length, writer->error);
  writer->offset += length;
}

static void flush(file_writer *writer) {
  write_out(writer, writer->bytes, writer->used);
  writer->used = 0;
}

static void put(file_writer *writer, const void *data, size_t length) {
  const unsigned char *bytes = data;

  if (length > sizeof writer->bytes) { /* written without a copy */
    flush(writer);
    write_out(writer, bytes, length);
    return;
  }
  while (length > 0) {
    size_t free_bytes = sizeof writer->bytes - writer->used, part = length < free_bytes ? length : free_bytes;

    memcpy(writer->bytes + writer->used, bytes, part);
    writer->used += part;
    bytes += part;
    length -= part;
    if (writer->used == sizeof writer->bytes)
      flush(writer);
  }
}

static void put_word(file_writer *writer, uint64_t word) {
  if (sizeof writer->bytes - writer->used < sizeof word) {
    put(writer, &word, sizeof word);
    return;
  }
  memcpy(writer->bytes + writer->used, &word, sizeof word);
  writer->used += sizeof word;
}

/* Puts `count` words: `first`, `first + step` and so on. */
static void put_words(file_writer *writer, uint64_t first, uint64_t step, uint64_t count) {
  while (count > 0) {
    size_t room = (sizeof writer->bytes - writer->used) / sizeof first, part = count < room ? (size_t)count : room;
    unsigned char *place = writer->bytes + writer->used;

    for (size_t i = 0; i < part; i++) {
      uint64_t word = first + step * i;

      memcpy(place + sizeof word * i, &word, sizeof word);
    }
    writer->used += sizeof first * part;
    first += step * part;
    count -= part;
    if (count > 0)
      flush(writer);
  }
}

static void put_byte(file_writer *writer, unsigned char byte) {
  if (writer->used == sizeof writer->bytes)
    flush(writer);
  writer->bytes[writer->used++] = byte;
}

static void skip(file_writer *writer, uint64_t length) {
  static const unsigned char zeros[64];

  if (length <= sizeof zeros) {
    put(writer, zeros, (size_t)length);
    return;
  }
  flush(writer);
  writer->offset += length;
}

static void put_numbers(file_writer *writer, const list_input *input) {
  put_word(writer, input->count);
  put_words(writer, 0, 8, (uint64_t)input->count + 1);
  if (input->values == NULL)
    put(writer, input->words, 8 * input->count);
  else
    for (size_t i = 0; i < input->count; i++)
      put_word(writer, input->values[i & input->mask].bits);
  put_words(writer, input->format, 0, input->count);
  skip(writer, input->count);
}

/* Encodes a value for its slot, and returns the size of the slot. */
static size_t encode(const shareable_value *value, shareable__encoded_item *item) {
  size_t size = slot_size(value);

  shareable__item_encode(value, size, item);
  return size;
}

static void put_values(file_writer *writer, const list_input *input) {
  shareable__encoded_item item;
  uint64_t offset = 0, zeros = 0;

  put_word(writer, input->count);
  put_word(writer, 0);
  for (size_t i = 0; i < input->count && writer->status == SHAREABLE_OK; i++)
    put_word(writer, offset += slot_size(&input->values[i & input->mask]));
  for (size_t i = 0; i < input->count && writer->status == SHAREABLE_OK; i++) {
    size_t size = encode(&input->values[i & input->mask], &item);

    if (item.data == &item.word && item.word == 0) {
      zeros += size;
      continue;
    }
    skip(writer, zeros);
    put(writer, item.data, item.length);
    zeros = size - item.length;
  }
  skip(writer, zeros);
  for (size_t i = 0; i < input->count && writer->status == SHAREABLE_OK; i++) {
    encode(&input->values[i & input->mask], &item);
    put_word(writer, item.format);
  }
  for (size_t i = 0; i < input->count && writer->status == SHAREABLE_OK; i++) {
    encode(&input->values[i & input->mask], &item);
    put_byte(writer, item.code);
  }
}

static shareable_status fill(shareable_list *list, const list_input *input, uint64_t data_size, uint64_t area,
                             shareable_error *error) {
  const shareable__segment *segment = &list->memory->segment;
  uint64_t header[4];
  file_writer writer;

  writer.segment = segment;
  writer.name = list->memory->name[0] != '\0' ? list->memory->name : "psm_…";
  writer.error = error;
  writer.status = SHAREABLE_OK;
  writer.offset = writer.used = 0;
  if (input->format != 0)
    put_numbers(&writer, input);
  else
    put_values(&writer, input);
  if (area != 0) {
    shareable__area_init(header, input->count);
    skip(&writer, area - writer.offset - writer.used);
    put(&writer, header, sizeof header);
  }
  flush(&writer);
  shareable__layout_read(&list->layout, segment->base, segment->size, input->count, data_size);
  return writer.status;
}

static shareable_status create_block(shareable_list *list, const char *name, const list_input *input,
                                     uint64_t data_size, uint32_t flags, uint32_t mode, bool replaces,
                                     shareable_error *error) {
  uint64_t area, size = segment_size(input->count, data_size, flags, &area), tail = shareable__area_offset(size);
  shareable_status status;

  if (input->tail != NULL)
    size = tail + input->tail->size;
  status =
    shareable__memory_prepare(&list->memory, name, size, flags & ~(uint32_t)SHAREABLE_NO_SYNC, mode, replaces, error);
  if (status == SHAREABLE_OK)
    status = fill(list, input, data_size, area, error);
  if (status == SHAREABLE_OK && input->tail != NULL)
    input->tail->fill(list, list->memory->segment.base + area, list->memory->segment.base + tail, input->tail->context);
  if (status == SHAREABLE_OK)
    status = shareable__memory_publish(list->memory, error);
  if (status != SHAREABLE_OK)
    return status;
  shareable__list_attach_memory(list);
  if (area != 0)
    shareable__list_attach_area(list, area);
  else
    shareable__memory_finish(list->memory);
  return SHAREABLE_OK;
}

static shareable_status create_by(shareable_list **result, const char *name, list_input *input, uint32_t flags,
                                  uint32_t mode, bool replaces, shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable_status status;
  shareable_list *list;
  uint64_t data_size;

  if (result == NULL || (input->values == NULL && input->words == NULL && input->count > 0))
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the %s NULL",
                           result == NULL ? "pointer for the handle is" : "values are");
  status = measure(input, &data_size, error);
  if (status != SHAREABLE_OK)
    return status;
  list = shareable__list_allocate(error);
  if (list == NULL)
    return SHAREABLE_E_NO_MEMORY;
  status = create_block(list, name, input, data_size, flags, mode, replaces, error);
  if (status == SHAREABLE_OK)
    *result = list;
  else
    shareable_list_unref(list);
  return status;
}

static shareable_status create(shareable_list **result, const char *name, list_input *input, uint32_t flags,
                               uint32_t mode, shareable_error *error) {
  return create_by(result, name, input, flags, mode, false, error);
}

shareable_status shareable__list_replace(shareable_list **list, const char *name, const shareable_value *values,
                                         size_t count, uint32_t flags, uint32_t mode, shareable_error *error) {
  return create_by(list, name, &(list_input){.values = values, .mask = SIZE_MAX, .count = count}, flags, mode, true,
                   error);
}

shareable_status shareable__list_create_with_tail(shareable_list **list, const char *name,
                                                  const shareable_value pair[2], size_t count,
                                                  const shareable__list_tail *tail, uint32_t flags, uint32_t mode,
                                                  bool replaces, shareable_error *error) {
  return create_by(list, name, &(list_input){.values = pair, .mask = 1, .count = count, .tail = tail}, flags, mode,
                   replaces, error);
}

shareable_status shareable_list_create(shareable_list **list, const char *name, const shareable_value *values,
                                       size_t count, uint32_t flags, uint32_t mode, shareable_error *error) {
  return create(list, name, &(list_input){.values = values, .mask = SIZE_MAX, .count = count}, flags, mode, error);
}

shareable_status shareable_list_create_ints(shareable_list **list, const char *name, const int64_t *integers,
                                            size_t count, uint32_t flags, uint32_t mode, shareable_error *error) {
  return create(list, name,
                &(list_input){.words = (const void *)integers, .format = SHAREABLE__FORMAT_INT, .count = count}, flags,
                mode, error);
}

shareable_status shareable_list_create_floats(shareable_list **list, const char *name, const double *reals,
                                              size_t count, uint32_t flags, uint32_t mode, shareable_error *error) {
  return create(list, name,
                &(list_input){.words = (const void *)reals, .format = SHAREABLE__FORMAT_FLOAT, .count = count}, flags,
                mode, error);
}
