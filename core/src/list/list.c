/*
 * list.c - opening and closing a list, and its properties.
 */
#include "list/list.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "base/error.h"
#include "format/dict_area.h"
#include "sync/fast_store.h"

/* Called before the block's file is closed, also if the program closes only the list's memory. */
static void list_on_close(void *context) {
  shareable_list *list = context;

  shareable__source_close(&list->source);
  shareable__sync_unregister(&list->sync);
  if (!shareable__sync_has_area(&list->sync))
    shareable__segment_close_fd(&list->memory->segment); /* a view that pins the block does not need it */
}

void shareable__list_attach_memory(shareable_list *list) {
  list->memory->on_close = list_on_close;
  list->memory->on_close_context = list;
}

void shareable__list_attach_area(shareable_list *list, uint64_t offset) {
  shareable__segment *segment = &list->memory->segment;

  shareable__sync_attach(&list->sync, segment->base + offset, &segment->fd, list->memory->name,
                         list->memory->read_only);
  list->lock.word = &list->sync.area->lock;
  list->tail = shareable__area_offset(offset + shareable__area_size(list->layout.count));
}

shareable_list *shareable__list_allocate(shareable_error *error) {
  shareable_list *list = calloc(1, sizeof *list);

  if (list == NULL) {
    shareable__fail(error, SHAREABLE_E_NO_MEMORY, ENOMEM, "no memory for a handle");
    return NULL;
  }
  atomic_init(&list->references, 1);
  atomic_init(&list->lock.lost_wakeups, 0);
  shareable__sync_init(&list->sync, &list->layout);
  return list;
}

/* A list contains numbers in the byte order of the machine that made it. */
static shareable_status fail_byteswapped(const shareable_list *list, shareable_error *error) {
  return shareable__fail(
    error, SHAREABLE_E_NOT_LIST, 0,
    "block '%s' contains a list of a machine with the other byte order: create the list again on this one",
    list->memory->name);
}

static uint64_t byteswap_if(uint64_t number, bool byteswapped) {
  return byteswapped ? __builtin_bswap64(number) : number;
}

/*
 * Reads the layout, as this machine does or as a machine of the other byte order does. Returns 0,
 * ENODATA if the block does not contain a list, or another errno. In a list of CPython 3.8, which
 * this library does not read, the first offset is not 0.
 */
static int read_layout(shareable_list *list, bool byteswapped) {
  const shareable__segment *segment = &list->memory->segment;
  uint64_t header[2], count, last = 0, data_size;
  int errnum = shareable__segment_read(segment, 0, header, sizeof header);

  if (errnum != 0)
    return errnum;
  count = byteswap_if(header[0], byteswapped);
  if (header[1] == 0)
    last = shareable__layout_last_offset_at(segment->size, count);
  errnum = last == 0 ? ENODATA : shareable__segment_read(segment, last, &data_size, sizeof data_size);
  if (errnum != 0)
    return errnum;
  data_size = byteswap_if(data_size, byteswapped);
  return shareable__layout_read(&list->layout, segment->base, segment->size, count, data_size) ? 0 : ENODATA;
}

/* Fails with the errno that read_layout() returned. */
static shareable_status fail_read(const shareable_list *list, int errnum, shareable_error *error) {
  if (errnum != ENODATA)
    return shareable__fail_errno(error, errnum, "cannot read '%s'", list->memory->name);
  return shareable__fail(error, SHAREABLE_E_NOT_LIST, 0,
                         "block '%s' of %zu bytes does not contain a list: open it as memory instead",
                         list->memory->name, list->memory->segment.size);
}

/* Finds out whether the list is that of a dict. */
static shareable_status read_tail(shareable_list *list, shareable_error *error) {
  const shareable__segment *segment = &list->memory->segment;
  shareable__dict_area header;
  int errnum;

  if (list->tail >= segment->size || segment->size - list->tail < sizeof header)
    return SHAREABLE_OK;
  errnum = shareable__segment_read(segment, list->tail, &header, sizeof header);
  if (errnum != 0)
    return fail_read(list, errnum, error);
  list->has_keys = shareable__dict_area_check(&header, segment->size - list->tail, list->layout.count,
                                              list->layout.data_size) == SHAREABLE__DICT_USABLE;
  return SHAREABLE_OK;
}

/* Uses the sync area past the list, if there is one. */
static shareable_status read_area(shareable_list *list, shareable_error *error) {
  const shareable__segment *segment = &list->memory->segment;
  uint64_t end = shareable__layout_size(list->layout.count, list->layout.data_size);
  uint64_t offset = shareable__area_offset(end), header[4];
  int errnum;

  if (offset >= segment->size || segment->size - offset < sizeof header)
    return SHAREABLE_OK;
  errnum = shareable__segment_read(segment, offset, header, sizeof header);
  if (errnum != 0)
    return fail_read(list, errnum, error);
  switch (shareable__area_check(header, segment->size - offset, list->layout.count)) {
  case SHAREABLE__AREA_NONE:
    break;
  case SHAREABLE__AREA_USABLE:
    shareable__list_attach_area(list, offset);
    return read_tail(list, error);
  case SHAREABLE__AREA_FOREIGN_ENDIAN:
    return fail_byteswapped(list, error);
  case SHAREABLE__AREA_OLDER_VERSION:
    return shareable__fail(
      error, SHAREABLE_E_VERSION, 0,
      "list '%s' was made by an older version of this library, and this version (%s) cannot use it: "
      "create the list again",
      list->memory->name, shareable_version());
  case SHAREABLE__AREA_NEWER_VERSION:
    return shareable__fail(error, SHAREABLE_E_VERSION, 0,
                           "list '%s' was made by a newer version of this library: update this library (%s)",
                           list->memory->name, shareable_version());
  case SHAREABLE__AREA_CORRUPT:
    return shareable__fail(error, SHAREABLE_E_NOT_LIST, 0,
                           "the sync area of list '%s' is corrupt: create the list again", list->memory->name);
  }
  return SHAREABLE_OK;
}

/*
 * Returns E_NOT_READY if stock Python has not written the offsets yet. It writes N and the offsets
 * first, offset[N] last. offset[N] is 0 only in an empty list, which has 16 bytes.
 */
static shareable_status check_has_offsets(const shareable_list *list, shareable_error *error) {
  const shareable__layout *layout = &list->layout;
  size_t size = list->memory->segment.size;

  if (shareable__sync_has_area(&list->sync) || layout->data_size > 0 ||
      (layout->count == 0 && size == shareable__layout_size(0, 0)))
    return SHAREABLE_OK;
  return shareable__fail(error, SHAREABLE_E_NOT_READY, 0,
                         "'%s' is not a list, or not ready: its creator has not finished writing it, try again",
                         list->memory->name);
}

shareable_status shareable_list_open(shareable_list **result, const char *name, uint32_t flags,
                                     shareable_error *error) {
  SHAREABLE__UNCANCELLED;
  shareable_status status;
  shareable_list *list;
  int errnum = 0;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the handle is NULL");
  list = shareable__list_allocate(error);
  if (list == NULL)
    return SHAREABLE_E_NO_MEMORY;
  status = shareable__memory_attach(&list->memory, name, flags, error);
  if (status == SHAREABLE_OK) {
    shareable__list_attach_memory(list);
    errnum = read_layout(list, false);
  }
  if (errnum == ENODATA && read_layout(list, true) == 0)
    status = fail_byteswapped(list, error);
  else if (errnum != 0)
    status = fail_read(list, errnum, error);
  if (status == SHAREABLE_OK)
    status = read_area(list, error);
  if (status == SHAREABLE_OK)
    status = check_has_offsets(list, error);
  if (status != SHAREABLE_OK) {
    shareable_list_unref(list);
    return status;
  }
  if (!shareable__sync_has_area(&list->sync))
    shareable__memory_finish(list->memory);
  *result = list;
  return SHAREABLE_OK;
}

shareable_list *shareable_list_ref(shareable_list *list) {
  if (list != NULL)
    atomic_fetch_add(&list->references, 1);
  return list;
}

/* The block stays open as long as the caller has a reference to it. */
void shareable_list_unref(shareable_list *list) {
  if (list == NULL || atomic_fetch_sub(&list->references, 1) != 1)
    return;
  /* Also if the block is closed: a fork may have found a thread of the parent between the two. */
  shareable__source_close(&list->source);
  if (list->memory != NULL && shareable__memory_is_open(list->memory))
    shareable__sync_unregister(&list->sync);
  if (list->memory != NULL)
    list->memory->on_close = NULL;
  shareable_memory_unref(list->memory);
  free(list);
}

static void close_list(shareable_list *list, void (*close_memory)(shareable_memory *memory)) {
  if (list == NULL)
    return;
  close_memory(list->memory);
  shareable__sync_unregister_late(&list->sync); /* a thread may have registered the handle again during the close */
}

void shareable_list_close(shareable_list *list) {
  close_list(list, shareable_memory_close);
}

void shareable_list_close_in_place(shareable_list *list) {
  close_list(list, shareable_memory_close_in_place);
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

static shareable_status inspect(const shareable__slot *slot, shareable__item_info *info) {
  return shareable__item_inspect(slot, info) ? SHAREABLE_OK : SHAREABLE_E_CORRUPT;
}

shareable_status shareable_list_type(const shareable_list *list, int64_t index, shareable_type *type) {
  shareable_status status = shareable__list_check(list);
  shareable__item_info info = {0};
  shareable__slot slot;
  size_t i;

  if (status == SHAREABLE_OK)
    status = type == NULL ? SHAREABLE_E_ARGUMENT : shareable__list_slot(list, index, &i, &slot);
  if (status != SHAREABLE_OK)
    return status;
  SHAREABLE__READ_CONSISTENT(status, list, i, slot, inspect(&slot, &info));
  if (status == SHAREABLE_OK)
    *type = info.type;
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
