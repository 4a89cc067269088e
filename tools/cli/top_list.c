/*
 * top_list.c - reads a list by pread(2), without mapping it.
 */
#include "top_list.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/layout.h"

/* Returns whether the piece contains these bytes. */
static bool contains(const top_piece *piece, uint64_t offset, size_t length) {
  return offset >= piece->offset && offset - piece->offset <= piece->length &&
         length <= piece->length - (offset - piece->offset);
}

static bool read_piece(int fd, top_piece *piece, uint64_t offset) {
  uint64_t rest = piece->end - offset;
  ssize_t length = pread(fd, piece->bytes, rest < sizeof piece->bytes ? rest : sizeof piece->bytes, (off_t)offset);

  piece->offset = offset;
  piece->length = length < 0 ? 0 : (size_t)length;
  return length > 0;
}

/* Returns bytes of an area. A small list is in the head, which was read when the list was opened. */
static const unsigned char *get(top_list *list, top_piece *area, uint64_t offset, size_t length) {
  if (contains(&list->head, offset, length))
    return list->head.bytes + offset;
  if (!contains(area, offset, length) && (!read_piece(list->fd, area, offset) || area->length < length))
    return NULL;
  return area->bytes + (offset - area->offset);
}

static bool get_word(top_list *list, top_piece *area, uint64_t offset, uint64_t *word) {
  const unsigned char *bytes = get(list, area, offset, sizeof *word);

  if (bytes != NULL)
    memcpy(word, bytes, sizeof *word);
  return bytes != NULL;
}

static void set_area(top_piece *area, uint64_t start, uint64_t size) {
  area->start = start;
  area->end = start + size;
  area->offset = area->length = 0;
}

/* Reads and checks N and offset[N], as layout.md requires when a list is opened. */
static bool read_layout(top_list *list, uint64_t size) {
  uint64_t header[2], last, end;

  set_area(&list->head, 0, size);
  if (!read_piece(list->fd, &list->head, 0) || list->head.length < sizeof header)
    return false;
  memcpy(header, list->head.bytes, sizeof header);
  last = shareable__layout_last_offset_at((size_t)size, header[0]);
  if (header[0] == 0 || header[1] != 0 || last == 0)
    return false;
  list->count = header[0];
  set_area(&list->offsets, 8, last);
  if (!get_word(list, &list->offsets, last, &list->data_size))
    return false;
  end = shareable__layout_size(list->count, list->data_size);
  if (list->data_size == 0 || list->data_size % 8 != 0 || end == 0 || end > size)
    return false;
  set_area(&list->data, last + 8, list->data_size);
  set_area(&list->formats, list->data.end, 8 * list->count);
  set_area(&list->codes, list->formats.end, list->count);
  return true;
}

bool top_list_open(top_list *list, int directory, const char *name, uint64_t inode) {
  struct stat file;

  list->fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (list->fd < 0)
    return false;
  if (fstat(list->fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_ino == inode &&
      read_layout(list, (uint64_t)file.st_size))
    return true;
  close(list->fd);
  return false;
}

void top_list_close(top_list *list) {
  close(list->fd);
}

bool top_list_slot(top_list *list, uint64_t i, top_slot *slot) {
  uint64_t start, end;
  const unsigned char *code;

  if (!get_word(list, &list->offsets, list->offsets.start + 8 * i, &start) ||
      !get_word(list, &list->offsets, list->offsets.start + 8 * i + 8, &end) ||
      !get_word(list, &list->formats, list->formats.start + 8 * i, &slot->format) ||
      (code = get(list, &list->codes, list->codes.start + i, 1)) == NULL)
    return false;
  slot->code = *code;
  if (end <= list->data_size && start < end && ((start | end) & 7) == 0) {
    slot->data = list->data.start + start;
    slot->size = end - start;
  } else {
    *slot = (top_slot){0};
  }
  return true;
}

const unsigned char *top_list_data(top_list *list, uint64_t offset, size_t length) {
  return get(list, &list->data, offset, length);
}
