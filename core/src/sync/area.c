/*
 * area.c - the sync area past a list, and the handle that a process has of it.
 */
#include "sync/area.h"

#include <stddef.h>

_Static_assert(sizeof(shareable__hazard) == 64, "a hazard is a cache line");
_Static_assert(sizeof(shareable__redo_record) == 512, "the redo records are part of the layout");
_Static_assert(offsetof(shareable__area, version_words) == 64 + 192 + 8 * 64 + 4 * 512,
               "the area is part of the layout");

static uint64_t magic(void) {
  uint64_t word;

  memcpy(&word, "shr.sync", sizeof word);
  return word;
}

uint64_t shareable__area_offset(uint64_t end) {
  return (end + 63) & ~UINT64_C(63);
}

uint64_t shareable__area_size(uint64_t count) {
  return sizeof(shareable__area) + 8 * count;
}

void shareable__area_init(uint64_t header[4], uint64_t count) {
  const uint32_t version[2] = {SHAREABLE__AREA_VERSION, 0};

  header[0] = magic();
  memcpy(&header[1], version, sizeof version);
  header[2] = count;
  header[3] = shareable__area_size(count);
}

shareable__area_kind shareable__area_check(const uint64_t header[4], uint64_t size, uint64_t count) {
  uint32_t version;

  if (size < sizeof(uint64_t[4]) || header[0] != magic())
    return SHAREABLE__AREA_NONE;
  memcpy(&version, &header[1], sizeof version);
  if ((version & 0xffff) == 0 && version != 0)
    return SHAREABLE__AREA_FOREIGN_ENDIAN; /* no version in this byte order will be a multiple of 65536 */
  if (version > SHAREABLE__AREA_VERSION)
    return SHAREABLE__AREA_NEWER_VERSION;
  if (version != 0 && version < SHAREABLE__AREA_VERSION)
    return SHAREABLE__AREA_OLDER_VERSION;
  if (version != SHAREABLE__AREA_VERSION || header[2] != count || header[3] != shareable__area_size(count) ||
      header[3] > size)
    return SHAREABLE__AREA_CORRUPT;
  return SHAREABLE__AREA_USABLE;
}

void shareable__sync_init(shareable__sync *sync, const shareable__layout *layout) {
  static const shareable__word always_0 = 0;

  sync->area = NULL;
  sync->layout = layout;
  sync->version_words = &always_0;
  sync->mask = 0;
}

void shareable__sync_attach(shareable__sync *sync, void *address, int *fd, const char *name, bool read_only) {
  sync->area = address;
  sync->version_words = sync->area->version_words;
  sync->mask = SIZE_MAX;
  shareable__writer_start(&sync->writer, fd, name, read_only);
  if (!read_only)
    shareable__writer_take_id(&sync->writer);
}
