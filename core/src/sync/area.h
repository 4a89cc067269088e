/*
 * area.h - the sync area past a list (layout.md, "The sync area"), and the handle that a process
 * has of it.
 *
 * Every item has a version word. A writer that changes more than 8 bytes of an item locks the item
 * by a flag in the version word, which then also contains the writer's id. It first writes the new
 * value to a redo record. A process that finds an item locked by a dead writer completes the write
 * from that record. A reader compares the version word before and after it reads the item, and
 * writes nothing.
 *
 * A number here is an int, a float or a bool. A number over a number of the same type is one store,
 * without a lock (fast_store.h): the writer first publishes the item in a hazard. A writer that
 * changes the type of a number locks the item, and waits until no hazard names it. From then on the
 * item is SLOW_STORES, and every store locks it.
 */
#ifndef SHAREABLE__AREA_H
#define SHAREABLE__AREA_H

#include "format/layout.h"
#include "sync/eventcount.h"
#include "sync/writer.h"

#define SHAREABLE__AREA_VERSION 2
#define SHAREABLE__AREA_HAZARDS 8
#define SHAREABLE__AREA_REDO_RECORDS 4
/*
 * The longest text that a redo record can contain. A longer one is corrupt if its writer is killed.
 */
#define SHAREABLE__REDO_SIZE 472

/*
 * The item that one fast writer is storing to. Written by the owner of the writer id; read by
 * writers that change a type.
 */
typedef struct shareable__hazard {
  uint32_t writer_id; /* 0: free */
  uint32_t padding;
  shareable__word item; /* counted from 1; 0: none */
  uint64_t idle_fences; /* private to the owner: see eventcount.h */
  uint64_t fill[5];
} shareable__hazard;

/*
 * One item write in progress, or a record that its owner keeps for its next write. Written by the
 * owner of the writer id; read by a process that completes the write of a dead owner. While the
 * record is committed its item is locked, so an item has at most one committed record.
 */
typedef struct shareable__redo_record {
  uint32_t writer_id; /* 0: free */
  uint32_t use;       /* see redo_log.h; loaded and stored together with the writer id */
  shareable__word item;
  uint64_t format;
  uint64_t length;
  uint64_t code;
  unsigned char data[SHAREABLE__REDO_SIZE];
} shareable__redo_record;

typedef struct shareable__area {
  uint64_t magic;
  uint32_t version;
  uint32_t flags;   /* 0 */
  uint64_t count;   /* N again */
  uint64_t size;    /* of the area, in bytes */
  uint32_t lock;    /* the list's lock: 0, or its owner's id, perhaps with LOCK_WAITERS */
  uint32_t padding; /* 0 */
  uint64_t fill[3];
  shareable__eventcounts eventcounts;
  shareable__hazard hazards[SHAREABLE__AREA_HAZARDS];
  shareable__redo_record redo_records[SHAREABLE__AREA_REDO_RECORDS];
  shareable__word version_words[]; /* one for each item: writer id (32 bits), version (28), flags (4) */
} shareable__area;

/* The flags of a version word. */
#define SHAREABLE__LOCKED UINT64_C(1)      /* the writer whose id is in the word has locked the item */
#define SHAREABLE__SLOW_STORES UINT64_C(2) /* every store locks the item: its type was a number's */
#define SHAREABLE__CORRUPT UINT64_C(4)     /* a write was lost: the item is corrupt until the next write */
#define SHAREABLE__UNLOGGED UINT64_C(8)    /* locked, and being written without a redo record */
#define SHAREABLE__VERSION_FLAGS UINT64_C(15)
/* The part of a version word without the writer id, which an unlocked item keeps. */
#define SHAREABLE__VERSION_UNLOCKED UINT64_C(0xffffffff)

/* Returns the offset of the area of a list that ends at byte `end`. */
uint64_t shareable__area_offset(uint64_t end);

/* Returns the size of the area of a list with `count` items, in bytes. */
uint64_t shareable__area_size(uint64_t count);

/* Makes the first words of the area of a new list. All other bytes of a new area are 0. */
void shareable__area_init(uint64_t header[4], uint64_t count);

/* What the bytes at the offset of the area are. */
typedef enum shareable__area_kind {
  SHAREABLE__AREA_NONE, /* not an area: the list was made by CPython, or without a sync area */
  SHAREABLE__AREA_USABLE,
  SHAREABLE__AREA_FOREIGN_ENDIAN, /* made on a machine of the other byte order */
  SHAREABLE__AREA_OLDER_VERSION,
  SHAREABLE__AREA_NEWER_VERSION,
  SHAREABLE__AREA_CORRUPT /* an area whose fields are impossible */
} shareable__area_kind;

/* Checks the first words of an area, which has `size` bytes up to the end of the block. */
shareable__area_kind shareable__area_check(const uint64_t header[4], uint64_t size, uint64_t count);

/* The area of a list, as one handle of the list uses it. */
typedef struct shareable__sync {
  shareable__area *area; /* NULL: the list has none */
  /* Item i has version_words[i & mask]; without an area, that is a word that is always 0. */
  const shareable__word *version_words;
  size_t mask;
  const shareable__layout *layout;
  uint64_t stuck_hash; /* redo_hash() when all records were last in use for too long; 0: never */
  /* Used only by the thread that has the hazard (redo_acquire.h). */
  unsigned kept;       /* the number of the redo record that the thread used last */
  uint32_t keeper;     /* the writer id with which the thread kept that record; 0: it did not */
  unsigned keep_pause; /* the number of writes until the thread keeps a record again */
  shareable__writer writer;
} shareable__sync;

/* Initializes a handle without an area. `layout` must outlive the handle. */
void shareable__sync_init(shareable__sync *sync, const shareable__layout *layout);

/*
 * Uses the area at `address`, which was checked. `fd` and `name` are those of the segment's file,
 * and must outlive the handle. Takes a writer id if the handle may write. If that fails, the first
 * write fails.
 */
void shareable__sync_attach(shareable__sync *sync, void *address, int *fd, const char *name, bool read_only);

/* Returns whether the list has a sync area. */
static inline bool shareable__sync_has_area(const shareable__sync *sync) {
  return sync->area != NULL;
}

/* Returns the eventcounts of a list that has a sync area. */
static inline shareable__eventcounts *shareable__sync_eventcounts(const shareable__sync *sync) {
  return &sync->area->eventcounts;
}

static inline uint32_t shareable__writer_id_load(const uint32_t *id) {
  return __atomic_load_n(id, __ATOMIC_ACQUIRE);
}

static inline bool shareable__writer_id_swap(uint32_t *id, uint32_t expected, uint32_t desired) {
  return __atomic_compare_exchange_n(id, &expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static inline uint64_t shareable__version_load(const shareable__area *area, size_t i) {
  return __atomic_load_n(&area->version_words[i], __ATOMIC_ACQUIRE);
}

static inline bool shareable__version_swap(shareable__area *area, size_t i, uint64_t expected, uint64_t desired) {
  return __atomic_compare_exchange_n(&area->version_words[i], &expected, desired, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED);
}

static inline void shareable__version_store(shareable__area *area, size_t i, uint64_t word) {
  __atomic_store_n(&area->version_words[i], word, __ATOMIC_RELEASE);
}

/* Returns the version word of an item that `id` has locked. */
static inline uint64_t shareable__version_locked(uint64_t word, uint32_t id) {
  return (word & SHAREABLE__VERSION_UNLOCKED) | SHAREABLE__LOCKED | (uint64_t)id << 32;
}

/* Returns the id of the writer that has locked the item. */
static inline uint32_t shareable__version_owner(uint64_t word) {
  return (uint32_t)(word >> 32);
}

/* Returns the unlocked version word after a write: the next version, with these flags. */
static inline uint64_t shareable__version_next(uint64_t before, uint64_t flags) {
  uint64_t next = (before & ~SHAREABLE__VERSION_FLAGS) + SHAREABLE__VERSION_FLAGS + 1;

  return (next & SHAREABLE__VERSION_UNLOCKED) | flags;
}

/*
 * Clears CORRUPT and UNLOGGED in the version word of an item that the caller has locked. The item,
 * or its redo record, must contain a complete value.
 */
static inline void shareable__version_clear_corrupt(shareable__area *area, size_t i) {
  uint64_t word = shareable__version_load(area, i);

  if (word & (SHAREABLE__UNLOGGED | SHAREABLE__CORRUPT))
    shareable__version_store(area, i, word & ~(SHAREABLE__UNLOGGED | SHAREABLE__CORRUPT));
}

#endif
