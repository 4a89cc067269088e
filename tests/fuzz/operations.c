/*
 * operations.c - runs an operation of a list, which a number selects.
 */
#include "operations.h"

#include "fuzz.h"

enum { MANY = 40 };
static char text[1 << 16];

/* Checks that the numbers of a view are in the memory of the list, and reads them. */
static void check_view(const shareable_list *list, const void *numbers) {
  const shareable_memory *memory = shareable_list_memory(list);
  const unsigned char *base = shareable_memory_address(memory), *first = numbers;
  volatile unsigned char sum = 0;

  need(first > base && first + 8 * shareable_list_length(list) <= base + shareable_memory_size(memory));
  for (size_t i = 0; i < 8 * shareable_list_length(list); i++)
    sum = (unsigned char)(sum + first[i]);
}

static void get(shareable_list *list, int64_t i, const shareable_value *value) {
  size_t size = 0, capacity = value->type == SHAREABLE_TYPE_STR ? 3 : sizeof text;
  shareable_value read = {0};
  shareable_type type;
  int status = shareable_list_get(list, i, &read, text, capacity);

  if (status == SHAREABLE_OK)
    need(read.type <= SHAREABLE_TYPE_BYTES && (read.type < SHAREABLE_TYPE_STR || read.length <= capacity));
  if (status == SHAREABLE_E_BUFFER)
    need(read.length > capacity);
  shareable_list_type(list, i, &type);
  shareable_list_capacity(list, i, &size);
}

static void get_typed(shareable_list *list, int64_t i, const shareable_value *value) {
  int64_t integer;
  double real;
  int boolean = 0;
  size_t length;

  (void)value;
  shareable_list_get_int(list, i, &integer);
  shareable_list_get_float(list, i, &real);
  if (shareable_list_get_bool(list, i, &boolean) == SHAREABLE_OK)
    need(boolean == 0 || boolean == 1);
  if (shareable_list_get_str(list, i, text, 100, &length) == SHAREABLE_OK)
    need(length <= 100);
  if (shareable_list_get_bytes(list, i, text, 100, &length) == SHAREABLE_OK)
    need(length <= 100);
}

static void search(shareable_list *list, int64_t i, const shareable_value *value) {
  size_t length = shareable_list_length(list), found = 0;

  (void)i;
  if (shareable_list_count(list, value, &found) == SHAREABLE_OK)
    need(found <= length);
  if (shareable_list_index(list, value, &found) == SHAREABLE_OK)
    need(found < length);
}

static void describe(shareable_list *list, int64_t i, const shareable_value *value) {
  size_t length = 0, capacity = i < 0 ? 8 : sizeof text;
  uint64_t hash = 0;
  shareable_error error;
  int status;

  (void)value;
  if (shareable_list_format(list, text, capacity, &length) == SHAREABLE_OK)
    need(length <= capacity);
  if (shareable_list_hash(list, &hash) == SHAREABLE_OK)
    need(hash != 0);
  status = (int)-(i & 63);
  need((int)shareable_list_explain_item(list, i, (shareable_status)status, &error) == status);
  need((int)shareable_list_explain(list, (shareable_status)status, &error) == status);
  need(status == 0 || memchr(error.message, 0, sizeof error.message) != NULL);
}

static void get_many(shareable_list *list, int64_t i, const shareable_value *value) {
  int64_t integers[MANY];
  double reals[MANY];
  size_t count = value->type == SHAREABLE_TYPE_INT ? MANY : 3, done;
  void *numbers;

  shareable_list_get_ints(list, i, count, integers, &done);
  need(done <= count);
  shareable_list_get_floats(list, i, count, reals, &done);
  need(done <= count);
  if (shareable_list_view(list, SHAREABLE_TYPE_INT, &numbers, &done) == SHAREABLE_OK ||
      shareable_list_view(list, SHAREABLE_TYPE_FLOAT, &numbers, &done) == SHAREABLE_OK)
    check_view(list, numbers);
}

static void set_many(shareable_list *list, int64_t i, const shareable_value *value) {
  const int64_t integers[MANY] = {1, -1};
  const double reals[MANY] = {0.5};
  size_t count = value->type == SHAREABLE_TYPE_INT ? MANY : 3, done;

  shareable_list_set_ints(list, i, count, integers, &done);
  need(done <= count);
  shareable_list_set_floats(list, i, count, reals, &done);
  need(done <= count);
}

static void set(shareable_list *list, int64_t i, const shareable_value *value) {
  shareable_list_set(list, i, value);
}

static void set_typed(shareable_list *list, int64_t i, const shareable_value *value) {
  if (value->type != SHAREABLE_TYPE_INT)
    shareable_list_set_float(list, i, -0.5);
  shareable_list_set_int(list, i, 10);
  shareable_list_set_int(list, i, INT64_MIN);
  if (value->type == SHAREABLE_TYPE_STR)
    shareable_list_set_bool(list, i, 1);
  if (value->type == SHAREABLE_TYPE_NONE)
    shareable_list_set_none(list, i);
}

/* Writes values that are longer than a redo record, if they fit in the slot. */
static void set_long(shareable_list *list, int64_t i, const shareable_value *value) {
  static const char zeros[1000];
  size_t size = 0;

  shareable_list_capacity(list, i, &size);
  shareable_list_set_bytes(list, i, zeros, size < sizeof zeros ? size : sizeof zeros);
  shareable_list_set_str(list, i, zeros, value->length);
}

static void change(shareable_list *list, int64_t i, const shareable_value *value) {
  int64_t expected = 7, integer = 0;
  int exchanged = 0;

  shareable_list_add(list, i, value->type == SHAREABLE_TYPE_INT ? INT64_MAX : 3, &integer);
  shareable_list_exchange(list, i, 9, &integer);
  shareable_list_compare_exchange(list, i, &expected, 1, &exchanged);
  need(exchanged == 0 || exchanged == 1);
}

static void lock(shareable_list *list, int64_t i, const shareable_value *value) {
  int status = shareable_list_lock(list, value->type == SHAREABLE_TYPE_INT ? 20000 : 0);

  (void)i;
  if (status == SHAREABLE_OK || status == SHAREABLE_E_OWNER_DIED)
    need(shareable_list_unlock(list) != SHAREABLE_E_CLOSED);
}

static void wait_for(shareable_list *list, int64_t i, const shareable_value *value) {
  uint64_t hash = 0;
  int64_t timeout = value->type == SHAREABLE_TYPE_INT ? 20000 : 0;

  shareable_list_wait(list, i, value, timeout);
  if (shareable_list_wait_any(list, &hash, timeout) == SHAREABLE_OK)
    need(hash != 0);
  shareable_list_wait_any(list, &hash, timeout);
}

void operate(shareable_list *list, uint8_t number, int64_t i, const shareable_value *value) {
  static void (*const all[])(shareable_list *, int64_t, const shareable_value *) = {
    get, get_typed, search, describe, get_many, set_many, set, set_long, change, lock, wait_for, set_typed};

  all[number % (sizeof all / sizeof *all)](list, i, value);
}
