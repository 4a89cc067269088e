/*
 * dict_area.c - the dict area past the sync area of a list.
 */
#include "format/dict_area.h"

#include <stddef.h>
#include <string.h>

_Static_assert(sizeof(shareable__dict_area) == 192, "the area is part of the layout");
_Static_assert(offsetof(shareable__dict_area, lock) == 64, "the lock has a cache line of its own");
_Static_assert(offsetof(shareable__dict_area, record) == 160, "the record follows what readers load");
_Static_assert(offsetof(shareable__dict_area, sequence) == 128, "readers load only this line and the first one");

static uint64_t magic(void) {
  uint64_t word;

  memcpy(&word, "shr.dict", sizeof word);
  return word;
}

uint64_t shareable__dict_area_size(uint64_t places, uint32_t value_size) {
  return sizeof(shareable__dict_area) + value_size + 8 * places + 16 * places;
}

void shareable__dict_area_init(shareable__dict_area *header, uint64_t places, uint32_t key_size, uint32_t value_size,
                               uint32_t flags) {
  memset(header, 0, sizeof *header);
  header->magic = magic();
  header->version = SHAREABLE__DICT_VERSION;
  header->flags = flags;
  header->places = places;
  header->key_size = key_size;
  header->value_size = value_size;
  header->size = shareable__dict_area_size(places, value_size);
}

shareable__dict_area_kind shareable__dict_area_check(const shareable__dict_area *header, uint64_t size, uint64_t count,
                                                     uint64_t data_size) {
  uint64_t places = count / 2, width;

  if (size < sizeof *header || header->magic != magic())
    return SHAREABLE__DICT_NONE;
  if (header->version != SHAREABLE__DICT_VERSION || (header->flags & ~(uint32_t)SHAREABLE__DICT_EVICT) != 0)
    return SHAREABLE__DICT_OTHER_VERSION;
  width = (uint64_t)header->key_size + header->value_size;
  if (count == 0 || count % 2 != 0 || header->places != places || places > SHAREABLE_DICT_PLACES_MAX ||
      header->key_size == 0 || header->key_size > SHAREABLE_DICT_KEY_MAX || header->key_size % 8 != 0 ||
      header->value_size == 0 || header->value_size % 8 != 0 || data_size % places != 0 ||
      data_size / places != width || header->size != shareable__dict_area_size(places, header->value_size) ||
      header->size > size)
    return SHAREABLE__DICT_CORRUPT;
  return SHAREABLE__DICT_USABLE;
}

void shareable__dict_area_parts(shareable__dict_parts *parts, void *address, const shareable__dict_area *header) {
  unsigned char *start = address;

  parts->area = address;
  parts->record_data = start + sizeof(shareable__dict_area);
  parts->expiries = (shareable__word *)(void *)(parts->record_data + header->value_size);
  parts->index = parts->expiries + header->places;
  parts->places = header->places;
  parts->slots = 2 * header->places;
}
