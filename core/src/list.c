/*
 * list.c - the public handle of a list: made, opened, kept, closed, and asked about itself.
 */
#include "list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "error.h"

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

/* The slot that a value gets in a new list: as CPython gives it, or what its capacity asks for. */
static size_t slot_size(const shareable_value *value) {
  size_t size = shareable__is_text(value->type) ? shareable__layout_slot_for((size_t)value->length) : 8;
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

static shareable_status plan(const shareable_value *values, size_t count, uint64_t *data_size, shareable_error *error) {
  uint64_t sum = 0;

  for (size_t i = 0; i < count; i++) {
    shareable_status status = check_value(&values[i]);
    if (status != SHAREABLE_OK)
      return fail_value(error, &values[i], i, status);
    sum += slot_size(&values[i]); /* cannot wrap: a value takes 24 bytes of memory, a slot below 2^24 */
  }
  *data_size = sum;
  return SHAREABLE_OK;
}

static void fill(shareable_list *list, const shareable_value *values, size_t count, size_t data_size) {
  size_t offset = 0;

  shareable__layout_start(&list->layout, list->memory->segment.base, count, data_size);
  for (size_t i = 0; i < count; i++) {
    size_t size = slot_size(&values[i]);
    shareable__slot slot;

    shareable__layout_place(&list->layout, i, offset, size, &slot);
    shareable__item_start(&slot, &values[i]);
    offset += size;
  }
}

/* The bytes of a new list's segment, and where its sync area lies, or 0. */
static uint64_t size_of(size_t count, uint64_t data_size, uint32_t flags, uint64_t *area) {
  uint64_t end = shareable__layout_size(count, data_size);

  *area = (flags & SHAREABLE_PLAIN) != 0 || end == 0 ? 0 : shareable__sync_offset(end);
  return *area == 0 ? end : *area + shareable__sync_size(count);
}

/* Before the file is closed, which the proof of life is about: also where only the list's block is closed. */
static void leave(void *of) {
  shareable_list *list = of;

  if (list->sync.area != NULL)
    shareable__writer_leave(&list->sync.writer);
}

/* Uses the sync area at byte `area`. */
static void use_area(shareable_list *list, uint64_t area) {
  shareable__segment *segment = &list->memory->segment;

  shareable__sync_use(&list->sync, (shareable__area *)(segment->base + area), &list->layout);
  shareable__writer_start(&list->sync.writer, segment->fd, list->memory->name, list->memory->read_only);
  list->memory->at_close = leave;
  list->memory->at_close_of = list;
}

static shareable_list *allocate(shareable_error *error) {
  shareable_list *list = calloc(1, sizeof *list);

  if (list == NULL) {
    shareable__fail(error, SHAREABLE_E_NO_MEMORY, ENOMEM, "no memory for a handle");
    return NULL;
  }
  atomic_init(&list->references, 1);
  shareable__sync_use(&list->sync, NULL, &list->layout);
  return list;
}

shareable_status shareable_list_create(shareable_list **result, const char *name, const shareable_value *values,
                                       size_t count, uint32_t flags, uint32_t mode, shareable_error *error) {
  shareable_status status;
  shareable_list *list;
  uint64_t data_size = 0, size, area;

  if (result == NULL || (values == NULL && count > 0))
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no %s given",
                           result == NULL ? "place for the handle was" : "values were");
  status = plan(values, count, &data_size, error);
  if (status != SHAREABLE_OK)
    return status;
  list = allocate(error);
  if (list == NULL)
    return SHAREABLE_E_NO_MEMORY;
  size = size_of(count, data_size, flags, &area);
  status = shareable__memory_draft(&list->memory, name, size, flags & ~(uint32_t)SHAREABLE_PLAIN, mode, error);
  if (status == SHAREABLE_OK) {
    fill(list, values, count, (size_t)data_size);
    if (area != 0)
      shareable__sync_start((shareable__area *)(list->memory->segment.base + area), count);
    status = shareable__memory_publish(list->memory, error);
  }
  if (status != SHAREABLE_OK) {
    shareable_list_unref(list);
    return status;
  }
  if (area != 0)
    use_area(list, area);
  else
    shareable__memory_settle(list->memory);
  *result = list;
  return SHAREABLE_OK;
}

/* The first offset is 0 in every list but in those of CPython 3.8, which has sizes where others have offsets. */
static bool read_layout(shareable_list *list) {
  const shareable__segment *segment = &list->memory->segment;
  uint64_t head[2], last, data_size;

  if (!shareable__segment_peek(segment, 0, head, 2) || head[1] != 0)
    return false;
  last = shareable__layout_last(segment->size, head[0]);
  return last != 0 && shareable__segment_peek(segment, last, &data_size, 1) &&
         shareable__layout_read(&list->layout, segment->base, segment->size, head[0], data_size);
}

/* Looks for a sync area past the list. */
static shareable_status read_area(shareable_list *list, shareable_error *error) {
  const shareable__segment *segment = &list->memory->segment;
  uint64_t end = shareable__layout_size(list->layout.count, list->layout.data_size);
  uint64_t area = shareable__sync_offset(end), head[4] = {0};

  if (area >= segment->size || !shareable__segment_peek(segment, area, head, 4))
    return SHAREABLE_OK;
  switch (shareable__sync_look(head, segment->size - area, list->layout.count)) {
  case SHAREABLE__SYNC_NONE:
    break;
  case SHAREABLE__SYNC_OURS:
    use_area(list, area);
    break;
  case SHAREABLE__SYNC_NEWER:
    return shareable__fail(error, SHAREABLE_E_VERSION, 0,
                           "list '%s' was made by a newer version of this library: update this one (%s)",
                           list->memory->name, shareable_version());
  case SHAREABLE__SYNC_DAMAGED:
    return shareable__fail(error, SHAREABLE_E_NOT_LIST, 0, "the sync area of list '%s' is damaged: make it anew",
                           list->memory->name);
  }
  return SHAREABLE_OK;
}

shareable_status shareable_list_open(shareable_list **result, const char *name, uint32_t flags,
                                     shareable_error *error) {
  shareable_status status;
  shareable_list *list;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no place for the handle was given");
  list = allocate(error);
  if (list == NULL)
    return SHAREABLE_E_NO_MEMORY;
  status = shareable__memory_attach(&list->memory, name, flags, error);
  if (status == SHAREABLE_OK && !read_layout(list))
    status = shareable__fail(error, SHAREABLE_E_NOT_LIST, 0,
                             "block '%s' of %zu bytes does not hold a list: open it as memory instead",
                             list->memory->name, list->memory->segment.size);
  if (status == SHAREABLE_OK)
    status = read_area(list, error);
  if (status != SHAREABLE_OK) {
    shareable_list_unref(list);
    return status;
  }
  if (list->sync.area == NULL)
    shareable__memory_settle(list->memory);
  *result = list;
  return SHAREABLE_OK;
}

shareable_list *shareable_list_ref(shareable_list *list) {
  if (list != NULL)
    atomic_fetch_add(&list->references, 1);
  return list;
}

/* Whoever holds a reference to the block keeps it open. */
void shareable_list_unref(shareable_list *list) {
  if (list == NULL || atomic_fetch_sub(&list->references, 1) != 1)
    return;
  if (list->memory != NULL) {
    leave(list);
    list->memory->at_close = NULL;
  }
  shareable_memory_unref(list->memory);
  free(list);
}

void shareable_list_close(shareable_list *list) {
  if (list != NULL)
    shareable_memory_close(list->memory);
}

shareable_status shareable_list_unlink(shareable_list *list, shareable_error *error) {
  return shareable_memory_unlink(list == NULL ? NULL : list->memory, error);
}

shareable_memory *shareable_list_memory(const shareable_list *list) {
  return list == NULL ? NULL : list->memory;
}

size_t shareable_list_length(const shareable_list *list) {
  return list == NULL ? 0 : list->layout.count;
}

shareable_status shareable_list_slot_size(const shareable_list *list, int64_t index, size_t *size) {
  shareable_status status = shareable__list_check(list);
  shareable__slot slot;
  size_t i;

  if (status == SHAREABLE_OK)
    status = size == NULL ? SHAREABLE_E_ARGUMENT : shareable__list_slot(list, index, &i, &slot);
  if (status == SHAREABLE_OK)
    *size = slot.size;
  return status;
}

static shareable_status shape_of(const shareable__slot *slot, shareable__shape *shape) {
  return shareable__item_shape(slot, shape) ? SHAREABLE_OK : SHAREABLE_E_CORRUPT;
}

shareable_status shareable_list_type(const shareable_list *list, int64_t index, shareable_type *type) {
  shareable_status status = shareable__list_check(list);
  shareable__shape shape;
  shareable__slot slot;
  size_t i;

  if (status == SHAREABLE_OK)
    status = type == NULL ? SHAREABLE_E_ARGUMENT : shareable__list_slot(list, index, &i, &slot);
  if (status != SHAREABLE_OK)
    return status;
  SHAREABLE__READ(status, list, i, slot, shape_of(&slot, &shape));
  if (status == SHAREABLE_OK)
    *type = shape.type;
  return status;
}

static shareable_status format_of(const shareable__slot *slot, char format[8], size_t *length) {
  *length = shareable__item_format(slot, format);
  return *length == 0 ? SHAREABLE_E_CORRUPT : SHAREABLE_OK;
}

shareable_status shareable_list_format(const shareable_list *list, char *buffer, size_t size, size_t *length) {
  shareable_status status = shareable__list_check(list);
  size_t total = 0;

  if (status != SHAREABLE_OK)
    return status;
  for (size_t i = 0; i < list->layout.count; i++) {
    shareable__slot slot;
    char format[8];
    size_t n = 0;

    status = SHAREABLE_E_CORRUPT;
    if (shareable__layout_slot(&list->layout, i, &slot))
      SHAREABLE__READ(status, list, i, slot, format_of(&slot, format, &n));
    if (status != SHAREABLE_OK) {
      if (length != NULL)
        *length = i;
      return status;
    }
    if (buffer != NULL && total + n <= size)
      memcpy(buffer + total, format, n);
    total += n;
  }
  if (length != NULL)
    *length = total;
  return total > size ? SHAREABLE_E_BUFFER : SHAREABLE_OK;
}
