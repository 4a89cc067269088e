/*
 * dict.c - opens arbitrary bytes as the block of a dict, and runs operations on it, while a second
 * thread flips bytes.
 *
 * The first byte contains flags: the second thread runs (1), the dict is opened read-only (2), the
 * dict is closed before the last operation (4). The second byte is the number of operations. Each
 * operation has two bytes: its number, and its key and value. The block follows.
 */
#include "concurrent_writer.h"
#include "fuzz.h"

enum { HEADER = 2, OPERATIONS = 16, VALUES = 4 };
/* Waits for the lock of the dict, and for values: 20 microseconds. */
#define TIMEOUT_NS 20000

static char text[1 << 16];

static void check_value(const shareable_value *value, size_t capacity) {
  need(value->type <= SHAREABLE_TYPE_BYTES && (value->type < SHAREABLE_TYPE_STR || value->length <= capacity));
}

static void get(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  size_t capacity = value->type == SHAREABLE_TYPE_STR ? 3 : sizeof text;
  shareable_value read = {0};
  int is_stale = 0;
  int64_t ttl;
  shareable_status status = shareable_dict_get(dict, key, &read, text, capacity);

  if (status == SHAREABLE_OK)
    check_value(&read, capacity);
  if (status == SHAREABLE_E_BUFFER)
    need(read.length > capacity);
  if (shareable_dict_get_stale(dict, key, &read, text, capacity, &is_stale) == SHAREABLE_OK) {
    check_value(&read, capacity);
    need(is_stale == 0 || is_stale == 1);
  }
  if (shareable_dict_ttl(dict, key, &ttl) == SHAREABLE_OK)
    need(ttl >= 0);
}

static void get_typed(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  int64_t integer;
  double real;
  int boolean = 0;
  size_t length;

  (void)value;
  shareable_dict_get_int(dict, key, &integer);
  shareable_dict_get_float(dict, key, &real);
  if (shareable_dict_get_bool(dict, key, &boolean) == SHAREABLE_OK)
    need(boolean == 0 || boolean == 1);
  if (shareable_dict_get_str(dict, key, text, 100, &length) == SHAREABLE_OK)
    need(length <= 100);
  if (shareable_dict_get_bytes(dict, key, text, 100, &length) == SHAREABLE_OK)
    need(length <= 100);
}

/* Visits each place once, however corrupt it is. */
static void visit(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  static char key_text[SHAREABLE_DICT_KEY_MAX];
  shareable_dict_item item = {.key_buffer = key_text,
                              .key_buffer_size = value->type == SHAREABLE_TYPE_STR ? 3 : sizeof key_text,
                              .value_buffer = text,
                              .value_buffer_size = sizeof text};
  size_t cursor = 0, visited = 0, places = shareable_dict_places(dict);

  (void)key;
  for (;;) {
    size_t before = cursor;
    shareable_status status = shareable_dict_next(dict, &cursor, &item);

    if (status == SHAREABLE_E_NO_KEY || status == SHAREABLE_E_CLOSED)
      break;
    if (status == SHAREABLE_OK) {
      need(item.key.type >= SHAREABLE_TYPE_STR && item.key.length <= item.key_buffer_size && cursor > before);
      check_value(&item.value, sizeof text);
    } else {
      cursor++;
    }
    visited++;
    need(cursor <= places && visited <= places);
  }
}

static void set(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  shareable_dict_set(dict, key, value, value->type == SHAREABLE_TYPE_STR ? SHAREABLE_DICT_NO_EVICT : 0,
                     value->type == SHAREABLE_TYPE_FLOAT ? 1000 : 0, TIMEOUT_NS);
}

/* Writes values that are longer than a redo record, if they fit. */
static void set_long(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  static const char zeros[1000];
  size_t size = shareable_dict_value_size(dict);
  const shareable_value longest = shareable_bytes(zeros, size < sizeof zeros ? size : sizeof zeros);

  shareable_dict_set(dict, key, &longest, value->type == SHAREABLE_TYPE_INT ? SHAREABLE_DICT_IF_PRESENT : 0, 0,
                     TIMEOUT_NS);
}

static void add(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  int64_t sum, expected = 7;
  int exchanged = 0;
  double real;

  shareable_dict_add(dict, key, value->type == SHAREABLE_TYPE_INT ? INT64_MAX : 3, 1, 0, 1000, TIMEOUT_NS, &sum);
  shareable_dict_add_float(dict, key, 0.5, 0, SHAREABLE_DICT_CONVERT, 0, TIMEOUT_NS, &real);
  shareable_dict_compare_exchange(dict, key, &expected, 1, TIMEOUT_NS, &exchanged);
  need(exchanged == 0 || exchanged == 1);
  shareable_dict_expire(dict, key, value->type == SHAREABLE_TYPE_INT ? 1 : INT64_MAX, TIMEOUT_NS);
}

static void delete_it(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  shareable_value read = {0};

  if (value->type == SHAREABLE_TYPE_INT)
    shareable_dict_delete(dict, key, TIMEOUT_NS);
  else if (shareable_dict_pop(dict, key, &read, text, sizeof text, TIMEOUT_NS) == SHAREABLE_OK)
    check_value(&read, sizeof text);
}

static void delete_many(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  size_t deleted = 0;

  (void)key;
  if (value->type == SHAREABLE_TYPE_NONE)
    shareable_dict_clear(dict, TIMEOUT_NS);
  shareable_dict_delete_expired(dict, 0, TIMEOUT_NS, &deleted);
  need(deleted <= shareable_dict_places(dict));
}

static void reindex(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  size_t length = 0;

  (void)key;
  (void)value;
  shareable_dict_length(dict, &length);
  if (shareable_dict_reindex(dict, TIMEOUT_NS) == SHAREABLE_OK)
    shareable_dict_length(dict, &length);
}

static void wait_for(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  int64_t timeout = value->type == SHAREABLE_TYPE_INT ? TIMEOUT_NS : 0;

  shareable_dict_wait(dict, key, value, timeout);
  shareable_dict_wait(dict, key, NULL, timeout);
}

/* Copies to a dict that is not hostile, and from there. */
static void copy(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  shareable_dict *other;

  if (shareable_dict_create(&other, NULL, 8, 8, 8, 0, 0600, NULL) != SHAREABLE_OK)
    return;
  shareable_dict_copy(dict, other, TIMEOUT_NS);
  shareable_dict_set(other, key, value, 0, 0, TIMEOUT_NS);
  shareable_dict_copy(other, dict, TIMEOUT_NS);
  need(shareable_dict_unlink(other, NULL) == SHAREABLE_OK);
  shareable_dict_unref(other);
}

static void describe(shareable_dict *dict, const shareable_value *key, const shareable_value *value) {
  shareable_error error;

  (void)value;
  for (int status = 0; status > -50; status--) {
    need((int)shareable_dict_explain(dict, key, (shareable_status)status, &error) == status);
    need(status == 0 || memchr(error.message, 0, sizeof error.message) != NULL);
  }
  shareable_dict_evicted(dict);
}

static void operate(shareable_dict *dict, uint8_t number, const shareable_value *key, const shareable_value *value) {
  static void (*const all[])(shareable_dict *, const shareable_value *, const shareable_value *) = {
    get, get_typed, visit, set, set_long, add, delete_it, delete_many, reindex, wait_for, copy, describe};

  all[number % (sizeof all / sizeof *all)](dict, key, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const shareable_value keys[] = {shareable_str("one"), shareable_str("three"),    shareable_str("k5"),
                                  shareable_str("k9"),  shareable_bytes("two", 3), shareable_str("absent"),
                                  shareable_str(""),    shareable_int(1)};
  const shareable_value values[VALUES] = {shareable_int(7), shareable_float(0.5), shareable_str("howdy"),
                                          shareable_none()};
  size_t count = size < HEADER ? 0 : bytes[1] % (OPERATIONS + 1), header = HEADER + 2 * count;
  shareable_dict *dict = NULL;
  shareable_list *list = NULL;

  if (size <= header)
    return 0;
  open_with_writer(bytes + header, size - header, bytes[0] & 1, bytes[0] & 2 ? SHAREABLE_READ_ONLY : 0, &list, &dict);
  for (size_t k = 0; dict != NULL && k < count; k++) {
    const uint8_t *operation = bytes + HEADER + 2 * k;

    if ((bytes[0] & 4) != 0 && k == count - 1)
      shareable_dict_close(dict);
    operate(dict, operation[0], &keys[operation[1] / VALUES % (sizeof keys / sizeof *keys)],
            &values[operation[1] % VALUES]);
  }
  close_with_writer(list, dict);
  return 0;
}
