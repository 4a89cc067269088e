/*
 * sync.h - the area past a list (layout.md, "The sync area"): who writes which item, and what a killed writer left.
 *
 * Every item has a word. A writer that changes more than one word of an item locks it by the item's word, under a token
 * that proves it alive, and puts what it is about to write into a journal first; whoever finds the word locked under a token
 * of the dead completes the write. A reader compares the word before and after it reads: it never writes.
 *
 * A number (an int, a float or a bool) over one of the same type is one store, without locking the word. So that no such
 * store is still on its way when the item becomes something else, it is announced in a cell before the word is looked at;
 * who changes the type of a number locks the word, has every processor that may hold an announcement back let go of it
 * (membarrier(2)), and waits for the announcements of that item. Once an item has been through that it is "mixed", and is
 * locked for every store.
 */
#ifndef SHAREABLE__SYNC_H
#define SHAREABLE__SYNC_H

#include "format/item.h"
#include "sync/backoff.h"
#include "sync/eventcount.h"
#include "sync/writer.h"

#define SHAREABLE__AREA_VERSION 2
#define SHAREABLE__AREA_HAZARDS 8
#define SHAREABLE__AREA_REDO_RECORDS 4
/* The most bytes of text that a killed writer leaves whole. */
#define SHAREABLE__REDO_SIZE 472

/* One fast writer's announcement. Written by the handle whose token it has; read by whoever changes a type. */
typedef struct shareable__hazard {
  uint32_t token; /* 0: free */
  uint32_t padding;
  shareable__word item; /* which item it is storing to, counted from 1; 0: none */
  uint64_t quiet;       /* how many of its stores nobody waited for */
  uint64_t fill[5];
} shareable__hazard;

/*
 * One write on its way. Written by the handle whose token it has; read by whoever completes the write of a killed one.
 * While it is ready its item is locked, so there is one at most for an item.
 */
typedef struct shareable__redo_record {
  uint32_t token; /* 0: free */
  uint32_t ready; /* 1: what follows is whole, and the item may be half written */
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
  uint64_t count;   /* N once more */
  uint64_t size;    /* of the area, in bytes */
  uint32_t lock;    /* the list's lock: the token of its owner, perhaps with SHAREABLE__LOCK_WAITERS; or 0 */
  uint32_t padding; /* 0 */
  uint64_t fill[3];
  shareable__eventcounts bells; /* for those who wait for a change */
  shareable__hazard cells[SHAREABLE__AREA_HAZARDS];
  shareable__redo_record redo_records[SHAREABLE__AREA_REDO_RECORDS];
  shareable__word words[]; /* one an item: token (32 bits), sequence (28), flags (4) */
} shareable__area;

/* The flags of a word. */
#define SHAREABLE__LOCKED UINT64_C(1)      /* somebody writes the item: the token says who */
#define SHAREABLE__SLOW_STORES UINT64_C(2) /* its type changed from a number's: every store locks it */
#define SHAREABLE__CORRUPT UINT64_C(4)     /* a writer of a long text was killed: to be written anew */
#define SHAREABLE__UNLOGGED UINT64_C(8)    /* locked, and written without a journal: a long text, or all were in use */
#define SHAREABLE__WORD_FLAGS UINT64_C(15)

/* Where the area of a list lies that ends at byte `end`, and the bytes that it takes for `count` items. */
uint64_t shareable__area_offset(uint64_t end);
uint64_t shareable__area_size(uint64_t count);

/* The first words of the area of a new list; all else in it is 0. */
void shareable__area_init(uint64_t head[4], uint64_t count);

/* What lies at the area's place, where there are `size` bytes. */
typedef enum shareable__area_kind {
  SHAREABLE__AREA_NONE,           /* none: a list of stock's, or one that wants none */
  SHAREABLE__AREA_USABLE,         /* one that can be used */
  SHAREABLE__AREA_FOREIGN_ENDIAN, /* one of a machine of the other byte order */
  SHAREABLE__AREA_OLDER_VERSION,  /* one of an earlier version, which followed other rules */
  SHAREABLE__AREA_NEWER_VERSION,  /* one of a version to come */
  SHAREABLE__AREA_CORRUPT         /* one that says it is one, and cannot be */
} shareable__area_kind;

shareable__area_kind shareable__area_check(const uint64_t head[4], uint64_t size, uint64_t count);

/* The area of a list that one handle has open. */
typedef struct shareable__sync {
  shareable__area *area; /* NULL: the list has none */
  /* An item's word is words[i & mask]: those of the area, or one that is always 0. */
  const shareable__word *words;
  size_t mask;
  const shareable__layout *layout;
  uint64_t stuck; /* what the journals were when this handle last found all of them in use for long; 0: never */
  shareable__writer writer;
} shareable__sync;

/* Uses no area, or one that was looked at. */
void shareable__sync_use(shareable__sync *sync, shareable__area *area, const shareable__layout *layout);

/* One read of an item, begun once or more often until it ends well; all 0 at first. */
typedef struct shareable__read_attempt {
  uint64_t stamp;
  uint64_t unlocked; /* the word to unlock the item with, if is_locked */
  bool is_locked;    /* by the reader, who was overtaken by writers time and again */
  unsigned begun;    /* how many times */
  uint64_t format;   /* with the code: of a value that is in a journal only */
  unsigned char code;
  shareable__backoff spent;
} shareable__read_attempt;

/*
 * Begins to read an item: waits while it is locked, completes what a killed writer left. A handle that is read-only
 * cannot do that, and is shown the journal for a slot. E_CORRUPT where it cannot be completed, E_TIMED_OUT where a living
 * writer holds it for a second.
 */
shareable_status shareable__read_begin(shareable__sync *sync, size_t i, shareable__slot *slot,
                                       shareable__read_attempt *reading);

/* Ends a read, however it went: unlocks the item, if begin locked it. */
void shareable__read_end(shareable__sync *sync, size_t i, const shareable__read_attempt *reading);

/* Whether what was read since begin is one value; else it is to be begun anew. */
static inline bool shareable__read_valid(const shareable__sync *sync, size_t i, uint64_t stamp) {
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return __atomic_load_n(&sync->words[i & sync->mask], __ATOMIC_RELAXED) == stamp;
}

/* The short way to begin: true where the item is neither locked nor damaged. */
static inline bool shareable__read_begin_fast(const shareable__sync *sync, size_t i, uint64_t *stamp) {
  *stamp = __atomic_load_n(&sync->words[i & sync->mask], __ATOMIC_ACQUIRE);
  return (*stamp & (SHAREABLE__LOCKED | SHAREABLE__CORRUPT)) == 0;
}

/* Writes an item, whole or not at all. As begin, or E_READ_ONLY, or E_SYSTEM where the kernel gives no proof of life. */
shareable_status shareable__sync_write(shareable__sync *sync, size_t i, const shareable__slot *slot,
                                       const shareable__encoded_item *image);

/* Gives the handle its token, before it first writes or locks. E_READ_ONLY, or E_SYSTEM. */
shareable_status shareable__sync_join(shareable__sync *sync);

/* Gives up the handle's token and cell, if they are this process's. */
void shareable__sync_quit(shareable__sync *sync);

/*
 * Locks an item for its owner to change as it likes, and unlocks it: what lies between is seen whole or not at all by
 * readers, and may be half done when its owner is killed. *before is the word to unlock with: an item that was damaged stays
 * damaged.
 */
shareable_status shareable__sync_lock(shareable__sync *sync, size_t i, uint64_t *before);
void shareable__sync_unlock(shareable__sync *sync, size_t i, uint64_t before);

/*
 * Announces that the caller, the only thread that uses the cell, is about to change item i by one atomic operation, if it is
 * not locked and has that format; and takes that back. Between the two nobody changes the item's type.
 *
 * The word is looked at once more after the format: it may be that of a writer who has just made the item a number, has not
 * unlocked it, and is killed. Then the next one to lock the item writes that number again, from the journal.
 */
static inline bool shareable__fast_store_begin(shareable__area *area, shareable__hazard *cell, size_t i,
                                               const shareable__slot *slot, uint64_t format) {
  uint64_t word;

  __atomic_store_n(&cell->item, i + 1, __ATOMIC_RELAXED);
  __atomic_signal_fence(__ATOMIC_SEQ_CST); /* the processor's part of this fence is the other side's membarrier(2) */
  word = __atomic_load_n(&area->words[i], __ATOMIC_ACQUIRE);
  return (word & SHAREABLE__WORD_FLAGS) == 0 && shareable__item_is(slot, format) &&
         __atomic_load_n(&area->words[i], __ATOMIC_RELAXED) == word; /* what was loaded before was by acquire */
}

static inline void shareable__fast_store_end(shareable__hazard *cell) {
  __atomic_store_n(&cell->item, 0, __ATOMIC_RELEASE);
}

/*
 * Stores a number over a number of the same format, by one store. False where that cannot be told: then it is written by
 * shareable__sync_write(). The cell is the caller's own, and the caller the only thread that uses it.
 */
static inline bool shareable__sync_store(shareable__area *area, shareable__hazard *cell, size_t i,
                                         const shareable__slot *slot, uint64_t format, uint64_t bits) {
  bool may = shareable__fast_store_begin(area, cell, i, slot, format);

  if (may)
    shareable__store(slot->data, bits);
  shareable__fast_store_end(cell);
  shareable__eventcount_notify_fast(&area->bells, i, &cell->quiet);
  return may;
}

#endif
