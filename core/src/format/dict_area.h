/*
 * dict_area.h - the dict area past the sync area of a list (layout.md, "The dict area").
 *
 * A dict is a list: item 2p is the key of place p, or None if the place is free, and item 2p + 1 is
 * the value. The keys in the list are the truth. The area has what is derived from them, an index,
 * and what a list does not need: the lock of the process that changes keys, with an intent from
 * which the next owner completes a change of a dead one, and an expiry for each place.
 */
#ifndef SHAREABLE__DICT_AREA_H
#define SHAREABLE__DICT_AREA_H

#include "base/atomic.h"
#include "shareable.h"

#define SHAREABLE__DICT_VERSION 1

/* The dict evicts keys when it is full. */
#define SHAREABLE__DICT_EVICT 1

/*
 * The bit of an expiry that a read of the key sets, and the search for a key to evict clears. A store
 * of the expiry may lose it. All other bits are the time, in nanoseconds of CLOCK_BOOTTIME; 0: never.
 */
#define SHAREABLE__DICT_USED (UINT64_C(1) << 63)

/* What `next_expiry` may be instead of a time. A hint: a wrong value delays the use of places again. */
enum { SHAREABLE__NEXT_EXPIRY_UNKNOWN = 0, SHAREABLE__NEXT_EXPIRY_SCANNING = 1 };

/* What the owner of the lock is doing with the place `intent_place`. */
enum {
  SHAREABLE__INTENT_NONE = 0,
  SHAREABLE__INTENT_INSERT = 1,
  SHAREABLE__INTENT_DELETE = 2,
  SHAREABLE__INTENT_VALUE = 3,  /* writing the value that the value record contains */
  SHAREABLE__INTENT_REINDEX = 4 /* making the index again; the place is not used */
};

/* A value that is too long for a redo record of the list. It follows the header of the area. */
typedef struct shareable__value_record {
  uint64_t format;
  uint64_t length;
  uint64_t code;
  uint64_t padding; /* 0 */
} shareable__value_record;

typedef struct shareable__dict_area {
  uint64_t magic;
  uint32_t version;
  uint32_t flags; /* 0, or EVICT */
  uint64_t places;
  uint32_t key_size;   /* of the slot of a key, in bytes */
  uint32_t value_size; /* of the slot of a value */
  uint64_t size;       /* of the area */
  uint64_t seed[2];    /* of the hash */
  uint64_t fill;

  /* Written by the owner of the lock. */
  uint32_t lock; /* 0, or the owner's id, perhaps with LOCK_WAITERS */
  uint32_t intent;
  uint64_t intent_place;
  uint64_t intent_entry; /* the entry of the place in the index */
  uint64_t intent_count; /* the count before the change */
  uint64_t count;        /* of keys */
  uint64_t hand;         /* the place at which the search for a free one begins */
  uint64_t fill_2[2];

  shareable__word sequence; /* of the index: odd while entries or keys change */
  uint32_t has_expiries;    /* 1 if any place has had one */
  uint32_t padding;
  shareable__word next_expiry; /* no key expires before this time; or UNKNOWN, or SCANNING */
  uint64_t fill_3;
  shareable__value_record record;
} shareable__dict_area;

/* An entry of the index: the tag in the upper half, the place counted from 1 in the lower; 0: none. */
static inline uint64_t shareable__dict_entry(uint32_t tag, uint64_t place) {
  return (uint64_t)tag << 32 | (place + 1);
}

static inline uint32_t shareable__dict_entry_tag(uint64_t entry) {
  return (uint32_t)(entry >> 32);
}

/* Returns the place of an entry that is not 0; UINT32_MAX if its lower half is 0. */
static inline uint32_t shareable__dict_entry_place(uint64_t entry) {
  return (uint32_t)entry - 1;
}

/* The parts of the area behind its header. */
typedef struct shareable__dict_parts {
  shareable__dict_area *area;
  unsigned char *record_data; /* value_size bytes */
  shareable__word *expiries;  /* one for each place, with USED */
  shareable__word *index;
  uint64_t places;
  uint64_t slots; /* of the index: twice the places */
} shareable__dict_parts;

/* Returns the size of the area in bytes. */
uint64_t shareable__dict_area_size(uint64_t places, uint32_t value_size);

/* Makes the header of a new area, except for the seed. All other bytes of a new area are 0. */
void shareable__dict_area_init(shareable__dict_area *header, uint64_t places, uint32_t key_size, uint32_t value_size,
                               uint32_t flags);

/* What the bytes at the offset of the area are. */
typedef enum shareable__dict_area_kind {
  SHAREABLE__DICT_NONE,
  SHAREABLE__DICT_USABLE,
  SHAREABLE__DICT_OTHER_VERSION,
  SHAREABLE__DICT_CORRUPT
} shareable__dict_area_kind;

/*
 * Checks a copy of the header of an area that has `size` bytes up to the end of the block, for a list
 * of `count` items with `data_size` bytes of slots.
 */
shareable__dict_area_kind shareable__dict_area_check(const shareable__dict_area *header, uint64_t size, uint64_t count,
                                                     uint64_t data_size);

/* Finds the parts of an area that was checked. `header` is the copy that was checked. */
void shareable__dict_area_parts(shareable__dict_parts *parts, void *address, const shareable__dict_area *header);

#endif
