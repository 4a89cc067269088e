/*
 * dict_get.c - reading the value of a key.
 */
#include "dict/dict_find.h"
#include "sync/item_lock.h"

/* What a reader does with a value: it copies it, or compares it with `wanted`. */
typedef struct value_use {
  shareable_value *value;
  void *buffer;
  size_t size;
  const shareable_value *wanted; /* or NULL */
  bool *equal;
} value_use;

static shareable_status use_slot(const shareable__slot *slot, const value_use *use) {
  if (use->wanted != NULL)
    return shareable__item_equals(slot, use->wanted, use->equal);
  return shareable__item_read(slot, use->value, use->buffer, use->size);
}

static shareable_status use_place(const shareable_dict *dict, uint64_t place, const value_use *use) {
  shareable__slot slot = shareable__dict_value_slot(dict, place);
  shareable_status status;

  SHAREABLE__READ_CONSISTENT(status, dict->list, shareable__dict_value_item(place), slot, use_slot(&slot, use));
  return status;
}

/* Reads an int or a float, unless the dict is plain. Returns false if the slow path is necessary. */
SHAREABLE__INLINE bool read_number(const shareable_dict *dict, uint64_t place, shareable_value *value) {
  shareable__slot slot = shareable__dict_slot_of_value(&dict->list->layout, dict->key_size, dict->value_size, place);
  size_t item = shareable__dict_value_item(place);
  uint64_t format, bits, version;

  if (!shareable__read_begin_fast(&dict->list->sync, item, &version))
    return false;
  format = shareable__load(slot.format);
  if ((format != SHAREABLE__FORMAT_INT && format != SHAREABLE__FORMAT_FLOAT) ||
      shareable__item_code(&slot) != SHAREABLE__CODE_NUMBER)
    return false;
  bits = shareable__load(slot.data);
  if (!shareable__read_valid(&dict->list->sync, item, version))
    return false;
  value->type = format == SHAREABLE__FORMAT_INT ? SHAREABLE_TYPE_INT : SHAREABLE_TYPE_FLOAT;
  value->capacity = 0;
  value->length = 0;
  value->bits = bits;
  return true;
}

/* Processes that are killed one after the other may leave a value corrupt again. */
#define LOST_ATTEMPTS 1000

/* Returns whether a version word says that a dead writer has left the item corrupt. */
static bool is_lost(const shareable__sync *sync, uint64_t word) {
  if ((word & SHAREABLE__LOCKED) == 0)
    return (word & SHAREABLE__CORRUPT) != 0;
  return (word & (SHAREABLE__CORRUPT | SHAREABLE__UNLOGGED)) != 0 && shareable__item_holder_is_dead(sync, word);
}

/*
 * Uses a value that is corrupt from the record. The next value is written to the record only after
 * the item was locked: if its version word is the same, the record belongs to it. Returns E_NO_KEY if
 * the word has changed.
 */
static shareable_status use_record(const shareable_dict *dict, uint64_t place, const value_use *use) {
  size_t item = shareable__dict_value_item(place);
  uint64_t word = shareable__dict_version(dict, item);
  shareable_status status = SHAREABLE_E_CORRUPT;
  shareable__slot slot;

  if (!is_lost(&dict->list->sync, word))
    return SHAREABLE_E_NO_KEY;
  if (shareable__dict_record_slot(dict, place, &slot))
    status = use_slot(&slot, use);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return shareable__dict_version(dict, item) == word ? status : SHAREABLE_E_NO_KEY;
}

/*
 * The value is corrupt: its writer was killed while it wrote a long value. Completes the write, or
 * uses the value from the record if this handle is read-only or the lock is taken.
 */
SHAREABLE__NOINLINE shareable_status use_lost(const shareable_dict *dict, uint64_t place, const value_use *use) {
  shareable_dict *writable = (shareable_dict *)dict; /* reading changes nothing of a dict, except that */
  shareable_status status = SHAREABLE_E_CORRUPT;

  if (dict->is_plain)
    return status;
  for (int left = LOST_ATTEMPTS; left > 0 && status == SHAREABLE_E_CORRUPT; left--) {
    if (!dict->list->memory->read_only && shareable__dict_lock(writable, 0) == SHAREABLE_OK) {
      shareable__dict_unlock(writable);
      return use_place(dict, place, use);
    }
    status = use_record(dict, place, use);
    if (status != SHAREABLE_E_NO_KEY)
      return status;
    status = use_place(dict, place, use);
  }
  return status;
}

static shareable_status use_value(const shareable_dict *dict, uint64_t place, const value_use *use) {
  shareable_status status = use_place(dict, place, use);

  return status == SHAREABLE_E_CORRUPT ? use_lost(dict, place, use) : status;
}

shareable_status shareable__dict_read_value(const shareable_dict *dict, uint64_t place, shareable_value *value,
                                            void *buffer, size_t size) {
  const value_use use = {.value = value, .buffer = buffer, .size = size};

  if (!dict->is_plain && read_number(dict, place, value))
    return SHAREABLE_OK;
  return use_value(dict, place, &use);
}

shareable_status shareable__dict_value_equals(const shareable_dict *dict, uint64_t place, const shareable_value *value,
                                              bool *equal) {
  const value_use use = {.wanted = value, .equal = equal};

  return use_value(dict, place, &use);
}

/*
 * Reads the value of a key. Begins again if the key was deleted meanwhile, and perhaps came back. The
 * expiry is read before the value. If is_stale is NULL, an expired key is absent.
 */
SHAREABLE__NOINLINE shareable_status get_encoded(const shareable_dict *dict, const shareable__dict_key *key,
                                                 shareable_value *value, void *buffer, size_t size, int *is_stale) {
  shareable__dict_hit hit;
  shareable_status status;
  bool is_expired;

  do {
    status = shareable__dict_find(dict, key, &hit);
    if (status != SHAREABLE_OK)
      return status;
    is_expired = shareable__dict_place_expired(dict, hit.place);
    status = is_expired && is_stale == NULL ? SHAREABLE_E_NO_KEY
                                            : shareable__dict_read_value(dict, hit.place, value, buffer, size);
  } while (!shareable__dict_same_key(dict, hit.place, hit.version));
  shareable__dict_note_use(dict, hit.place);
  if (is_stale != NULL)
    *is_stale = is_expired;
  return status;
}

/*
 * Reads an int or a float of a key that does not expire. Returns E_NO_KEY; E_TYPE if *hit, which was
 * found, may have another value; or E_BUSY if the slow path is necessary.
 */
SHAREABLE__INLINE shareable_status get_number(const shareable_dict *dict, const shareable_value *key,
                                              shareable_value *value, shareable__dict_hit *hit) {
  shareable__dict_key encoded; /* in registers, because no other function gets its address */
  shareable_status status;

  if (shareable__dict_encode_key_inline(dict, key, &encoded) != SHAREABLE_OK)
    return SHAREABLE_E_BUSY;
  status = shareable__dict_find_fast(dict, &encoded, hit);
  if (status != SHAREABLE_OK)
    return status;
  if (shareable__dict_expiry(dict, hit->place) != 0)
    return SHAREABLE_E_BUSY;
  if (!read_number(dict, hit->place, value))
    return SHAREABLE_E_TYPE;
  if (!shareable__dict_same_key(dict, hit->place, hit->version))
    return SHAREABLE_E_BUSY;
  shareable__dict_note_use(dict, hit->place);
  return SHAREABLE_OK;
}

SHAREABLE__NOINLINE shareable_status get_slowly(const shareable_dict *dict, const shareable_value *key,
                                                shareable_value *value, void *buffer, size_t size, int *is_stale) {
  shareable__dict_key encoded;
  shareable_status status = shareable__dict_encode_key(dict, key, &encoded);

  if (status == SHAREABLE_OK && (value == NULL || (buffer == NULL && size > 0)))
    status = SHAREABLE_E_ARGUMENT;
  return status == SHAREABLE_OK ? get_encoded(dict, &encoded, value, buffer, size, is_stale) : status;
}

shareable_status shareable_dict_get(const shareable_dict *dict, const shareable_value *key, shareable_value *value,
                                    void *buffer, size_t size) {
  shareable__dict_hit hit;
  shareable_status status;

  if (value == NULL || (buffer == NULL && size > 0))
    return get_slowly(dict, key, value, buffer, size, NULL);
  status = get_number(dict, key, value, &hit);
  if (status == SHAREABLE_OK || status == SHAREABLE_E_NO_KEY)
    return status;
  if (status == SHAREABLE_E_TYPE) {
    status = shareable__dict_read_value(dict, hit.place, value, buffer, size);
    if (shareable__dict_same_key(dict, hit.place, hit.version)) {
      shareable__dict_note_use(dict, hit.place);
      return status;
    }
  }
  return get_slowly(dict, key, value, buffer, size, NULL);
}

shareable_status shareable_dict_get_stale(const shareable_dict *dict, const shareable_value *key,
                                          shareable_value *value, void *buffer, size_t size, int *is_stale) {
  if (is_stale == NULL)
    return dict == NULL ? SHAREABLE_E_CLOSED : SHAREABLE_E_ARGUMENT;
  return get_slowly(dict, key, value, buffer, size, is_stale);
}

/* Reads a value, and returns E_TYPE if it has another type. */
static shareable_status get_typed(const shareable_dict *dict, const shareable_value *key, shareable_type type,
                                  shareable_value *value, void *buffer, size_t size) {
  shareable_status status = shareable_dict_get(dict, key, value, buffer, size);

  if (status != SHAREABLE_OK && status != SHAREABLE_E_BUFFER && status != SHAREABLE_E_UTF8)
    return status;
  /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): set by the read functions, in another file */
  return value->type == type ? status : SHAREABLE_E_TYPE;
}

/* The slow path: the key expires, a writer interferes, or the value has another type. */
SHAREABLE__NOINLINE shareable_status get_number_slowly(const shareable_dict *dict, const shareable_value *key,
                                                       shareable_type type, void *bits) {
  shareable_value value;
  shareable_status status = get_typed(dict, key, type, &value, NULL, 0);

  if (status == SHAREABLE_OK)
    memcpy(bits, &value.bits, sizeof value.bits);
  return status;
}

/* Reads an int or a float, and stores its 8 bytes. */
SHAREABLE__INLINE shareable_status get_number_of(const shareable_dict *dict, const shareable_value *key,
                                                 shareable_type type, void *bits) {
  shareable__dict_hit hit;
  shareable_value value;
  shareable_status status;

  if (bits == NULL)
    return SHAREABLE_E_ARGUMENT;
  status = get_number(dict, key, &value, &hit);
  if (status == SHAREABLE_E_NO_KEY)
    return status;
  if (status != SHAREABLE_OK || value.type != type)
    return get_number_slowly(dict, key, type, bits);
  memcpy(bits, &value.bits, sizeof value.bits);
  return SHAREABLE_OK;
}

shareable_status shareable_dict_get_int(const shareable_dict *dict, const shareable_value *key, int64_t *integer) {
  return get_number_of(dict, key, SHAREABLE_TYPE_INT, integer);
}

shareable_status shareable_dict_get_float(const shareable_dict *dict, const shareable_value *key, double *real) {
  return get_number_of(dict, key, SHAREABLE_TYPE_FLOAT, real);
}

shareable_status shareable_dict_get_bool(const shareable_dict *dict, const shareable_value *key, int *boolean) {
  shareable_value value;
  shareable_status status =
    boolean == NULL ? SHAREABLE_E_ARGUMENT : get_typed(dict, key, SHAREABLE_TYPE_BOOL, &value, NULL, 0);

  if (status == SHAREABLE_OK)
    *boolean = value.boolean;
  return status;
}

static shareable_status get_text(const shareable_dict *dict, const shareable_value *key, shareable_type type,
                                 void *buffer, size_t size, size_t *length) {
  shareable_value value;
  shareable_status status = length == NULL ? SHAREABLE_E_ARGUMENT : get_typed(dict, key, type, &value, buffer, size);

  if (status == SHAREABLE_OK || status == SHAREABLE_E_BUFFER)
    *length = (size_t)value.length;
  return status;
}

shareable_status shareable_dict_get_str(const shareable_dict *dict, const shareable_value *key, char *buffer,
                                        size_t size, size_t *length) {
  return get_text(dict, key, SHAREABLE_TYPE_STR, buffer, size, length);
}

shareable_status shareable_dict_get_bytes(const shareable_dict *dict, const shareable_value *key, void *buffer,
                                          size_t size, size_t *length) {
  return get_text(dict, key, SHAREABLE_TYPE_BYTES, buffer, size, length);
}
