/*
 * kind.c - what a block contains: a list, a dict, an array, a semaphore or other bytes.
 */
#include "kind.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array/array.h"
#include "base/clock.h"
#include "cli.h"
#include "format/dict_area.h"
#include "format/item.h"
#include "format/layout.h"
#include "sync/area.h"

const char *block_kind_name(block_kind kind) {
  static const char *const names[BLOCK_KINDS] = {"raw", "list",      "dict", "array",  "semaphore", NULL,
                                                 "log", "directory", "fifo", "socket", "link",      "device"};

  return names[kind];
}

bool block_kind_is_list(block_kind kind) {
  return kind == BLOCK_LIST || kind == BLOCK_DICT;
}

/* The first bytes of a file. They contain all that is needed of a short list. */
typedef struct file_start {
  int fd;
  size_t length;
  unsigned char bytes[4096];
} file_start;

static bool read_words(const file_start *start, uint64_t offset, uint64_t *words, size_t count) {
  size_t size = count * sizeof *words;

  if (offset + size <= start->length) {
    memcpy(words, start->bytes + offset, size);
    return true;
  }
  return pread(start->fd, words, size, (off_t)offset) == (ssize_t)size;
}

/* Returns the size of the list, or 0 if the file does not contain a list. */
static uint64_t read_size(const file_start *start, uint64_t size, uint64_t *count, uint64_t *data_size) {
  uint64_t header[2], last, needed;

  if (!read_words(start, 0, header, 2) || header[1] != 0)
    return 0;
  *count = header[0];
  last = shareable__layout_last_offset_at(size, *count);
  if (last == 0 || !read_words(start, last, data_size, 1) || (*data_size & 7) != 0)
    return 0;
  needed = shareable__layout_size(*count, *data_size);
  return needed > size ? 0 : needed;
}

/* Returns false if this library would not open the list: its sync area is not usable. */
static bool read_area(const file_start *start, uint64_t size, uint64_t end, list_properties *list) {
  uint64_t offset = shareable__area_offset(end), header[4];
  shareable__area_kind kind = SHAREABLE__AREA_NONE;

  if (offset < size && size - offset >= sizeof header) {
    if (!read_words(start, offset, header, 4))
      return false;
    kind = shareable__area_check(header, size - offset, list->items);
  }
  list->has_sync_area = kind == SHAREABLE__AREA_USABLE;
  return kind == SHAREABLE__AREA_USABLE || kind == SHAREABLE__AREA_NONE;
}

/*
 * Without a sync area, the offsets of a list that stock Python is still creating are 0, and a longer
 * block of zeros would be read as an empty list.
 */
static bool is_complete(uint64_t size, uint64_t end, uint64_t count) {
  return count > 0 ? end > shareable__layout_size(count, 0) : size == shareable__layout_size(0, 0);
}

/* The most places of which the expired keys are counted. */
#define EXPIRED_PLACES_MAX (UINT64_C(1) << 22)

/* Counts the keys in some places that have expired. `codes` are those of the keys and values in turn. */
static uint64_t count_expired(const uint64_t *expiries, const unsigned char *codes, size_t count, uint64_t now) {
  uint64_t expired = 0;

  for (size_t i = 0; i < count; i++) {
    uint64_t expiry = expiries[i] & ~SHAREABLE__DICT_USED;

    expired += expiry != 0 && expiry <= now && codes[2 * i] != SHAREABLE__CODE_NONE;
  }
  return expired;
}

/* Counts all of them, or returns DICT_EXPIRED_UNKNOWN. */
static uint64_t read_expired(int fd, uint64_t expiries_at, uint64_t codes_at, uint64_t places) {
  uint64_t expiries[1024], now = (uint64_t)shareable__boot_time(), expired = 0;
  unsigned char codes[2 * 1024];

  if (places > EXPIRED_PLACES_MAX)
    return DICT_EXPIRED_UNKNOWN;
  for (uint64_t place = 0; place < places; place += 1024) {
    size_t count = places - place < 1024 ? (size_t)(places - place) : 1024;

    if (pread(fd, expiries, 8 * count, (off_t)(expiries_at + 8 * place)) != (ssize_t)(8 * count) ||
        pread(fd, codes, 2 * count, (off_t)(codes_at + 2 * place)) != (ssize_t)(2 * count))
      return DICT_EXPIRED_UNKNOWN;
    expired += count_expired(expiries, codes, count, now);
  }
  return expired;
}

/* Returns whether the list, which ends at `end` and has `data_size` bytes of slots, is that of a dict. */
static bool is_dict(const file_start *start, uint64_t size, uint64_t end, uint64_t data_size, list_properties *list) {
  uint64_t offset = shareable__area_offset(end);
  shareable__dict_area header;

  offset = shareable__area_offset(offset + shareable__area_size(list->items));
  if (offset >= size || size - offset < sizeof header ||
      !read_words(start, offset, (uint64_t *)(void *)&header, sizeof header / 8) ||
      shareable__dict_area_check(&header, size - offset, list->items, data_size) != SHAREABLE__DICT_USABLE)
    return false;
  list->dict = (dict_properties){.keys = header.count < header.places ? header.count : header.places,
                                 .key_size = header.key_size,
                                 .value_size = header.value_size,
                                 .evicts = (header.flags & SHAREABLE__DICT_EVICT) != 0,
                                 .is_changing = header.sequence % 2 != 0 || header.intent != SHAREABLE__INTENT_NONE};
  if (header.has_expiries != 0)
    list->dict.expired =
      read_expired(start->fd, offset + sizeof header + header.value_size, end - list->items, header.places);
  return true;
}

/* Returns BLOCK_LIST, BLOCK_DICT, or BLOCK_RAW for other bytes. */
static block_kind kind_of_list(const file_start *start, uint64_t size, list_properties *list) {
  uint64_t count, data_size, end = read_size(start, size, &count, &data_size);

  if (end == 0)
    return BLOCK_RAW;
  list->items = (size_t)count;
  if (!read_area(start, size, end, list))
    return BLOCK_RAW;
  if (list->has_sync_area && is_dict(start, size, end, data_size, list))
    return BLOCK_DICT;
  return list->has_sync_area || is_complete(size, end, count) ? BLOCK_LIST : BLOCK_RAW;
}

/* sem_open(3) creates its semaphores as files in the same directory. */
bool kind_is_semaphore(const char *name, uint64_t size) {
  return strncmp(name, "sem.", 4) == 0 && size == 32;
}

static shareable_status read_part(void *context, uint64_t offset, void *bytes, size_t size, shareable_error *error) {
  const file_start *start = context;

  (void)error;
  if (offset + size <= start->length) {
    memcpy(bytes, start->bytes + offset, size);
    return SHAREABLE_OK;
  }
  return pread(start->fd, bytes, size, (off_t)offset) == (ssize_t)size ? SHAREABLE_OK : SHAREABLE_E_NOT_READY;
}

/* Returns whether the file begins as that of an array. Most files do not, and need no handle. */
static bool begins_as_array(const file_start *start) {
  shareable__npy_prologue prologue;

  return start->length >= SHAREABLE__NPY_PROLOGUE_SIZE && shareable__npy_read_prologue(start->bytes, &prologue) == NULL;
}

/* Returns the description of the array, or NULL if this library would not open it. */
static shareable_array *read_array(file_start *start, uint64_t size) {
  const char *reason;
  shareable_array *array;

  if (!begins_as_array(start))
    return NULL;
  array = shareable__array_allocate(NULL);
  if (array == NULL)
    cli_die("out of memory");
  if (shareable__array_read_header(array, read_part, start, &reason, NULL) == SHAREABLE_OK &&
      shareable__array_fits(array, size))
    return array;
  shareable_array_unref(array);
  return NULL;
}

block_kind kind_of_file(int fd, const char *name, uint64_t size, list_properties *list, shareable_array **array) {
  file_start start;
  ssize_t length;
  block_kind kind;

  *array = NULL;
  if (kind_is_semaphore(name, size))
    return BLOCK_SEMAPHORE;
  start.fd = fd;
  length = pread(fd, start.bytes, sizeof start.bytes, 0);
  if (length < 0)
    return BLOCK_UNREADABLE;
  start.length = (size_t)length;
  kind = kind_of_list(&start, size, list);
  if (kind != BLOCK_RAW)
    return kind;
  *array = read_array(&start, size);
  return *array == NULL ? BLOCK_RAW : BLOCK_ARRAY;
}

/* The directory is called .shareable-UID or .shareable-UID.SUFFIX, and is private to that user. */
static bool is_log_directory(const char *name, mode_t mode, uid_t user) {
  static const char prefix[] = ".shareable-";
  const char *digits = name + sizeof prefix - 1;
  char *end;

  if (strncmp(name, prefix, sizeof prefix - 1) != 0 || !isdigit((unsigned char)digits[0]) || (mode & 0777) != 0700)
    return false;
  return strtoul(digits, &end, 10) == user && (*end == '\0' || *end == '.');
}

block_kind kind_of_other(const char *name, mode_t mode, uid_t user) {
  switch (mode & S_IFMT) {
  case S_IFDIR:
    return is_log_directory(name, mode, user) ? BLOCK_LOG : BLOCK_DIRECTORY;
  case S_IFIFO:
    return BLOCK_FIFO;
  case S_IFSOCK:
    return BLOCK_SOCKET;
  case S_IFLNK:
    return BLOCK_LINK;
  default:
    return BLOCK_DEVICE;
  }
}
