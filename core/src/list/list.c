/*
 * list.c - the public handle of a list: opened, kept, closed, and asked about itself.
 */
#include "list/list.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "base/error.h"

/* Before the file is closed, which the proof of life is about: also where only the list's block is closed. */
static void leave(void *of) {
  shareable_list *list = of;

  shareable__sync_quit(&list->sync);
}

void shareable__list_attach_area(shareable_list *list, uint64_t area) {
  shareable__segment *segment = &list->memory->segment;

  shareable__sync_use(&list->sync, (shareable__area *)(segment->base + area), &list->layout);
  shareable__writer_start(&list->sync.writer, &segment->fd, list->memory->name, list->memory->read_only);
  if (!list->memory->read_only)
    shareable__writer_take_id(&list->sync.writer); /* if that fails, the first write fails */
  list->memory->on_close = leave;
  list->memory->on_close_context = list;
}

shareable_list *shareable__list_allocate(shareable_error *error) {
  shareable_list *list = calloc(1, sizeof *list);

  if (list == NULL) {
    shareable__fail(error, SHAREABLE_E_NO_MEMORY, ENOMEM, "no memory for a handle");
    return NULL;
  }
  atomic_init(&list->references, 1);
  atomic_init(&list->unheard, 0);
  shareable__sync_use(&list->sync, NULL, &list->layout);
  return list;
}

/* Numbers are in the machine's own order, and a list is not for machines of the other one. */
static shareable_status fail_swapped(const shareable_list *list, shareable_error *error) {
  return shareable__fail(error, SHAREABLE_E_NOT_LIST, 0,
                         "block '%s' holds a list of a machine of the other byte order: make it anew on this one",
                         list->memory->name);
}

static uint64_t ordered(uint64_t number, bool is_swapped) {
  return is_swapped ? __builtin_bswap64(number) : number;
}

/*
 * As this machine reads it, or as one of the other byte order does. The first offset is 0 in every list but in those of CPython
 * 3.8, which has sizes where others have offsets.
 */
static int read_layout(shareable_list *list, bool is_swapped) {
  const shareable__segment *segment = &list->memory->segment;
  uint64_t head[2], count, last = 0, data_size;
  int system = shareable__segment_read_words(segment, 0, head, 2);

  if (system != 0)
    return system;
  count = ordered(head[0], is_swapped);
  if (head[1] == 0)
    last = shareable__layout_last_offset_at(segment->size, count);
  system = last == 0 ? ENODATA : shareable__segment_read_words(segment, last, &data_size, 1);
  if (system != 0)
    return system;
  data_size = ordered(data_size, is_swapped);
  return shareable__layout_read(&list->layout, segment->base, segment->size, count, data_size) ? 0 : ENODATA;
}

/* What the file has, or has not, by an errno. */
static shareable_status fail_read(const shareable_list *list, int system, shareable_error *error) {
  if (system != ENODATA)
    return shareable__fail_system(error, system, "cannot read '%s'", list->memory->name);
  return shareable__fail(error, SHAREABLE_E_NOT_LIST, 0,
                         "block '%s' of %zu bytes does not hold a list: open it as memory instead", list->memory->name,
                         list->memory->segment.size);
}

/* Looks for a sync area past the list. */
static shareable_status read_area(shareable_list *list, shareable_error *error) {
  const shareable__segment *segment = &list->memory->segment;
  uint64_t end = shareable__layout_size(list->layout.count, list->layout.data_size);
  uint64_t area = shareable__area_offset(end), head[4];
  int system;

  if (area >= segment->size || segment->size - area < sizeof head)
    return SHAREABLE_OK;
  system = shareable__segment_read_words(segment, area, head, 4);
  if (system != 0)
    return fail_read(list, system, error);
  switch (shareable__area_check(head, segment->size - area, list->layout.count)) {
  case SHAREABLE__AREA_NONE:
    break;
  case SHAREABLE__AREA_USABLE:
    shareable__list_attach_area(list, area);
    break;
  case SHAREABLE__AREA_FOREIGN_ENDIAN:
    return fail_swapped(list, error);
  case SHAREABLE__AREA_OLDER_VERSION:
    return shareable__fail(
      error, SHAREABLE_E_VERSION, 0,
      "list '%s' was made by an older version of this library, whose lists this one (%s) does not share: "
      "create the list again",
      list->memory->name, shareable_version());
  case SHAREABLE__AREA_NEWER_VERSION:
    return shareable__fail(error, SHAREABLE_E_VERSION, 0,
                           "list '%s' was made by a newer version of this library: update this one (%s)",
                           list->memory->name, shareable_version());
  case SHAREABLE__AREA_CORRUPT:
    return shareable__fail(error, SHAREABLE_E_NOT_LIST, 0, "the sync area of list '%s' is damaged: make it anew",
                           list->memory->name);
  }
  return SHAREABLE_OK;
}

/* N and the offsets come first, offset[N] last of them. No list has 0 there, except an empty one of 16 bytes. */
static shareable_status check_begun(const shareable_list *list, shareable_error *error) {
  const shareable__layout *layout = &list->layout;
  size_t size = list->memory->segment.size;

  if (list->sync.area != NULL || layout->data_size > 0 || (layout->count == 0 && size == shareable__layout_size(0, 0)))
    return SHAREABLE_OK;
  return shareable__fail(error, SHAREABLE_E_NOT_READY, 0,
                         "list '%s' is not ready: its creator has not finished writing it, try again",
                         list->memory->name);
}

shareable_status shareable_list_open(shareable_list **result, const char *name, uint32_t flags,
                                     shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable_status status;
  shareable_list *list;
  int system = 0;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no place for the handle was given");
  list = shareable__list_allocate(error);
  if (list == NULL)
    return SHAREABLE_E_NO_MEMORY;
  status = shareable__memory_attach(&list->memory, name, flags, error);
  if (status == SHAREABLE_OK)
    system = read_layout(list, false);
  if (system == ENODATA && read_layout(list, true) == 0)
    status = fail_swapped(list, error);
  else if (system != 0)
    status = fail_read(list, system, error);
  if (status == SHAREABLE_OK)
    status = read_area(list, error);
  if (status == SHAREABLE_OK)
    status = check_begun(list, error);
  if (status != SHAREABLE_OK) {
    shareable_list_unref(list);
    return status;
  }
  if (list->sync.area == NULL)
    shareable__memory_close_fd(list->memory);
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
  if (list->memory != NULL && shareable__memory_is_open(list->memory))
    leave(list);
  if (list->memory != NULL)
    list->memory->on_close = NULL;
  shareable_memory_unref(list->memory);
  free(list);
}

void shareable_list_close(shareable_list *list) {
  if (list == NULL)
    return;
  shareable_memory_close(list->memory);
  if (list->sync.area != NULL) /* once more: a thread may have been on its way to the lock, and have taken it since */
    shareable__writer_unregister(&list->sync.writer);
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

shareable_status shareable_list_capacity(const shareable_list *list, int64_t index, size_t *size) {
  shareable_status status = shareable__list_check(list);
  shareable__slot slot;
  size_t i;

  if (status == SHAREABLE_OK)
    status = size == NULL ? SHAREABLE_E_ARGUMENT : shareable__list_slot(list, index, &i, &slot);
  if (status == SHAREABLE_OK)
    *size = shareable__item_capacity(slot.size);
  return status;
}

static shareable_status shape_of(const shareable__slot *slot, shareable__item_info *shape) {
  return shareable__item_inspect(slot, shape) ? SHAREABLE_OK : SHAREABLE_E_CORRUPT;
}

shareable_status shareable_list_type(const shareable_list *list, int64_t index, shareable_type *type) {
  shareable_status status = shareable__list_check(list);
  shareable__item_info shape = {0};
  shareable__slot slot;
  size_t i;

  if (status == SHAREABLE_OK)
    status = type == NULL ? SHAREABLE_E_ARGUMENT : shareable__list_slot(list, index, &i, &slot);
  if (status != SHAREABLE_OK)
    return status;
  SHAREABLE__READ_CONSISTENT(status, list, i, slot, shape_of(&slot, &shape));
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
      SHAREABLE__READ_CONSISTENT(status, list, i, slot, format_of(&slot, format, &n));
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
