/*
 * dict.h - the public handle of a dict, for the files of its operations.
 */
#ifndef SHAREABLE__DICT_H
#define SHAREABLE__DICT_H

#include "base/clock.h"
#include "base/inline.h"
#include "base/siphash.h"
#include "format/dict_area.h"
#include "list/list.h"

struct shareable_dict {
  shareable_list *list;
  atomic_uint references;
  shareable__dict_parts parts;
  shareable__area_lock lock;
  uint32_t key_size;   /* the slot of a key, in bytes; if is_plain, of the largest one */
  uint32_t value_size; /* the slot of a value, likewise */
  uint64_t key_format; /* of all keys, unless is_plain */
  bool is_plain;       /* a list without a dict area: the index is this handle's own */
  bool evicts;
  bool notes_use; /* evicts, and the handle may write */
  atomic_uint_fast64_t evicted;
  uint64_t seed[2][2]; /* of the hash, for str and for bytes */
};

/* Allocates a handle with one reference, without a list. Returns NULL if that fails. */
shareable_dict *shareable__dict_allocate(shareable_error *error);

/* Uses an area that was checked. `header` is the copy that was checked: its numbers are not read again. */
void shareable__dict_attach(shareable_dict *dict, void *address, const shareable__dict_area *header);

/* The content of a new dict: keys, each once, with their values and TTLs. */
typedef struct shareable__dict_content {
  const shareable_value *keys, *values;
  const int64_t *ttls; /* in nanoseconds; 0: never */
  size_t count;
  bool replaces; /* the block that has the name */
} shareable__dict_content;

/*
 * Does what shareable_dict_create() does, for a dict that has this content when its name becomes
 * visible. Also returns E_FULL, E_KEY and E_CAPACITY, and the errors of shareable_list_create().
 */
shareable_status shareable__dict_create_with(shareable_dict **result, const char *name, size_t places, size_t key_size,
                                             size_t value_size, const shareable__dict_content *content, uint32_t flags,
                                             uint32_t mode, shareable_error *error);

/* A key in the form in which its item stores it. It must not be copied. */
typedef struct shareable__dict_key {
  const shareable_value *value;
  shareable__encoded_item item; /* not set if the dict is plain */
  uint32_t tag;
} shareable__dict_key;

/* A place whose key was found, with the version word of the key item at that time. */
typedef struct shareable__dict_hit {
  uint64_t place;
  uint64_t version;
} shareable__dict_hit;

static inline size_t shareable__dict_key_item(uint64_t place) {
  return (size_t)(2 * place);
}

static inline size_t shareable__dict_value_item(uint64_t place) {
  return (size_t)(2 * place + 1);
}

/* Finds a slot of a plain list by the offsets in the list. If these are corrupt, the item is corrupt. */
shareable__slot shareable__dict_plain_slot(const shareable_dict *dict, size_t item);

/* Returns whether a value that was read is a key: a text that is neither empty nor ends in a NUL. */
static inline bool shareable__dict_is_key(const shareable_value *value) {
  /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): set by the read functions, in another file */
  return shareable__is_text(value->type) && value->length > 0 && value->text[value->length - 1] != '\0';
}

/* Finds slots without the offsets in the list: all keys have one width, and all values. */
static inline shareable__slot shareable__dict_slot_of_key(const shareable__layout *layout, size_t key_size,
                                                          size_t value_size, uint64_t place) {
  return (shareable__slot){.data = layout->data + place * (key_size + value_size),
                           .size = key_size,
                           .format = layout->formats + 16 * place,
                           .code = layout->codes + 2 * place};
}

static inline shareable__slot shareable__dict_slot_of_value(const shareable__layout *layout, size_t key_size,
                                                            size_t value_size, uint64_t place) {
  return (shareable__slot){.data = layout->data + place * (key_size + value_size) + key_size,
                           .size = value_size,
                           .format = layout->formats + 16 * place + 8,
                           .code = layout->codes + 2 * place + 1};
}

static inline shareable__slot shareable__dict_key_slot(const shareable_dict *dict, uint64_t place) {
  if (dict->is_plain)
    return shareable__dict_plain_slot(dict, shareable__dict_key_item(place));
  return shareable__dict_slot_of_key(&dict->list->layout, dict->key_size, dict->value_size, place);
}

static inline shareable__slot shareable__dict_value_slot(const shareable_dict *dict, uint64_t place) {
  if (dict->is_plain)
    return shareable__dict_plain_slot(dict, shareable__dict_value_item(place));
  return shareable__dict_slot_of_value(&dict->list->layout, dict->key_size, dict->value_size, place);
}

/* Returns the version word of an item of the dict. */
static inline uint64_t shareable__dict_version(const shareable_dict *dict, size_t item) {
  const shareable__sync *sync = &dict->list->sync;

  return __atomic_load_n(&sync->version_words[item & sync->mask], __ATOMIC_ACQUIRE);
}

/*
 * Returns whether the key item of a place has had one version since it was loaded: then all that was
 * read since then belongs to its key.
 */
static inline bool shareable__dict_same_key(const shareable_dict *dict, uint64_t place, uint64_t version) {
  return shareable__read_valid(&dict->list->sync, shareable__dict_key_item(place), version);
}

/* Returns the expiry of a place, or 0 if it has none. */
static inline uint64_t shareable__dict_expiry(const shareable_dict *dict, uint64_t place) {
  if (dict->is_plain || __atomic_load_n(&dict->parts.area->has_expiries, __ATOMIC_ACQUIRE) == 0)
    return 0;
  return __atomic_load_n(&dict->parts.expiries[place], __ATOMIC_ACQUIRE) & ~SHAREABLE__DICT_USED;
}

/* Returns whether an expiry is over. */
static inline bool shareable__dict_is_expired(uint64_t expiry) {
  return expiry != 0 && expiry <= (uint64_t)shareable__boot_time();
}

/* Returns whether the key of a place has expired. */
static inline bool shareable__dict_place_expired(const shareable_dict *dict, uint64_t place) {
  return shareable__dict_is_expired(shareable__dict_expiry(dict, place));
}

/*
 * Returns the time at which a TTL ends that begins now, or 0 for no TTL. A change computes it when it
 * has the lock: the time for which it waited does not count.
 */
uint64_t shareable__dict_expiry_of(int64_t ttl);

/* Stores the expiry of a place. The caller holds the lock of the value or of the dict. */
void shareable__dict_set_expiry(const shareable_dict *dict, uint64_t place, uint64_t expiry);

/* Returns the number of keys that have expired and still have a place. */
uint64_t shareable__dict_count_expired(const shareable_dict *dict);

/* Deletes a key that has expired, the first one from a place on. Returns false if there is none. */
bool shareable__dict_remove_expired(shareable_dict *dict, uint64_t *place);

/* Returns whether a place has no key now. */
static inline bool shareable__dict_place_is_free(const shareable_dict *dict, uint64_t place) {
  shareable__slot slot = shareable__dict_key_slot(dict, place);

  return shareable__item_is_none(&slot);
}

/* Returns the place after a place; after the last one comes the first one. */
static inline uint64_t shareable__dict_next_place(const shareable_dict *dict, uint64_t place) {
  return place + 1 >= dict->parts.places ? 0 : place + 1;
}

/* Notes that the key of a place was used, in a dict that evicts. */
static inline void shareable__dict_note_use(const shareable_dict *dict, uint64_t place) {
  shareable__word *expiry;

  if (__builtin_expect(!dict->notes_use, 1))
    return;
  expiry = &dict->parts.expiries[place];
  if ((__atomic_load_n(expiry, __ATOMIC_RELAXED) & SHAREABLE__DICT_USED) == 0)
    __atomic_fetch_or(expiry, SHAREABLE__DICT_USED, __ATOMIC_RELAXED);
}

/*
 * Returns the tag of a key. Keys may be hostile: without the seed, a program cannot find many keys
 * with one home. A str and bytes of the same bytes are two keys, and have different tags.
 */
SHAREABLE__INLINE uint32_t shareable__dict_hash(const shareable_dict *dict, unsigned char code, const void *text,
                                                size_t length) {
  return (uint32_t)shareable__siphash13(dict->seed[code == SHAREABLE__CODE_BYTES], text, length);
}

/*
 * Checks a key, and encodes it. Returns E_CLOSED; E_KEY if it is not a str or bytes of 1 to the
 * dict's key size in bytes, or ends in a NUL. Does not check UTF-8: a str that is not UTF-8 is found
 * nowhere.
 */
shareable_status shareable__dict_encode_key(const shareable_dict *dict, const shareable_value *key,
                                            shareable__dict_key *encoded);

/* Uses the seed of the hash. */
void shareable__dict_set_seed(shareable_dict *dict, const uint64_t seed[2]);

/* Computes the tag of a key from its item, or returns false if the item is not a key. */
bool shareable__dict_tag_of_place(const shareable_dict *dict, uint64_t place, uint32_t *tag);

/*
 * Finds a key without a lock. Returns E_NO_KEY if it was absent at some time during the call. An
 * expired key is found.
 */
shareable_status shareable__dict_find(const shareable_dict *dict, const shareable__dict_key *key,
                                      shareable__dict_hit *hit);

/* Finds a key, for the owner of the lock. */
shareable_status shareable__dict_find_locked(const shareable_dict *dict, const shareable__dict_key *key,
                                             shareable__dict_hit *hit);

/* The timeout of a call. The clock is read when a step has to wait: most calls do not. */
typedef struct shareable__dict_deadline {
  int64_t timeout;
  int64_t end; /* 0: the clock was not read yet */
} shareable__dict_deadline;

/* Returns the nanoseconds until the deadline: 0 if it is over, or negative if there is none. */
int64_t shareable__dict_time_left(shareable__dict_deadline *deadline);

/*
 * Acquires the lock of the keys within `timeout` nanoseconds, or without limit if that is negative,
 * and completes the change of an owner that died. Returns E_TIMED_OUT, E_READ_ONLY, E_CLOSED or
 * E_SYSTEM.
 */
shareable_status shareable__dict_lock(shareable_dict *dict, int64_t timeout);
void shareable__dict_unlock(shareable_dict *dict);

/*
 * Changes of keys, for the owner of the lock.
 */

/*
 * Inserts an absent key with its value. If the dict is full, takes the place of an expired key, or, if
 * `may_evict`, evicts a key. Returns E_FULL; E_BUSY if the only free place, *place, has a value that a
 * living writer has locked, because it found the key that was there: the caller must release the lock
 * before it waits for that writer; or the errors of a write.
 */
shareable_status shareable__dict_insert(shareable_dict *dict, const shareable__dict_key *key,
                                        const shareable_value *value, int64_t ttl, bool may_evict, uint64_t *place);

/* Finds a free place, or makes one free. Returns as shareable__dict_insert() does. */
shareable_status shareable__dict_find_free(shareable_dict *dict, bool may_evict, uint64_t *place);

/* What receives a value that is deleted. */
typedef struct shareable__dict_output {
  shareable_value *value;
  void *buffer;
  size_t size;
} shareable__dict_output;

/*
 * Deletes the key of a place, and reads its value unless `output` is NULL. Returns E_BUSY if a living
 * writer has the value locked: the caller must release the lock before it waits for that writer.
 * Returns E_NO_KEY if only_expired is set and the key has not expired; and the errors of a read.
 */
shareable_status shareable__dict_remove(shareable_dict *dict, uint64_t place, bool only_expired,
                                        shareable__dict_output *output);

/* Locks the value of a place if no living writer has it locked. */
bool shareable__dict_try_lock_value(shareable_dict *dict, uint64_t place, uint64_t *before);

/* Reads the value of a place whose key was found, whether it has expired or not. */
shareable_status shareable__dict_read_value(const shareable_dict *dict, uint64_t place, shareable_value *value,
                                            void *buffer, size_t size);

/* Compares it with a value. */
shareable_status shareable__dict_value_equals(const shareable_dict *dict, uint64_t place, const shareable_value *value,
                                              bool *equal);

/* Reads the key of a place. Returns E_NO_KEY if there is none. *version is that of the key item. */
shareable_status shareable__dict_read_key(const shareable_dict *dict, uint64_t place, shareable_value *key,
                                          void *buffer, size_t size, uint64_t *version);

/*
 * Reads the key, the value and the expiry of a place as they are at one time. Returns E_NO_KEY if there
 * is no key, or an expired one.
 */
shareable_status shareable__dict_read_place(const shareable_dict *dict, uint64_t place, shareable_dict_item *item,
                                            uint64_t *expiry);

/*
 * Adds an entry for each key to an index. Returns the number of keys. If a plain list has a key twice, its
 * last place comes first in the index, because a dict that is made of the items has that value.
 */
uint64_t shareable__dict_index_add_all(const shareable_dict *dict, const shareable__dict_parts *parts);

/* Makes the index again, for the owner of the lock; and the steps around that. */
void shareable__dict_reindex_locked(shareable_dict *dict);
void shareable__dict_declare_reindex(shareable_dict *dict);
void shareable__dict_end_reindex(shareable_dict *dict, uint64_t count);

/*
 * Around the write of a value that is too long for a redo record: stores the value in the record of
 * the dict, from which the next owner of the lock completes the write.
 */
void shareable__dict_begin_value(shareable_dict *dict, uint64_t place, const shareable_value *value);
void shareable__dict_end_value(shareable_dict *dict);

/*
 * Finds the value that an owner of the lock was writing to the place. Returns false if the record does
 * not contain it. It is valid if the item of the value was corrupt, and not locked meanwhile.
 */
bool shareable__dict_record_slot(const shareable_dict *dict, uint64_t place, shareable__slot *slot);

/*
 * Returns whether the owner of the lock inserts or deletes a key with another tag in the place. Valid if
 * the key item was locked before, and has the same version word afterwards.
 */
bool shareable__dict_other_key_changes(const shareable_dict *dict, uint64_t place, uint32_t tag);

/* Completes the change that the intent describes. */
void shareable__dict_recover(shareable_dict *dict);

/* Returns E_CLOSED, or E_READ_ONLY if the dict cannot be written. */
static inline shareable_status shareable__dict_check_write(const shareable_dict *dict) {
  return dict == NULL ? SHAREABLE_E_CLOSED : shareable__list_check_write(dict->list);
}

/* Wakes the waiters for a key that was absent. Called after the key was inserted. */
void shareable__dict_notify_absent(const shareable_dict *dict, uint32_t tag);

/* Lists without a dict area. */

/* Makes an index of this handle's own for the list, which must have the form of a dict. */
shareable_status shareable__dict_attach_plain(shareable_dict *dict, shareable_error *error);

/* Frees that index. */
void shareable__dict_free_plain(shareable_dict *dict);

#endif
