/*
 * sync.c - the area past a list: who writes which item, and what a killed writer left.
 */
#include "sync/sync.h"
#include "base/clock.h"

#include <stddef.h>

_Static_assert(sizeof(shareable__hazard) == 64, "a cell is a cache line");
_Static_assert(sizeof(shareable__redo_record) == 512, "journals are part of the layout");
_Static_assert(offsetof(shareable__area, words) == 64 + 192 + 8 * 64 + 4 * 512, "the area is part of the layout");

#define MAGIC "shr.sync"
#define SEQUENCE UINT64_C(16)
/* What a word keeps when it is unlocked: no token. */
#define UNLOCKED UINT64_C(0xffffffff)

static uint64_t magic(void) {
  return shareable__format_word(MAGIC);
}

uint64_t shareable__area_offset(uint64_t end) {
  return (end + 63) & ~UINT64_C(63);
}

uint64_t shareable__area_size(uint64_t count) {
  return sizeof(shareable__area) + 8 * count;
}

void shareable__area_init(uint64_t head[4], uint64_t count) {
  const uint32_t version[2] = {SHAREABLE__AREA_VERSION, 0};

  head[0] = magic();
  memcpy(&head[1], version, sizeof version);
  head[2] = count;
  head[3] = shareable__area_size(count);
}

void shareable__sync_use(shareable__sync *sync, shareable__area *area, const shareable__layout *layout) {
  static const shareable__word always = 0;

  sync->area = area;
  sync->layout = layout;
  sync->words = area == NULL ? &always : area->words;
  sync->mask = area == NULL ? 0 : SIZE_MAX;
}

shareable__area_kind shareable__area_check(const uint64_t head[4], uint64_t size, uint64_t count) {
  uint32_t version;

  if (size < sizeof(uint64_t[4]) || head[0] != magic())
    return SHAREABLE__AREA_NONE;
  memcpy(&version, &head[1], sizeof version);
  if ((version & 0xffff) == 0 && version != 0)
    return SHAREABLE__AREA_FOREIGN_ENDIAN; /* long before there are as many versions */
  if (version > SHAREABLE__AREA_VERSION)
    return SHAREABLE__AREA_NEWER_VERSION;
  if (version != 0 && version < SHAREABLE__AREA_VERSION)
    return SHAREABLE__AREA_OLDER_VERSION;
  if (version != SHAREABLE__AREA_VERSION || head[2] != count || head[3] != shareable__area_size(count) ||
      head[3] > size)
    return SHAREABLE__AREA_CORRUPT;
  return SHAREABLE__AREA_USABLE;
}

typedef shareable__backoff patience;
typedef shareable__backoff_action verdict;

#define GO_ON SHAREABLE__RETRY
#define ASK SHAREABLE__CHECK_OWNER
#define GIVE_UP SHAREABLE__TIMED_OUT

static uint32_t owner_of(uint64_t word) {
  return (uint32_t)(word >> 32);
}

static uint64_t load_word(const shareable__area *area, size_t i) {
  return __atomic_load_n(&area->words[i], __ATOMIC_ACQUIRE);
}

static bool swap_word(shareable__area *area, size_t i, uint64_t from, uint64_t to) {
  return __atomic_compare_exchange_n(&area->words[i], &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void put_word(shareable__area *area, size_t i, uint64_t word) {
  __atomic_store_n(&area->words[i], word, __ATOMIC_RELEASE);
}

/* Lets go of an item, and tells who waits for it: with a barrier of its own only where a glance would not do. */
static void unlock_and_notify(const shareable__sync *sync, size_t i, uint64_t word) {
  shareable__area *area = sync->area;
  shareable__hazard *cell;

  put_word(area, i, word);
  cell = shareable__writer_fast_cell(&sync->writer);
  if (cell != NULL) {
    shareable__eventcount_notify_fast(&area->bells, i, &cell->quiet);
    return;
  }
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  shareable__eventcount_notify(&area->bells, i);
}

static uint32_t load_token(const uint32_t *token) {
  return __atomic_load_n(token, __ATOMIC_ACQUIRE);
}

static bool swap_token(uint32_t *token, uint32_t from, uint32_t to) {
  return __atomic_compare_exchange_n(token, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void redo_free(shareable__redo_record *record) {
  __atomic_store_n(&record->ready, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&record->token, 0, __ATOMIC_RELEASE);
}

static shareable__hazard *acquire_hazard(void *where, shareable__writer *writer, bool ask) {
  shareable__area *area = where;

  for (int k = 0; k < SHAREABLE__AREA_HAZARDS; k++) {
    shareable__hazard *cell = &area->cells[k];
    uint32_t token = load_token(&cell->token);

    if (token != 0 && (!ask || shareable__writer_is_alive(writer, token)))
      continue;
    if (swap_token(&cell->token, token, writer->token)) {
      __atomic_store_n(&cell->item, 0, __ATOMIC_RELEASE);
      return cell;
    }
  }
  return NULL;
}

/* Before the first write, and again in a fork's child. */
static shareable_status join(shareable__sync *sync) {
  return shareable__writer_register(&sync->writer, acquire_hazard, sync->area);
}

/* The journal that has item i, whole; or NULL. */
static shareable__redo_record *redo_find(shareable__area *area, size_t i) {
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    shareable__redo_record *record = &area->redo_records[k];
    if (__atomic_load_n(&record->ready, __ATOMIC_ACQUIRE) == 1 && __atomic_load_n(&record->item, __ATOMIC_RELAXED) == i)
      return record;
  }
  return NULL;
}

/* The bytes that a journal has for a slot; more than either can have were put there by no writer of ours. */
static size_t length_in(const shareable__redo_record *record, size_t slot_size) {
  uint64_t length = record->length;

  return length > sizeof record->data || length > slot_size ? 0 : (size_t)length;
}

/* Of an item that the caller has locked: what was lost in it no longer matters, since it is, or a journal has it, whole. */
static void clear_damage(shareable__area *area, size_t i) {
  uint64_t word = load_word(area, i);

  if (word & (SHAREABLE__UNLOGGED | SHAREABLE__CORRUPT))
    put_word(area, i, word & ~(SHAREABLE__UNLOGGED | SHAREABLE__CORRUPT));
}

/* Completes the write of a killed writer, if a journal has it, in an item whose lock the caller has taken over. */
static void complete(shareable__sync *sync, size_t i) {
  shareable__redo_record *record = redo_find(sync->area, i);
  shareable__slot slot;
  uint32_t token;

  if (record == NULL || !shareable__layout_slot(sync->layout, i, &slot))
    return;
  shareable__item_put(&slot, &(shareable__encoded_item){.format = record->format,
                                                        .code = (unsigned char)record->code,
                                                        .data = record->data,
                                                        .length = length_in(record, slot.size)});
  clear_damage(sync->area, i);
  token = load_token(&record->token);
  __atomic_store_n(&record->ready, 0, __ATOMIC_RELEASE);
  swap_token(&record->token, token, 0); /* unless somebody has reclaimed it by now */
}

/* The word that a write leaves: one further, with these flags. */
static uint64_t next_version(uint64_t before, uint64_t flags) {
  return (((before & ~SHAREABLE__WORD_FLAGS) + SEQUENCE) & UNLOCKED) | flags;
}

/*
 * Takes over the lock of a killed writer, and completes its write. *before is the word that that leaves: damaged where a
 * write was lost; mixed only if it was, for nobody knows whether the dead one waited for the stores on their way.
 */
static bool steal_lock(shareable__sync *sync, size_t i, uint64_t word, uint64_t *before) {
  uint64_t flags = word & SHAREABLE__SLOW_STORES;

  if (!swap_word(sync->area, i, word, (word & UNLOCKED) | (uint64_t)sync->writer.token << 32))
    return false;
  __atomic_thread_fence(__ATOMIC_RELEASE); /* a reader that sees what follows sees the lock */
  complete(sync, i);
  if ((load_word(sync->area, i) & (SHAREABLE__UNLOGGED | SHAREABLE__CORRUPT)) != 0)
    flags |= SHAREABLE__CORRUPT;
  *before = next_version(word, flags);
  return true;
}

/* Completes the write of a killed writer, and lets go of the item. */
static void recover(shareable__sync *sync, size_t i, uint64_t word) {
  uint64_t before;

  if (steal_lock(sync, i, word, &before))
    unlock_and_notify(sync, i, before);
}

static bool holder_is_dead(const shareable__sync *sync, uint64_t word) {
  return (word & SHAREABLE__LOCKED) != 0 && !shareable__writer_is_alive(&sync->writer, owner_of(word));
}

/* Locks an item; *before is its word without the lock. */
static shareable_status lock(shareable__sync *sync, size_t i, uint64_t *before) {
  patience spent = {0};

  for (;;) {
    uint64_t word = load_word(sync->area, i);
    verdict now_what;

    if ((word & SHAREABLE__LOCKED) == 0) {
      *before = word & UNLOCKED;
      if (swap_word(sync->area, i, word, *before | SHAREABLE__LOCKED | (uint64_t)sync->writer.token << 32))
        return SHAREABLE_OK;
      continue;
    }
    now_what = shareable__backoff_wait(&spent, word);
    if (now_what == ASK && holder_is_dead(sync, word) && steal_lock(sync, i, word, before))
      return SHAREABLE_OK;
    if (now_what == GIVE_UP)
      return SHAREABLE_E_TIMED_OUT;
  }
}

/* Waits until no store to item i is on its way that began before the caller locked it. */
static bool quiesce(shareable__sync *sync, size_t i) {
  patience spent = {0};

  shareable__membarrier();
  for (int k = 0; k < SHAREABLE__AREA_HAZARDS; k++) {
    shareable__hazard *cell = &sync->area->cells[k];

    while (__atomic_load_n(&cell->item, __ATOMIC_ACQUIRE) == i + 1) {
      verdict now_what = shareable__backoff_wait(&spent, 0);
      if (now_what != GO_ON && !shareable__writer_is_alive(&sync->writer, load_token(&cell->token)))
        break;
      if (now_what == GIVE_UP)
        return false;
    }
  }
  return true;
}

/* Frees the journal of a killed writer, and before that the item that needs it; where none does, no writer of ours left it. */
static void reclaim(shareable__sync *sync, shareable__redo_record *record, uint32_t dead) {
  uint64_t item = __atomic_load_n(&record->item, __ATOMIC_RELAXED);

  if (__atomic_load_n(&record->ready, __ATOMIC_ACQUIRE) == 0) {
    swap_token(&record->token, dead, 0);
    return;
  }
  if (item < sync->area->count && item < sync->layout->count) {
    uint64_t word = load_word(sync->area, (size_t)item);
    if (holder_is_dead(sync, word))
      recover(sync, (size_t)item, word);
    if ((word & SHAREABLE__LOCKED) != 0)
      return;
  }
  if (swap_token(&record->token, dead, sync->writer.token))
    redo_free(record);
}

static shareable__redo_record *try_claim(shareable__sync *sync, bool ask) {
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    shareable__redo_record *record = &sync->area->redo_records[k];
    uint32_t token = load_token(&record->token);

    if (token == 0 && swap_token(&record->token, 0, sync->writer.token))
      return record;
    if (ask && token != 0 && !shareable__writer_is_alive(&sync->writer, token))
      reclaim(sync, record, token);
  }
  return NULL;
}

/* How long all journals may be in use for the same writes before an item is written without. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define STUCK_NS INT64_C(10000)
#else
#define STUCK_NS INT64_C(10000000)
#endif

/* Who has the journals, and what for: other than 0. */
static uint64_t fingerprint(const shareable__area *area) {
  uint64_t sum = 1;

  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    const shareable__redo_record *record = &area->redo_records[k];

    sum = sum * 31 + load_token(&record->token);
    sum = sum * 31 + __atomic_load_n(&record->item, __ATOMIC_RELAXED);
  }
  return sum | 1;
}

/*
 * A journal of the caller's. NULL if all are in use, and were for the same writes for a while: their writers live, but may be
 * stopped, and no other item's writers wait for that.
 */
static shareable__redo_record *redo_acquire(shareable__sync *sync) {
  int64_t since = 0;
  uint64_t seen = 0;
  patience spent = {0};
  verdict now_what = GO_ON;

  for (;;) {
    shareable__redo_record *record = try_claim(sync, now_what == ASK);
    uint64_t now;

    if (record != NULL)
      return record;
    now = fingerprint(sync->area);
    if (now == __atomic_load_n(&sync->stuck, __ATOMIC_RELAXED) || now_what == GIVE_UP)
      return try_claim(sync, true);
    now_what = shareable__backoff_wait(&spent, now);
    if (now_what == ASK && now == seen && shareable__now() - since > STUCK_NS)
      __atomic_store_n(&sync->stuck, now, __ATOMIC_RELAXED);
    if (now != seen)
      since = shareable__now();
    seen = now;
  }
}

static void redo_fill(shareable__redo_record *record, size_t i, const shareable__encoded_item *image) {
  __atomic_store_n(&record->item, i, __ATOMIC_RELAXED);
  record->format = image->format;
  record->code = image->code;
  record->length = image->length;
  if (image->length > 0)
    memcpy(record->data, image->data, image->length);
  __atomic_store_n(&record->ready, 1, __ATOMIC_RELEASE);
  __atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Puts an image into an item that the caller has locked, without a journal: damaged if the caller is killed meanwhile. */
static void put_bare(shareable__sync *sync, size_t i, const shareable__slot *slot,
                     const shareable__encoded_item *image) {
  put_word(sync->area, i, load_word(sync->area, i) | SHAREABLE__UNLOGGED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  shareable__item_put(slot, image);
}

/* Puts an image into an item that the caller has locked: whole even if the caller is killed, but for a long text. */
static void put_locked(shareable__sync *sync, size_t i, const shareable__slot *slot,
                       const shareable__encoded_item *image) {
  shareable__redo_record *record = image->length > SHAREABLE__REDO_SIZE ? NULL : redo_acquire(sync);

  if (record == NULL) {
    put_bare(sync, i, slot, image);
    return;
  }
  redo_fill(record, i, image);
  clear_damage(sync->area, i);
  shareable__item_put(slot, image);
  redo_free(record);
}

/* Writes an item that the caller has locked. *flags are those that it then has. */
static bool write_locked(shareable__sync *sync, size_t i, const shareable__slot *slot,
                         const shareable__encoded_item *image, uint64_t *flags) {
  __atomic_thread_fence(__ATOMIC_RELEASE); /* a reader that sees what follows sees the lock */
  if (shareable__item_same_format(slot, image)) {
    shareable__store(slot->data, image->word);
    *flags &= SHAREABLE__SLOW_STORES;
    return true;
  }
  if ((*flags & SHAREABLE__SLOW_STORES) == 0 && shareable__item_is_number(slot)) {
    if (!quiesce(sync, i))
      return false;
    *flags |= SHAREABLE__SLOW_STORES;
  }
  put_locked(sync, i, slot, image);
  *flags &= SHAREABLE__SLOW_STORES;
  return true;
}

shareable_status shareable__sync_join(shareable__sync *sync) {
  return join(sync);
}

/* The cell first: who finds its token gone may take it. */
void shareable__sync_quit(shareable__sync *sync) {
  shareable__hazard *cell = sync->area == NULL ? NULL : sync->writer.cell;

  if (cell != NULL && shareable__writer_is_current_process(&sync->writer)) {
    __atomic_store_n(&cell->item, 0, __ATOMIC_RELEASE);
    swap_token(&cell->token, sync->writer.token, 0);
  }
  if (sync->area != NULL)
    shareable__writer_unregister(&sync->writer);
}

shareable_status shareable__sync_lock(shareable__sync *sync, size_t i, uint64_t *before) {
  shareable_status status = join(sync);

  return status == SHAREABLE_OK ? lock(sync, i, before) : status;
}

void shareable__sync_unlock(shareable__sync *sync, size_t i, uint64_t before) {
  unlock_and_notify(sync, i, next_version(before, before & (SHAREABLE__SLOW_STORES | SHAREABLE__CORRUPT)));
}

shareable_status shareable__sync_write(shareable__sync *sync, size_t i, const shareable__slot *slot,
                                       const shareable__encoded_item *image) {
  uint64_t before = 0, flags;
  shareable_status status = shareable__sync_lock(sync, i, &before);

  if (status != SHAREABLE_OK)
    return status;
  flags = before & SHAREABLE__WORD_FLAGS;
  if (!write_locked(sync, i, slot, image, &flags))
    status = SHAREABLE_E_TIMED_OUT;
  unlock_and_notify(sync, i, next_version(before, flags));
  return status;
}

/* Shows somebody who cannot complete it what a killed writer was to write, or what was there before it began to. */
static shareable_status read_from_redo(shareable__sync *sync, size_t i, shareable__slot *slot,
                                       shareable__read_attempt *reading) {
  shareable__redo_record *record = redo_find(sync->area, i);
  size_t length;
  bool is_text;

  if (record == NULL)
    return (reading->stamp & (SHAREABLE__UNLOGGED | SHAREABLE__CORRUPT)) != 0 ? SHAREABLE_E_CORRUPT : SHAREABLE_OK;
  length = length_in(record, sizeof record->data);
  reading->code = (unsigned char)record->code;
  is_text = reading->code == SHAREABLE__CODE_STR || reading->code == SHAREABLE__CODE_BYTES;
  reading->format = is_text ? shareable__exact_format(length) : record->format;
  *slot = (shareable__slot){record->data, sizeof record->data, (unsigned char *)&reading->format, &reading->code};
  return SHAREABLE_OK;
}

/* Nobody who lives holds the item: the caller completes it. False where it may not, or gets no proof of life to do it by. */
static bool recover_for_read(shareable__sync *sync, size_t i, const shareable__read_attempt *reading) {
  if (join(sync) != SHAREABLE_OK)
    return false;
  recover(sync, i, reading->stamp);
  return true;
}

/* How many times a reader lets writers overtake it before it locks the item as they do. */
enum { READS_UNLOCKED = 16 };

/* Locks the item to read it: what is read between is one value. A reader that is killed meanwhile leaves it as it was. */
static shareable_status lock_to_read(shareable__sync *sync, size_t i, shareable__read_attempt *reading) {
  shareable_status status = lock(sync, i, &reading->unlocked);

  if (status != SHAREABLE_OK)
    return status;
  reading->is_locked = true;
  reading->stamp = load_word(sync->area, i);
  return (reading->unlocked & SHAREABLE__CORRUPT) != 0 ? SHAREABLE_E_CORRUPT : SHAREABLE_OK;
}

void shareable__read_end(shareable__sync *sync, size_t i, const shareable__read_attempt *reading) {
  if (reading->is_locked)
    unlock_and_notify(sync, i, reading->unlocked); /* and wakes waiters, if a dead writer's write was completed */
}

/* A read that is begun again, because somebody wrote meanwhile. */
static shareable_status begin_again(shareable__sync *sync, size_t i, shareable__slot *slot,
                                    shareable__read_attempt *reading) {
  bool is_first = reading->begun++ == 0;

  if (!is_first && shareable__backoff_wait(&reading->spent, reading->stamp) == GIVE_UP)
    return SHAREABLE_E_TIMED_OUT;
  if (!is_first && !shareable__layout_slot(sync->layout, i, slot))
    return SHAREABLE_E_CORRUPT;
  return SHAREABLE_OK;
}

shareable_status shareable__read_begin(shareable__sync *sync, size_t i, shareable__slot *slot,
                                       shareable__read_attempt *reading) {
  shareable_status status = begin_again(sync, i, slot, reading);

  if (status == SHAREABLE_OK && reading->begun > READS_UNLOCKED && join(sync) == SHAREABLE_OK)
    return lock_to_read(sync, i, reading);
  while (status == SHAREABLE_OK && !shareable__read_begin_fast(sync, i, &reading->stamp)) {
    verdict now_what = shareable__backoff_wait(&reading->spent, reading->stamp);

    if ((reading->stamp & SHAREABLE__LOCKED) == 0)
      return SHAREABLE_E_CORRUPT; /* damaged */
    if (now_what == GIVE_UP)
      return SHAREABLE_E_TIMED_OUT;
    if (now_what == GO_ON || !holder_is_dead(sync, reading->stamp))
      continue;
    if (!recover_for_read(sync, i, reading))
      return read_from_redo(sync, i, slot, reading);
  }
  return status;
}
