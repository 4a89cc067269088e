/*
 * redo_acquire.c - acquiring a redo record for a write, and keeping it for the next one.
 */
#include "sync/redo_acquire.h"

#include "base/clock.h"
#include "sync/backoff.h"
#include "sync/item_lock.h"

/* After this time with all records in use for the same writes, an item is written unlogged. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define STUCK_NS INT64_C(10000)
#else
#define STUCK_NS INT64_C(10000000)
#endif

static bool is_kept(uint64_t state) {
  return shareable__redo_owner(state) != 0 && (shareable__redo_use(state) & 3) == SHAREABLE__REDO_KEPT;
}

/* Returns the item whose lock protects a kept record. */
static size_t item_of_kept(uint64_t state) {
  return shareable__redo_use(state) / 4;
}

static bool claim(shareable__redo_record *record, uint64_t state, uint32_t id) {
  return shareable__redo_swap(record, state, shareable__redo_state(id, SHAREABLE__REDO_FILLING));
}

/* Takes a kept record, if the caller has locked its item `locked` or can lock it without waiting. */
static bool take_kept(shareable__sync *sync, shareable__redo_record *record, uint64_t state, uint32_t id,
                      size_t locked) {
  size_t i = item_of_kept(state);
  uint64_t before;
  bool is_taken;

  if (i == locked)
    return claim(record, state, id);
  if (i >= sync->layout->count || !shareable__item_try_lock(sync, i, &before))
    return false;
  is_taken = claim(record, state, id);
  shareable__version_store(sync->area, i, before);
  return is_taken;
}

/*
 * Returns whether the write of a dead writer's committed record is complete. If its item is locked
 * by a dead writer, recovers the item first. If the item is not locked, or does not exist, no
 * correct writer left the record.
 */
static bool is_complete(shareable__sync *sync, const shareable__redo_record *record) {
  uint64_t item = __atomic_load_n(&record->item, __ATOMIC_RELAXED), word;

  if (item >= sync->layout->count)
    return true;
  word = shareable__version_load(sync->area, (size_t)item);
  if (shareable__item_holder_is_dead(sync, word))
    shareable__item_recover(sync, (size_t)item, word);
  return (word & SHAREABLE__LOCKED) == 0;
}

/* Takes the record of a dead writer. */
static bool take_from_dead(shareable__sync *sync, shareable__redo_record *record, uint64_t state, uint32_t id) {
  if (shareable__writer_is_alive(&sync->writer, shareable__redo_owner(state)))
    return false;
  if (shareable__redo_use(state) == SHAREABLE__REDO_COMMITTED && !is_complete(sync, record))
    return false;
  return claim(record, state, id);
}

/* Acquires record k if it is free, if this thread keeps it, or if its owner is dead (`check_owners`). */
static bool try_acquire(shareable__sync *sync, unsigned k, uint32_t id, bool may_keep, bool check_owners) {
  shareable__redo_record *record = &sync->area->redo_records[k];
  uint64_t state = shareable__redo_load(record);
  uint32_t owner = shareable__redo_owner(state);

  if (owner == 0 || (may_keep && owner == id && is_kept(state)))
    return claim(record, state, id);
  return check_owners && take_from_dead(sync, record, state, id);
}

/* Takes record k if a writer keeps it. */
static bool try_take_kept(shareable__sync *sync, unsigned k, uint32_t id, size_t i) {
  shareable__redo_record *record = &sync->area->redo_records[k];
  uint64_t state = shareable__redo_load(record);

  return is_kept(state) && take_kept(sync, record, state, id, i);
}

/*
 * Acquires a record, or returns NULL. Prefers the record that the thread used last, and takes a kept
 * record of another writer only if no other record is free. `check_owners`: also takes the records
 * of dead writers.
 */
static shareable__redo_record *try_acquire_any(shareable__sync *sync, uint32_t id, size_t i, bool may_keep,
                                               bool check_owners) {
  unsigned first = may_keep ? sync->kept : 0, k;

  for (unsigned n = 0; n < SHAREABLE__AREA_REDO_RECORDS; n++) {
    k = (first + n) % SHAREABLE__AREA_REDO_RECORDS;
    if (try_acquire(sync, k, id, may_keep, check_owners)) {
      if (may_keep)
        sync->kept = k;
      return &sync->area->redo_records[k];
    }
  }
  for (k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    if (try_take_kept(sync, k, id, i)) {
      if (may_keep) {
        sync->kept = k;
        sync->keep_pause = SHAREABLE__KEEP_PAUSE;
      }
      return &sync->area->redo_records[k];
    }
  return NULL;
}

/* Lets the thread keep no record for some time if another writer has taken the one that it kept. */
static void check_loss(shareable__sync *sync, uint32_t id) {
  uint64_t state = shareable__redo_load(&sync->area->redo_records[sync->kept]);

  if (sync->keeper == id && shareable__redo_owner(state) != id)
    sync->keep_pause = SHAREABLE__KEEP_PAUSE;
}

/* Returns a hash, which is not 0, of the states of all records and the version words of their items. */
static uint64_t redo_hash(const shareable__sync *sync) {
  uint64_t hash = 1;

  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    const shareable__redo_record *record = &sync->area->redo_records[k];
    uint64_t state = shareable__redo_load(record);
    uint64_t item = is_kept(state) ? item_of_kept(state) : __atomic_load_n(&record->item, __ATOMIC_RELAXED);

    hash = hash * 31 + state;
    hash = hash * 31 + item;
    if (item < sync->layout->count)
      hash = hash * 31 + shareable__version_load(sync->area, (size_t)item);
  }
  return hash | 1;
}

shareable__redo_record *shareable__redo_acquire_slow(shareable__sync *sync, uint32_t id, size_t i, bool may_keep) {
  int64_t since = 0;
  uint64_t observed = 0;
  shareable__backoff backoff = {0};
  shareable__backoff_action action = SHAREABLE__RETRY;

  if (may_keep)
    check_loss(sync, id);
  for (;;) {
    shareable__redo_record *record = try_acquire_any(sync, id, i, may_keep, action == SHAREABLE__CHECK_OWNER);
    uint64_t hash;

    if (record != NULL)
      return record;
    hash = redo_hash(sync);
    if (hash == __atomic_load_n(&sync->stuck_hash, __ATOMIC_RELAXED) || action == SHAREABLE__TIMED_OUT)
      return try_acquire_any(sync, id, i, may_keep, true);
    action = shareable__backoff_wait(&backoff, hash);
    if (action == SHAREABLE__CHECK_OWNER && hash == observed && shareable__now() - since > STUCK_NS)
      __atomic_store_n(&sync->stuck_hash, hash, __ATOMIC_RELAXED);
    if (hash != observed)
      since = shareable__now();
    observed = hash;
  }
}

void shareable__redo_free_kept(shareable__sync *sync) {
  uint32_t id = shareable__writer_id(&sync->writer);

  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS && id != 0; k++) {
    shareable__redo_record *record = &sync->area->redo_records[k];
    uint64_t state = shareable__redo_load(record);

    if (shareable__redo_owner(state) == id && is_kept(state) && take_kept(sync, record, state, id, SIZE_MAX))
      shareable__store(record, 0);
  }
}
