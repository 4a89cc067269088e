/*
 * sync.c - tests of the sync area: core/src/sync/area.c, redo_log.c, fast_store.c and item_*.c.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "list/list.h"
#include "support.h"
#include "sync/fast_store.h"
#include "sync/redo_acquire.h"

#define SECOND INT64_C(1000000000)
/* A slot of this size contains a complete page. */
#define TWO_PAGES (2 * (uint32_t)sysconf(_SC_PAGESIZE))

static int64_t now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * SECOND + time.tv_nsec;
}

static shareable_list *again(uint32_t flags) {
  shareable_error error = {0};
  shareable_list *list = NULL;

  cr_assert_eq(shareable_list_open(&list, own_name(), flags, &error), SHAREABLE_OK, "%s", error.message);
  return list;
}

/* Returns a list of two ints. The slot of the second one has room for a text. */
static shareable_list *two_ints(void) {
  shareable_value values[] = {shareable_int(7), shareable_int(7)};

  values[1].capacity = 500;
  return new_list(values, 2);
}

static shareable_value get(const shareable_list *list, int64_t index) {
  static char buffer[1024];
  shareable_value value = shareable_none();

  cr_ok(shareable_list_get(list, index, &value, buffer, sizeof buffer));
  return value;
}

static void assert_same(shareable_value value, shareable_value wanted) {
  cr_assert_eq(value.type, wanted.type, "type %u, not %u", value.type, wanted.type);
  if (wanted.type == SHAREABLE_TYPE_STR || wanted.type == SHAREABLE_TYPE_BYTES) {
    cr_assert_eq(value.length, wanted.length, "%zu bytes, not %zu", (size_t)value.length, (size_t)wanted.length);
    cr_assert(value.length == 0 || memcmp(value.text, wanted.text, value.length) == 0);
  } else if (wanted.type == SHAREABLE_TYPE_BOOL) {
    cr_assert_eq(value.boolean, wanted.boolean);
  } else if (wanted.type != SHAREABLE_TYPE_NONE) {
    cr_assert_eq(value.bits, wanted.bits);
  }
}

static shareable_value text_of(char character, size_t length) {
  static char text[1024];

  memset(text, character, sizeof text);
  return shareable_strn(text, length);
}

static uint64_t word_of(const shareable_list *list, size_t i) {
  return __atomic_load_n(&list->sync.area->version_words[i], __ATOMIC_ACQUIRE);
}

static void put_word(shareable_list *list, size_t i, uint64_t word) {
  __atomic_store_n(&list->sync.area->version_words[i], word, __ATOMIC_RELEASE);
}

static uint64_t flags_of(const shareable_list *list, size_t i) {
  return word_of(list, i) & SHAREABLE__VERSION_FLAGS;
}

static uint64_t version_of(const shareable_list *list, size_t i) {
  return word_of(list, i) >> 4 & 0xfffffff;
}

/* Locks an item as the writer with that id would, and sets more flags. */
static void lock_under(shareable_list *list, size_t i, uint32_t id, uint64_t flags) {
  put_word(list, i, (word_of(list, i) & UINT64_C(0xffffffff)) | SHAREABLE__LOCKED | flags | (uint64_t)id << 32);
}

/* Registers a handle by writing item 0 as it is, and returns its writer id. */
static uint32_t register_writer(shareable_list *list) {
  shareable_value value = get(list, 0);

  cr_ok(shareable_list_set(list, 0, &value));
  cr_assert_neq(list->sync.writer.id, 0);
  return list->sync.writer.id;
}

/* Returns the writer id of a handle that was closed. */
static uint32_t dead_writer_id(void) {
  shareable_list *list = again(0);
  uint32_t id = register_writer(list);

  shareable_list_unref(list);
  return id;
}

/* Commits a redo record, as its writer would before it writes the item. */
static void leave_redo_record(shareable_list *list, int k, uint32_t id, size_t i, shareable_value value) {
  shareable__redo_record *record = &list->sync.area->redo_records[k];
  shareable__encoded_item item;
  shareable__slot slot = {0};

  cr_assert(shareable__layout_slot(&list->layout, i, &slot));
  shareable__item_encode(&value, slot.size, &item);
  record->writer_id = id;
  record->item = i;
  record->format = item.format;
  record->code = item.code;
  record->length = item.length;
  memcpy(record->data, item.data, item.length);
  record->use = SHAREABLE__REDO_COMMITTED;
}

static bool is_kept(const shareable__redo_record *record) {
  return record->writer_id != 0 && (record->use & 3) == SHAREABLE__REDO_KEPT;
}

/* Returns the number of records with a write in them. */
static size_t redo_records_in_use(const shareable_list *list) {
  size_t count = 0;

  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    const shareable__redo_record *record = &list->sync.area->redo_records[k];
    count += !is_kept(record) && (record->writer_id != 0 || record->use != 0);
  }
  return count;
}

/* Returns the number of the record that a handle keeps, or -1. */
static int kept_record(const shareable_list *list) {
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    const shareable__redo_record *record = &list->sync.area->redo_records[k];
    if (is_kept(record) && record->writer_id == list->sync.writer.id)
      return k;
  }
  return -1;
}

static void die(int number) {
  (void)number;
  kill(getpid(), SIGKILL);
}

/*
 * A child writes an item of at least two pages, and is killed during the write. One page of the
 * slot is read-only, so the child dies when it reaches that page: the bytes before the page are
 * written, format and code are not. The child first writes `first`, unless that is None.
 */
static void kill_in_protected_page(shareable_list *list, size_t i, shareable_value first, shareable_value value) {
  pid_t child = fork();
  int result;

  if (child == 0) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    shareable__slot slot;
    unsigned char *start;

    if (!shareable__layout_slot(&list->layout, i, &slot))
      _exit(1);
    if (first.type != SHAREABLE_TYPE_NONE && shareable_list_set(list, (int64_t)i, &first) != SHAREABLE_OK)
      _exit(1);
    start = slot.data + (page - (uintptr_t)slot.data % page) % page;
    if (start + page > slot.data + slot.size || mprotect(start, page, PROT_READ) != 0)
      _exit(2);
    signal(SIGSEGV, die);
    signal(SIGBUS, die);
    shareable_list_set(list, (int64_t)i, &value);
    _exit(3);
  }
  cr_assert_eq(waitpid(child, &result, 0), child);
  cr_assert(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL, "the writer ended with %#x", result);
}

static void kill_while_writing(shareable_list *list, size_t i, shareable_value value) {
  kill_in_protected_page(list, i, shareable_none(), value);
}

/* Returns a list of an int and a value in a slot of two pages. */
static shareable_list *large(shareable_value value) {
  shareable_value values[] = {shareable_int(7), value};

  values[1].capacity = TWO_PAGES;
  return new_list(values, 2);
}

Test(sync, the_area_has_the_specified_layout) {
  cr_assert_eq(shareable__area_offset(0), 0);
  cr_assert_eq(shareable__area_offset(1), 64);
  cr_assert_eq(shareable__area_offset(63), 64);
  cr_assert_eq(shareable__area_offset(64), 64);
  cr_assert_eq(shareable__area_offset(65), 128);
  cr_assert_eq(shareable__area_size(0), 2816);
  cr_assert_eq(shareable__area_size(3), 2840);
  cr_assert_eq(offsetof(shareable__area, version), 8);
  cr_assert_eq(offsetof(shareable__area, flags), 12);
  cr_assert_eq(offsetof(shareable__area, count), 16);
  cr_assert_eq(offsetof(shareable__area, size), 24);
  cr_assert_eq(offsetof(shareable__area, eventcounts), 64);
  cr_assert_eq(offsetof(shareable__eventcounts, any), 8);
  cr_assert_eq(offsetof(shareable__eventcounts, items), 64);
  cr_assert_eq(offsetof(shareable__area, hazards), 256);
  cr_assert_eq(offsetof(shareable__hazard, item), 8);
  cr_assert_eq(sizeof(shareable__hazard), 64);
  cr_assert_eq(offsetof(shareable__area, redo_records), 768);
  cr_assert_eq(offsetof(shareable__redo_record, use), 4);
  cr_assert_eq(offsetof(shareable__redo_record, item), 8);
  cr_assert_eq(offsetof(shareable__redo_record, format), 16);
  cr_assert_eq(offsetof(shareable__redo_record, length), 24);
  cr_assert_eq(offsetof(shareable__redo_record, code), 32);
  cr_assert_eq(offsetof(shareable__redo_record, data), 40);
  cr_assert_eq(sizeof(shareable__redo_record), 512);
  cr_assert_eq(offsetof(shareable__area, version_words), 2816);
}

Test(sync, a_new_list_has_an_area_past_its_end) {
  const shareable_value values[] = {shareable_int(1), shareable_int(2), shareable_int(3)};
  shareable_list *list = new_list(values, 3);
  const unsigned char *bytes = shareable_memory_address(shareable_list_memory(list));
  const uint64_t area = 128; /* past 16 + 3 * 17 + 3 * 8 bytes */
  uint64_t words[3];
  uint32_t version[2];

  cr_assert_eq(shareable_memory_size(shareable_list_memory(list)), area + 2840);
  cr_assert_eq(memcmp(bytes + area, "shr.sync", 8), 0);
  memcpy(version, bytes + area + 8, sizeof version);
  memcpy(words, bytes + area + 16, sizeof words);
  cr_assert(version[0] == 2 && version[1] == 0);
  cr_assert(words[0] == 3 && words[1] == 2840 && words[2] == 0);
  for (uint64_t at = area + 32; at < area + 2840; at++)
    cr_assert_eq(bytes[at], 0);
  end_list(list);
}

Test(sync, an_empty_list_has_an_area) {
  shareable_list *list = new_list(NULL, 0), *other = again(0);

  cr_assert_eq(shareable_memory_size(shareable_list_memory(list)), 64 + 2816);
  cr_assert_not_null(other->sync.area);
  shareable_list_unref(other);
  end_list(list);
}

Test(sync, a_list_without_an_area_has_the_size_of_a_stock_list_and_can_be_written) {
  const shareable_value values[] = {shareable_int(1), shareable_str("text"), shareable_float(0.5)};
  shareable_list *list = new_list_with(values, 3, SHAREABLE_NO_SYNC), *other = again(0), *reader;

  cr_assert_eq(shareable_memory_size(shareable_list_memory(list)), 16 + 3 * 17 + 3 * 8);
  cr_assert_null(list->sync.area);
  cr_assert_null(other->sync.area);
  reader = again(SHAREABLE_READ_ONLY);
  cr_ok(shareable_list_set_int(list, 0, 5));
  cr_ok(shareable_list_set_str(other, 0, "dry ice", 7));
  cr_ok(shareable_list_set_int(other, 1, -9));
  cr_ok(shareable_list_set_float(list, 2, 1.5));
  assert_same(get(list, 0), shareable_str("dry ice"));
  assert_same(get(reader, 0), shareable_str("dry ice"));
  assert_same(get(reader, 1), shareable_int(-9));
  assert_same(get(other, 2), shareable_float(1.5));
  shareable_list_unref(reader);
  shareable_list_unref(other);
  end_list(list);
}

Test(sync, recognizes_each_kind_of_area) {
  struct {
    uint32_t version;
    uint64_t count, stated_size, size;
    shareable__area_kind kind;
  } rows[] = {
    {2, 3, 2840, 2840, SHAREABLE__AREA_USABLE},
    {2, 3, 2840, 4096, SHAREABLE__AREA_USABLE},
    {2, 3, 2840, 2839, SHAREABLE__AREA_CORRUPT},
    {2, 4, 2840, 4096, SHAREABLE__AREA_CORRUPT},
    {2, 2, 2832, 4096, SHAREABLE__AREA_CORRUPT},
    {2, 3, 2832, 4096, SHAREABLE__AREA_CORRUPT},
    {2, 3, 2848, 4096, SHAREABLE__AREA_CORRUPT},
    {0, 3, 2840, 4096, SHAREABLE__AREA_CORRUPT},
    {3, 3, 2840, 2840, SHAREABLE__AREA_NEWER_VERSION},
    {UINT32_MAX, 0, 0, 32, SHAREABLE__AREA_NEWER_VERSION},
    {1, 3, 2840, 2840, SHAREABLE__AREA_OLDER_VERSION},
    {1, 0, 0, 32, SHAREABLE__AREA_OLDER_VERSION},
    {2, 3, UINT64_MAX, 32, SHAREABLE__AREA_CORRUPT},
    {2, 3, 2840, 31, SHAREABLE__AREA_NONE},
    {2, 3, 2840, 0, SHAREABLE__AREA_NONE},
  };
  uint64_t header[4];

  for (size_t i = 0; i < LENGTH(rows); i++) {
    memcpy(header, "shr.sync", 8);
    header[1] = 0;
    memcpy(&header[1], &rows[i].version, 4);
    header[2] = rows[i].count;
    header[3] = rows[i].stated_size;
    cr_assert_eq(shareable__area_check(header, rows[i].size, 3), rows[i].kind, "row %zu", i);
    memcpy(header, "shr.sink", 8);
    cr_assert_eq(shareable__area_check(header, rows[i].size, 3), SHAREABLE__AREA_NONE, "row %zu", i);
  }
}

Test(sync, opening_a_list_of_a_newer_version_fails_with_its_name) {
  shareable_list *list = two_ints(), *other = NULL;
  shareable_error error;

  list->sync.area->version = 3;
  cr_status(shareable_list_open(&other, own_name(), 0, &error), SHAREABLE_E_VERSION);
  cr_assert_not_null(strstr(error.message, own_name()), "%s", error.message);
  cr_assert_not_null(strstr(error.message, "newer"), "%s", error.message);
  cr_status(shareable_list_open(&other, own_name(), SHAREABLE_READ_ONLY, &error), SHAREABLE_E_VERSION);
  cr_assert_null(other);
  end_list(list);
}

Test(sync, opening_a_list_of_an_older_version_fails_with_its_name) {
  shareable_list *list = two_ints(), *other = NULL;
  shareable_error error;

  list->sync.area->version = 1;
  cr_status(shareable_list_open(&other, own_name(), 0, &error), SHAREABLE_E_VERSION);
  cr_assert_not_null(strstr(error.message, own_name()), "%s", error.message);
  cr_assert_not_null(strstr(error.message, "older"), "%s", error.message);
  cr_status(shareable_list_open(&other, own_name(), SHAREABLE_READ_ONLY, &error), SHAREABLE_E_VERSION);
  cr_assert_null(other);
  end_list(list);
}

Test(sync, opening_a_list_with_a_corrupt_area_fails_with_its_name) {
  shareable_list *list = two_ints(), *other = NULL;
  size_t size = shareable_memory_size(shareable_list_memory(list));
  shareable_error error;
  char path[300];

  list->sync.area->count++;
  cr_status(shareable_list_open(&other, own_name(), 0, &error), SHAREABLE_E_NOT_LIST);
  cr_assert_not_null(strstr(error.message, own_name()), "%s", error.message);
  cr_assert_not_null(strstr(error.message, "sync area"), "%s", error.message);
  list->sync.area->count--;
  list->sync.area->size += 8;
  cr_status(shareable_list_open(&other, own_name(), 0, NULL), SHAREABLE_E_NOT_LIST);
  list->sync.area->size -= 8;
  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  cr_assert_eq(truncate(path, (off_t)size - 8), 0);
  cr_status(shareable_list_open(&other, own_name(), 0, NULL), SHAREABLE_E_NOT_LIST);
  cr_assert_null(other);
  end_list(list);
}

Test(sync, bytes_without_the_magic_are_not_an_area) {
  shareable_list *list = two_ints(), *other;

  list->sync.area->magic = 0;
  other = again(0);
  cr_assert_null(other->sync.area);
  cr_ok(shareable_list_set_str(other, 1, "text", 4));
  assert_same(get(other, 1), shareable_str("text"));
  cr_assert_eq(word_of(list, 1), 0);
  shareable_list_unref(other);
  end_list(list);
}

Test(sync, a_read_is_invalid_if_another_handle_wrote_during_it) {
  shareable_list *list = two_ints(), *other = again(0);
  shareable__read_attempt attempt = {0};
  shareable__slot slot;

  cr_assert(shareable__layout_slot(&list->layout, 0, &slot));
  cr_ok(shareable__read_begin(&list->sync, 0, &slot, &attempt));
  cr_assert(shareable__read_valid(&list->sync, 0, attempt.version));
  cr_ok(shareable_list_set_float(other, 0, 0.5));
  cr_assert_not(shareable__read_valid(&list->sync, 0, attempt.version));
  cr_ok(shareable__read_begin(&list->sync, 0, &slot, &attempt));
  cr_assert(shareable__read_valid(&list->sync, 0, attempt.version));
  shareable_list_unref(other);
  end_list(list);
}

Test(sync, an_item_locked_by_a_dead_writer_keeps_its_value_and_can_be_written_within_a_second) {
  shareable_list *list = two_ints(), *reader = again(SHAREABLE_READ_ONLY);
  uint32_t dead = dead_writer_id();
  int64_t integer = 0, start = now();

  lock_under(list, 0, dead, 0);
  cr_ok(shareable_list_get_int(reader, 0, &integer));
  cr_assert_eq(integer, 7);
  cr_assert_eq(word_of(list, 0) >> 32, dead, "a read-only handle leaves it locked");
  integer = 0;
  cr_ok(shareable_list_get_int(list, 0, &integer));
  cr_assert_eq(integer, 7);
  cr_assert_eq(word_of(list, 0) & (0xffffffff00000000 | SHAREABLE__LOCKED), 0);
  lock_under(list, 0, dead, 0);
  cr_ok(shareable_list_set_int(list, 0, 8));
  assert_same(get(reader, 0), shareable_int(8));
  lock_under(list, 0, dead, 0);
  cr_ok(shareable_list_set_str(list, 0, "text", 4));
  assert_same(get(reader, 0), shareable_str("text"));
  lock_under(list, 0, 0, 0); /* no writer has the id 0 */
  assert_same(get(list, 0), shareable_str("text"));
  cr_assert_lt(now() - start, time_limit(SECOND));
  shareable_list_unref(reader);
  end_list(list);
}

/*
 * Runs a test for every kind of value in a redo record. The item was a float for the first one, and
 * an int for the others.
 */
static void with_every_value(void test(shareable_value before, shareable_value value)) {
  const shareable_value values[] = {shareable_int(INT64_MIN),
                                    shareable_float(-0.5),
                                    shareable_bool(1),
                                    shareable_bool(0),
                                    shareable_none(),
                                    shareable_str("h\xc3\xb6wdy"),
                                    shareable_str(""),
                                    shareable_bytes("\xff\0\1", 3),
                                    shareable_bytes("ab\0\0", 4),
                                    shareable_strn("exactly\0", 8),
                                    text_of('x', SHAREABLE__REDO_SIZE)};

  for (size_t i = 0; i < LENGTH(values); i++)
    test(i == 0 ? shareable_float(0.5) : shareable_int(7), values[i]);
}

static void check_recovery(shareable_value before, shareable_value value) {
  shareable_list *list = large(before);
  int64_t start = now();

  kill_while_writing(list, 1, value);
  cr_assert_eq(redo_records_in_use(list), 1);
  assert_same(get(list, 1), value);
  cr_assert_lt(now() - start, time_limit(SECOND));
  cr_assert_eq(redo_records_in_use(list), 0);
  cr_assert_eq(flags_of(list, 1) & ~SHAREABLE__SLOW_STORES, 0);
  assert_same(get(list, 1), value);
  cr_ok(shareable_list_set_str(list, 1, "next", 4));
  assert_same(get(list, 1), shareable_str("next"));
  end_list(list);
}

Test(sync, a_reader_completes_the_write_of_a_killed_writer) {
  with_every_value(check_recovery);
}

static void check_read_only_view(shareable_value before, shareable_value value) {
  shareable_list *list = large(before), *reader = again(SHAREABLE_READ_ONLY);
  shareable_type type;
  uint64_t word;

  kill_while_writing(list, 1, value);
  word = word_of(list, 1);
  assert_same(get(reader, 1), value);
  assert_same(get(reader, 1), value);
  cr_ok(shareable_list_type(reader, 1, &type));
  cr_assert_eq(type, value.type);
  cr_assert_eq(word_of(list, 1), word);
  cr_assert_eq(redo_records_in_use(list), 1);
  assert_same(get(list, 1), value);
  assert_same(get(reader, 1), value);
  shareable_list_unref(reader);
  end_list(list);
}

Test(sync, a_read_only_reader_sees_the_write_of_a_killed_writer_and_changes_nothing) {
  with_every_value(check_read_only_view);
}

Test(sync, the_typed_getters_see_the_write_of_a_killed_writer) {
  shareable_list *list = two_ints(), *reader = again(SHAREABLE_READ_ONLY);
  uint32_t dead = dead_writer_id();
  int64_t integer = 0;
  double real = 0;

  leave_redo_record(list, 3, dead, 0, shareable_float(0.5));
  lock_under(list, 0, dead, 0);
  cr_ok(shareable_list_get_float(reader, 0, &real));
  cr_assert_eq(real, 0.5);
  cr_status(shareable_list_get_int(reader, 0, &integer), SHAREABLE_E_TYPE);
  cr_ok(shareable_list_get_floats(list, 0, 1, &real, NULL));
  cr_assert_eq(redo_records_in_use(list), 0);
  cr_ok(shareable_list_get_float(list, 0, &real));
  cr_assert_eq(real, 0.5);
  shareable_list_unref(reader);
  end_list(list);
}

Test(sync, the_next_writer_completes_the_write_of_a_killed_writer_and_then_writes) {
  shareable_list *list = large(shareable_int(7));

  kill_while_writing(list, 1, shareable_str("half"));
  cr_ok(shareable_list_set_float(list, 1, 0.5));
  assert_same(get(list, 1), shareable_float(0.5));
  cr_assert_eq(redo_records_in_use(list), 0);
  end_list(list);
}

Test(sync, a_process_killed_during_the_recovery_leaves_the_recovery_to_the_next_one) {
  shareable_list *list = large(shareable_int(7));

  kill_while_writing(list, 1, shareable_str("first"));
  kill_while_writing(list, 1, shareable_bytes("second", 6));
  kill_while_writing(list, 1, shareable_float(0.5));
  cr_assert_eq(redo_records_in_use(list), 1);
  assert_same(get(list, 1), shareable_str("first"));
  cr_assert_eq(redo_records_in_use(list), 0);
  end_list(list);
}

Test(sync, a_killed_writer_leaves_a_text_of_472_bytes_complete_and_a_longer_one_corrupt) {
  shareable_list *list = large(shareable_int(7)), *reader = again(SHAREABLE_READ_ONLY);
  char buffer[1024];
  shareable_value value;

  kill_while_writing(list, 1, text_of('x', 472));
  assert_same(get(list, 1), text_of('x', 472));
  kill_while_writing(list, 1, text_of('y', 473));
  cr_assert_eq(redo_records_in_use(list), 0);
  cr_assert_neq(flags_of(list, 1) & SHAREABLE__UNLOGGED, 0);
  cr_status(shareable_list_get(reader, 1, &value, buffer, sizeof buffer), SHAREABLE_E_CORRUPT);
  cr_status(shareable_list_get(list, 1, &value, buffer, sizeof buffer), SHAREABLE_E_CORRUPT);
  cr_status(shareable_list_get(list, 1, &value, buffer, sizeof buffer), SHAREABLE_E_CORRUPT);
  cr_status(shareable_list_get(reader, 1, &value, buffer, sizeof buffer), SHAREABLE_E_CORRUPT);
  value = text_of('z', 473);
  cr_ok(shareable_list_set(list, 1, &value));
  assert_same(get(list, 1), value);
  assert_same(get(reader, 1), value);
  shareable_list_unref(reader);
  end_list(list);
}

Test(sync, an_item_left_by_an_unlogged_write_is_corrupt_until_the_next_write) {
  const shareable_value next[] = {shareable_int(5), shareable_float(0.5), shareable_str("text"), shareable_none()};
  shareable_list *list = two_ints();
  uint32_t dead = dead_writer_id();
  shareable_value value;

  for (size_t i = 0; i < LENGTH(next); i++) {
    lock_under(list, 0, dead, SHAREABLE__UNLOGGED);
    cr_status(shareable_list_get(list, 0, &value, NULL, 0), SHAREABLE_E_CORRUPT);
    cr_assert_eq(flags_of(list, 0) & ~SHAREABLE__SLOW_STORES, SHAREABLE__CORRUPT);
    cr_ok(shareable_list_set(list, 0, &next[i]));
    assert_same(get(list, 0), next[i]);
    lock_under(list, 0, dead, SHAREABLE__UNLOGGED);
    cr_ok(shareable_list_set(list, 0, &next[i]));
    assert_same(get(list, 0), next[i]);
    cr_assert_eq(flags_of(list, 0) & ~SHAREABLE__SLOW_STORES, 0);
  }
  end_list(list);
}

Test(sync, a_corrupt_item_stays_corrupt_if_its_next_writer_is_killed_before_it_writes) {
  shareable_list *list = two_ints(), *reader = again(SHAREABLE_READ_ONLY);
  uint32_t dead = dead_writer_id();
  shareable_value value;

  put_word(list, 1, SHAREABLE__CORRUPT);
  lock_under(list, 1, dead, 0);
  cr_status(shareable_list_get(reader, 1, &value, NULL, 0), SHAREABLE_E_CORRUPT);
  cr_status(shareable_list_get(list, 1, &value, NULL, 0), SHAREABLE_E_CORRUPT);
  cr_assert_eq(flags_of(list, 1), SHAREABLE__CORRUPT);
  lock_under(list, 1, dead, 0);
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  assert_same(get(reader, 1), shareable_str("text"));
  shareable_list_unref(reader);
  end_list(list);
}

Test(sync, a_writer_killed_while_it_overwrites_a_corrupt_item_leaves_its_own_value) {
  shareable_list *list = large(shareable_int(7)), *reader = again(SHAREABLE_READ_ONLY);

  for (int turn = 0; turn <= SHAREABLE__AREA_REDO_RECORDS; turn++) {
    kill_while_writing(list, 1, text_of('x', 473));
    kill_while_writing(list, 1, shareable_str("repaired"));
    assert_same(get(reader, 1), shareable_str("repaired"));
    assert_same(get(list, 1), shareable_str("repaired"));
    cr_assert_eq(redo_records_in_use(list), 0);
    cr_assert_eq(flags_of(list, 1) & ~SHAREABLE__SLOW_STORES, 0);
  }
  shareable_list_unref(reader);
  end_list(list);
}

Test(sync, an_item_held_by_a_living_writer_is_an_error_after_a_second_and_does_not_change) {
  shareable_list *list = two_ints(), *other = again(0), *reader = again(SHAREABLE_READ_ONLY);
  uint32_t id = register_writer(other);
  int64_t start, elapsed, integer = -1;
  shareable_value value, seven = shareable_int(7);
  size_t counted = 0, length = 0;
  shareable_type type;
  uint64_t word;

  lock_under(list, 1, id, 0);
  word = word_of(list, 1);
  for (int turn = 0; turn < 7; turn++) {
    start = now();
    if (turn == 0)
      cr_status(shareable_list_get(list, 1, &value, NULL, 0), SHAREABLE_E_BUSY);
    else if (turn == 1)
      cr_status(shareable_list_get_int(reader, 1, &integer), SHAREABLE_E_BUSY);
    else if (turn == 2)
      cr_status(shareable_list_set_int(list, 1, 8), SHAREABLE_E_BUSY);
    else if (turn == 3)
      cr_status(shareable_list_type(list, 1, &type), SHAREABLE_E_BUSY);
    else if (turn == 4)
      cr_status(shareable_list_count(list, &seven, &counted), SHAREABLE_E_BUSY);
    else if (turn == 5)
      cr_status(shareable_list_format(reader, NULL, 0, &length), SHAREABLE_E_BUSY);
    else
      cr_status(shareable_list_set_str(list, 1, "text", 4), SHAREABLE_E_BUSY);
    elapsed = now() - start;
    cr_assert(elapsed > SECOND * 9 / 10 && elapsed < 3 * SECOND, "%lld ns", (long long)elapsed);
    cr_assert_eq(word_of(list, 1), word);
  }
  cr_assert_eq(integer, -1);
  cr_assert_eq(counted, 1); /* the index of the held item */
  cr_assert_eq(length, 1);
  assert_same(get(list, 0), shareable_int(7)); /* other items can be read */
  put_word(list, 1, word & 0xffffffff & ~SHAREABLE__LOCKED);
  assert_same(get(list, 1), shareable_int(7));
  shareable_list_unref(reader);
  shareable_list_unref(other);
  end_list(list);
}

static void *unlock_soon(void *word) {
  usleep(50000);
  __atomic_store_n((uint64_t *)word, 16, __ATOMIC_RELEASE);
  return NULL;
}

Test(sync, reads_and_writes_wait_until_a_living_writer_unlocks_the_item) {
  shareable_list *list = two_ints(), *other = again(0);
  uint32_t id = register_writer(other);
  pthread_t thread;
  int64_t start = now();

  lock_under(list, 1, id, 0);
  cr_assert_eq(pthread_create(&thread, NULL, unlock_soon, &list->sync.area->version_words[1]), 0);
  assert_same(get(list, 1), shareable_int(7));
  cr_assert_geq(now() - start, SECOND / 20);
  cr_assert_lt(now() - start, time_limit(SECOND));
  cr_assert_eq(pthread_join(thread, NULL), 0);
  start = now();
  lock_under(list, 1, id, 0);
  cr_assert_eq(pthread_create(&thread, NULL, unlock_soon, &list->sync.area->version_words[1]), 0);
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  cr_assert_geq(now() - start, SECOND / 20);
  assert_same(get(list, 1), shareable_str("text"));
  cr_assert_eq(pthread_join(thread, NULL), 0);
  shareable_list_unref(other);
  end_list(list);
}

static void *set_item_1_to_99(void *list) {
  return shareable_list_set_int(list, 1, 99) == SHAREABLE_OK ? list : NULL;
}

static void set_to_99_in_another_thread(shareable_list *list) {
  pthread_t thread;
  void *done;

  cr_assert_eq(pthread_create(&thread, NULL, set_item_1_to_99, list), 0);
  cr_assert_eq(pthread_join(thread, &done), 0);
  cr_assert_not_null(done);
  assert_same(get(list, 1), shareable_int(99));
}

Test(sync, an_int_over_an_int_is_one_store_only_in_the_registered_thread) {
  shareable_list *list = two_ints();
  uint64_t word;

  need_barriers();
  register_writer(list);
  word = word_of(list, 1);
  for (int i = 0; i < 10; i++) {
    cr_ok(shareable_list_set_int(list, 1, i));
    assert_same(get(list, 1), shareable_int(i));
  }
  cr_assert_eq(word_of(list, 1), word);
  cr_assert_eq(list->sync.writer.hazard->item, 0);
  set_to_99_in_another_thread(list);
  cr_assert_eq(word_of(list, 1), word + 16);
  cr_ok(shareable_list_set_int(list, 1, 5));
  cr_assert_eq(word_of(list, 1), word + 16);
  assert_same(get(list, 1), shareable_int(5));
  end_list(list);
}

Test(sync, a_float_over_a_float_and_a_bool_over_a_bool_are_one_store) {
  const shareable_value values[] = {shareable_float(0.5), shareable_bool(0)};
  shareable_list *list = new_list(values, 2);
  uint64_t words[2];

  need_barriers();
  register_writer(list);
  for (int i = 0; i < 2; i++)
    words[i] = word_of(list, i);
  for (int i = 0; i < 10; i++) {
    cr_ok(shareable_list_set_float(list, 0, i + 0.25));
    assert_same(get(list, 0), shareable_float(i + 0.25));
    cr_ok(shareable_list_set_bool(list, 1, 2 * (i % 2)));
    assert_same(get(list, 1), shareable_bool(i % 2));
    cr_ok(shareable_list_set(list, 1, &(shareable_value){.type = SHAREABLE_TYPE_BOOL, .boolean = 2}));
    assert_same(get(list, 1), shareable_bool(1));
  }
  for (int i = 0; i < 2; i++)
    cr_assert_eq(word_of(list, i), words[i]);
  end_list(list);
}

Test(sync, stores_to_an_item_that_changed_from_a_number_lock_the_item) {
  shareable_list *list = two_ints(), *other = again(0);
  uint64_t before;

  register_writer(list);
  before = version_of(list, 1);
  cr_ok(shareable_list_set_float(list, 1, 0.5));
  cr_assert_eq(version_of(list, 1), before + 1);
  cr_assert_eq(flags_of(list, 1), SHAREABLE__SLOW_STORES);
  assert_same(get(list, 1), shareable_float(0.5));
  cr_ok(shareable_list_set_int(list, 1, 6));
  cr_ok(shareable_list_set_int(list, 1, 7));
  cr_assert_eq(version_of(list, 1), before + 3, "each store under the lock increments the version");
  cr_assert_eq(flags_of(list, 1), SHAREABLE__SLOW_STORES);
  assert_same(get(other, 1), shareable_int(7));
  set_to_99_in_another_thread(list);
  cr_ok(shareable_list_set_int(other, 1, 8));
  assert_same(get(list, 1), shareable_int(8));
  cr_assert_eq(flags_of(list, 1), SHAREABLE__SLOW_STORES);
  shareable_list_unref(other);
  end_list(list);
}

Test(sync, a_text_that_becomes_a_number_is_stored_to_on_the_fast_path) {
  const shareable_value values[] = {shareable_int(0), shareable_str("text")};
  shareable_list *list = new_list(values, 2);
  uint64_t word;

  need_barriers();
  register_writer(list);
  cr_ok(shareable_list_set_int(list, 1, 1));
  word = word_of(list, 1);
  cr_assert_eq(word & SHAREABLE__VERSION_FLAGS, 0);
  cr_ok(shareable_list_set_int(list, 1, 2));
  cr_assert_eq(word_of(list, 1), word);
  assert_same(get(list, 1), shareable_int(2));
  end_list(list);
}

Test(sync, the_fast_path_refuses_an_item_with_any_flag_or_another_type) {
  const uint64_t flags[] = {SHAREABLE__LOCKED, SHAREABLE__SLOW_STORES, SHAREABLE__CORRUPT, SHAREABLE__UNLOGGED};
  shareable_list *list = two_ints();
  shareable__hazard hazard = {.writer_id = 1};
  const shareable__fast_path path = {list->sync.area, &hazard};
  shareable__slot slot;

  cr_assert(shareable__layout_slot(&list->layout, 1, &slot));
  for (size_t i = 0; i < LENGTH(flags); i++) {
    put_word(list, 1, flags[i]);
    cr_assert_not(shareable__fast_store(&path, 1, &slot, SHAREABLE__FORMAT_INT, 9));
    cr_assert_eq(hazard.item, 0, "the hazard is withdrawn");
  }
  put_word(list, 1, 0);
  cr_assert_not(shareable__fast_store(&path, 1, &slot, SHAREABLE__FORMAT_FLOAT, 9));
  cr_assert_eq(hazard.item, 0);
  assert_same(get(list, 1), shareable_int(7));
  cr_assert(shareable__fast_store(&path, 1, &slot, SHAREABLE__FORMAT_INT, 9));
  assert_same(get(list, 1), shareable_int(9));
  end_list(list);
}

Test(sync, the_version_wraps_around_within_its_bits) {
  shareable_list *list = two_ints();

  put_word(list, 1, 0xfffffff0);
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  cr_assert_eq(word_of(list, 1), SHAREABLE__SLOW_STORES);
  assert_same(get(list, 1), shareable_str("text"));
  end_list(list);
}

static void *withdraw_soon(void *hazard) {
  usleep(50000);
  __atomic_store_n(&((shareable__hazard *)hazard)->item, 0, __ATOMIC_RELEASE);
  return NULL;
}

/* Publishes a store to item 1 in a hazard of the writer with that id. */
static shareable__hazard *publish(shareable_list *list, uint32_t id) {
  shareable__hazard *hazard = &list->sync.area->hazards[SHAREABLE__AREA_HAZARDS - 1];

  hazard->writer_id = id;
  hazard->item = 2;
  return hazard;
}

/*
 * Writes a text over the number that the hazard names. Another thread withdraws the hazard after 50
 * ms.
 */
static void write_over_published(shareable_list *list, shareable__hazard *hazard) {
  pthread_t thread;
  int64_t start = now();

  cr_assert_eq(pthread_create(&thread, NULL, withdraw_soon, hazard), 0);
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  cr_assert_geq(now() - start, SECOND / 20);
  cr_assert_lt(now() - start, time_limit(SECOND));
  cr_assert_eq(pthread_join(thread, NULL), 0);
  assert_same(get(list, 1), shareable_str("text"));
}

Test(sync, a_change_of_type_waits_for_a_published_store) {
  shareable_list *list = two_ints(), *other = again(0);
  uint32_t id = register_writer(other);

  register_writer(list);
  write_over_published(list, publish(list, id));
  shareable_list_unref(other);
  end_list(list);
}

Test(sync, a_change_of_type_waits_for_a_published_store_of_a_float_or_a_bool) {
  shareable_value values[] = {shareable_float(0.5), shareable_bool(1)};

  for (size_t i = 0; i < LENGTH(values); i++) {
    shareable_value both[] = {values[i], values[i]};
    shareable_list *list, *other;
    uint32_t id;

    both[1].capacity = 500;
    list = new_list(both, 2);
    other = again(0);
    id = register_writer(other);
    register_writer(list);
    write_over_published(list, publish(list, id));
    cr_assert_eq(flags_of(list, 1), SHAREABLE__SLOW_STORES);
    shareable_list_unref(other);
    end_list(list);
  }
}

Test(sync, a_change_of_type_after_a_killed_writer_waits_for_a_published_store) {
  shareable_list *list = two_ints(), *other = again(0);
  uint32_t id = register_writer(other), dead = dead_writer_id();

  register_writer(list);
  lock_under(list, 1, dead, 0);
  write_over_published(list, publish(list, id));
  end_list(list);
  list = two_ints();
  dead = dead_writer_id();
  register_writer(list);
  lock_under(list, 1, dead, 0);
  assert_same(get(list, 1), shareable_int(7));
  write_over_published(list, publish(list, register_writer(list)));
  shareable_list_unref(other);
  end_list(list);
}

Test(sync, a_change_of_type_does_not_wait_for_a_store_to_another_item) {
  shareable_list *list = two_ints(), *other = again(0);
  uint32_t id = register_writer(other);
  int64_t start;

  publish(list, id)->item = 1;
  start = now();
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  cr_assert_lt(now() - start, time_limit(SECOND));
  shareable_list_unref(other);
  end_list(list);
}

Test(sync, a_change_of_type_does_not_wait_for_a_store_of_a_dead_writer) {
  shareable_list *list = two_ints();
  uint32_t id = dead_writer_id();
  int64_t start;

  register_writer(list);
  publish(list, id);
  start = now();
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  cr_assert_lt(now() - start, time_limit(SECOND));
  assert_same(get(list, 1), shareable_str("text"));
  end_list(list);
}

Test(sync, a_change_of_type_fails_and_changes_nothing_if_a_store_stays_published) {
  shareable_list *list = two_ints(), *other = again(0);
  uint32_t id = register_writer(other);
  shareable__hazard *hazard = publish(list, id);
  int64_t start = now();

  cr_status(shareable_list_set_str(list, 1, "text", 4), SHAREABLE_E_BUSY);
  cr_assert_geq(now() - start, SECOND * 9 / 10);
  cr_assert_eq(flags_of(list, 1), 0);
  assert_same(get(list, 1), shareable_int(7));
  write_over_published(list, hazard);
  shareable_list_unref(other);
  end_list(list);
}

/* Makes all redo records those of a living writer that is writing items. */
static void use_all_redo_records(shareable_list *list, uint32_t id) {
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    list->sync.area->redo_records[k].writer_id = id;
}

#define UNLOGGED_AFTER (SECOND / 100)

Test(sync, none_over_none_is_a_read) {
  const shareable_value values[] = {shareable_int(7), shareable_none()};
  shareable_list *list = new_list(values, 2);
  uint64_t word = word_of(list, 1);

  cr_ok(shareable_list_set_none(list, 1));
  cr_assert_eq(word_of(list, 1), word);
  put_word(list, 1, word | SHAREABLE__CORRUPT);
  cr_status(shareable_list_get(list, 1, &(shareable_value){0}, NULL, 0), SHAREABLE_E_CORRUPT);
  cr_ok(shareable_list_set_none(list, 1));
  assert_same(get(list, 1), shareable_none());
  cr_ok(shareable_list_set_none(list, 0));
  assert_same(get(list, 0), shareable_none());
  end_list(list);
}

Test(sync, none_over_none_writes_the_slot_again_if_it_has_other_bytes) {
  shareable_value value = shareable_none();
  shareable_list *list = new_list(&value, 1);
  shareable__slot slot;

  cr_assert(shareable__layout_slot(&list->layout, 0, &slot));
  shareable__store(slot.data, 1);
  cr_ok(shareable_list_set_none(list, 0));
  cr_assert_eq(shareable__load(slot.data), 0);
  end_list(list);
}

Test(sync, none_over_none_waits_until_the_item_is_unlocked) {
  shareable_value value = shareable_none();
  shareable_list *list = new_list(&value, 1);

  lock_under(list, 0, dead_writer_id(), SHAREABLE__UNLOGGED);
  cr_ok(shareable_list_set_none(list, 0));
  cr_assert_eq(flags_of(list, 0), 0);
  end_list(list);
}

Test(sync, a_text_that_differs_in_one_word_needs_no_redo_record) {
  const shareable_value values[] = {shareable_int(7), shareable_str("old"), shareable_str("sixteen bytes ok")};
  shareable_list *list = new_list(values, 3), *other = again(0);
  uint32_t id = register_writer(other);
  uint64_t version = version_of(list, 1);
  int64_t start;

  register_writer(list);
  use_all_redo_records(list, id);
  start = now();
  cr_ok(shareable_list_set_str(list, 1, "new text", 8));
  cr_ok(shareable_list_set_str(list, 1, "", 0));
  cr_ok(shareable_list_set_str(list, 1, "new", 3));
  cr_ok(shareable_list_set_str(list, 2, "sixteen bytes OK", 16));
  cr_ok(shareable_list_set_str(list, 2, "sixteen bytes OK", 16));
  cr_assert_lt(now() - start, time_limit(UNLOGGED_AFTER));
  assert_same(get(list, 1), shareable_str("new"));
  assert_same(get(list, 2), shareable_str("sixteen bytes OK"));
  cr_assert_eq(version_of(list, 1), version + 3, "readers notice each write");
  shareable_list_unref(other);
  end_list(list);
}

Test(sync, a_text_of_another_type_or_format_needs_a_redo_record) {
  const shareable_value texts[] = {shareable_bytes("old", 3), shareable_strn("old\0", 4), shareable_int(7)};

  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
    const shareable_value values[] = {shareable_int(7), shareable_str("old")};
    shareable_list *list = new_list(values, 2);

    memset(list->sync.area->redo_records, 0, sizeof list->sync.area->redo_records);
    cr_ok(shareable_list_set(list, 1, &texts[k]));
    assert_same(get(list, 1), texts[k]);
    cr_assert_eq(list->sync.area->redo_records[0].item, 1);
    end_list(list);
  }
}

/* The changed word is in a page that the child cannot write. */
Test(sync, a_killed_writer_of_one_word_of_a_long_text_leaves_the_old_text) {
  static char old_text[2 * 65536], new_text[2 * 65536];
  size_t length = TWO_PAGES - 8;
  shareable_value read;
  shareable_list *list;

  memset(old_text, 'a', length);
  memcpy(new_text, old_text, length);
  new_text[TWO_PAGES / 2] = 'b';
  list = large(shareable_strn(old_text, length));
  kill_in_protected_page(list, 1, shareable_strn(old_text, length), shareable_strn(new_text, length));
  cr_ok(shareable_list_get(list, 1, &read, new_text, sizeof new_text));
  cr_assert_eq(read.length, length);
  cr_assert_eq(memcmp(new_text, old_text, length), 0);
  end_list(list);
}

/* Returns a list of an int and `count` texts. */
static shareable_list *texts(size_t count) {
  shareable_value values[10] = {shareable_int(7)};

  for (size_t k = 1; k <= count; k++)
    values[k] = shareable_str("sixteen bytes ok");
  return new_list(values, count + 1);
}

static void write_text(shareable_list *list, int64_t index, char character) {
  shareable_value value = text_of(character, 16);

  cr_ok(shareable_list_set(list, index, &value));
  assert_same(get(list, index), value);
}

Test(sync, a_writer_keeps_its_redo_record_for_the_item_that_it_wrote_last) {
  shareable_list *list = texts(2);
  int k;

  need_barriers();
  write_text(list, 1, 'a');
  k = kept_record(list);
  cr_assert_geq(k, 0);
  cr_assert_eq(list->sync.area->redo_records[k].use, SHAREABLE__REDO_KEPT + 4);
  for (char character = 'b'; character < 'f'; character++) {
    write_text(list, 1, character);
    cr_assert_eq(kept_record(list), k);
  }
  write_text(list, 2, 'a');
  cr_assert_eq(kept_record(list), k);
  cr_assert_eq(list->sync.area->redo_records[k].use, SHAREABLE__REDO_KEPT + 8);
  end_list(list);
}

Test(sync, a_closed_handle_keeps_no_redo_record) {
  shareable_list *list = texts(1), *other = again(0);

  need_barriers();
  write_text(other, 1, 'a');
  cr_assert_geq(kept_record(other), 0);
  shareable_list_unref(other);
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    cr_assert_eq(list->sync.area->redo_records[k].writer_id, 0);
  end_list(list);
}

Test(sync, a_fifth_writer_takes_a_kept_redo_record) {
  shareable_list *list = texts(6), *others[SHAREABLE__AREA_REDO_RECORDS + 1];
  int64_t start;

  need_barriers();
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    others[k] = again(0);
    write_text(others[k], k + 1, 'a');
    cr_assert_eq(kept_record(others[k]), k);
  }
  register_writer(list);
  start = now();
  write_text(list, 5, 'a');
  cr_assert_lt(now() - start, time_limit(UNLOGGED_AFTER));
  cr_assert_eq(kept_record(list), -1, "a writer that has taken a record does not keep it");
  cr_assert_eq(list->sync.area->redo_records[0].writer_id, 0);
  cr_assert_eq(word_of(list, 1) & SHAREABLE__LOCKED, 0, "the item of the record is unlocked");
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    write_text(others[k], k + 1, 'b');
  cr_assert_eq(kept_record(others[0]), -1, "a writer that has lost its record does not keep another one");
  for (int k = 0; k < SHAREABLE__KEEP_PAUSE; k++)
    write_text(list, 5, (char)('a' + k % 2));
  write_text(list, 5, 'c');
  cr_assert_geq(kept_record(list), 0, "after a pause it keeps one again");
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    shareable_list_unref(others[k]);
  end_list(list);
}

static void write_and_stop(shareable_list *list, int64_t index) {
  if (shareable_list_set_str(list, index, "aaaaaaaaaaaaaaaa", 16) != SHAREABLE_OK)
    _exit(1);
  raise(SIGSTOP);
  _exit(2);
}

Test(sync, stopped_writers_that_keep_all_redo_records_do_not_delay_others) {
  shareable_list *list = texts(5);
  pid_t children[SHAREABLE__AREA_REDO_RECORDS];
  int64_t start;

  need_barriers();
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    int state;

    children[k] = fork();
    if (children[k] == 0)
      write_and_stop(list, k + 1);
    cr_assert_eq(waitpid(children[k], &state, WUNTRACED), children[k]);
    cr_assert(WIFSTOPPED(state));
    cr_assert(is_kept(&list->sync.area->redo_records[k]));
  }
  register_writer(list);
  start = now();
  write_text(list, 5, 'b');
  cr_assert_lt(now() - start, time_limit(UNLOGGED_AFTER));
  cr_assert_eq(redo_records_in_use(list), 0);
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    kill(children[k], SIGKILL);
    cr_assert_eq(waitpid(children[k], NULL, 0), children[k]);
  }
  write_text(list, 1, 'b');
  end_list(list);
}

/* A stopped owner may be writing to its record: it has locked the item that it kept it for. */
Test(sync, a_kept_redo_record_is_not_taken_while_its_item_is_locked) {
  shareable_list *list = texts(5), *other = again(0);
  uint32_t id = register_writer(other);

  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    list->sync.area->redo_records[k].writer_id = id;
    list->sync.area->redo_records[k].use = SHAREABLE__REDO_KEPT + 4 * (uint32_t)(k + 1);
    lock_under(list, (size_t)k + 1, id, 0);
  }
  write_text(list, 5, 'a');
  write_text(list, 5, 'b');
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    cr_assert_eq(list->sync.area->redo_records[k].writer_id, id);
  put_word(list, 2, 0);
  write_text(list, 5, 'c');
  cr_assert_neq(list->sync.area->redo_records[1].writer_id, id);
  shareable_list_unref(other);
  for (int64_t k = 1; k < 5; k++)
    write_text(list, k, 'd');
  end_list(list);
}

Test(sync, an_impossible_kept_redo_record_does_not_affect_items) {
  shareable_list *list = texts(1);
  uint32_t dead = dead_writer_id();

  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    list->sync.area->redo_records[k].writer_id = dead;
    list->sync.area->redo_records[k].use = UINT32_MAX - 1;
  }
  write_text(list, 1, 'a');
  write_text(list, 1, 'b');
  end_list(list);
}

Test(sync, a_write_with_a_kept_redo_record_is_completed_after_a_kill) {
  shareable_list *list = large(text_of('a', 20));

  kill_in_protected_page(list, 1, text_of('b', 20), shareable_str("cccccccccccccccccccc"));
  assert_same(get(list, 1), text_of('c', 20));
  cr_ok(shareable_list_set_str(list, 1, "dddddddddddddddddddd", 20));
  assert_same(get(list, 1), text_of('d', 20));
  end_list(list);
}

Test(sync, the_next_writer_reclaims_redo_records_of_dead_writers) {
  shareable_list *list = two_ints();
  uint32_t dead = dead_writer_id();
  int64_t start = now();

  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    list->sync.area->redo_records[k].writer_id = dead;
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  cr_assert_lt(now() - start, time_limit(SECOND));
  assert_same(get(list, 1), shareable_str("text"));
  start = now();
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    cr_ok(shareable_list_set_int(list, 1, k));
  cr_assert_lt(now() - start, time_limit(SECOND));
  end_list(list);
}

Test(sync, committed_redo_records_of_dead_writers_are_replayed_before_they_are_reclaimed) {
  const shareable_value values[] = {shareable_int(0), shareable_int(1), shareable_int(2), shareable_int(3),
                                    shareable_int(4)};
  shareable_list *list = new_list(values, 5);
  uint32_t dead = dead_writer_id();
  int64_t start = now();

  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    leave_redo_record(list, k, dead, (size_t)k, shareable_float(k + 0.5));
    lock_under(list, (size_t)k, dead, 0);
  }
  cr_ok(shareable_list_set_str(list, 4, "text", 4));
  cr_assert_lt(now() - start, time_limit(SECOND));
  cr_assert_lt(redo_records_in_use(list), SHAREABLE__AREA_REDO_RECORDS);
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    assert_same(get(list, k), shareable_float(k + 0.5));
  assert_same(get(list, 4), shareable_str("text"));
  cr_assert_eq(redo_records_in_use(list), 0);
  end_list(list);
}

Test(sync, writers_that_hold_all_redo_records_do_not_stop_writes_to_other_items) {
  shareable_list *list = two_ints(), *other = again(0);
  uint32_t id = register_writer(other);
  int64_t start = now();

  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    list->sync.area->redo_records[k].writer_id = id;
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  cr_assert_lt(now() - start, time_limit(SECOND / 2));
  assert_same(get(list, 1), shareable_str("text"));
  start = now();
  for (int k = 0; k < 100; k++)
    cr_ok(shareable_list_set_int(list, 1, k));
  cr_assert_lt(now() - start, time_limit(SECOND / 2), "a handle waits once for the same records");
  assert_same(get(list, 1), shareable_int(99));
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++)
    cr_assert_eq(list->sync.area->redo_records[k].writer_id, id, "a living writer's redo record must not be reclaimed");
  cr_assert_eq(flags_of(list, 1) & (SHAREABLE__LOCKED | SHAREABLE__UNLOGGED), 0);
  shareable_list_unref(other);
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  cr_assert_lt(redo_records_in_use(list), SHAREABLE__AREA_REDO_RECORDS, "the records of dead writers are free again");
  end_list(list);
}

Test(sync, an_impossible_redo_record_does_not_affect_other_items) {
  shareable_list *list = two_ints();
  uint32_t dead = dead_writer_id();
  shareable_value value;

  leave_redo_record(list, 0, dead, 0, shareable_float(0.5));
  list->sync.area->redo_records[0].length = UINT64_MAX;
  lock_under(list, 0, dead, 0);
  shareable_list_get(list, 0, &value, NULL, 0);
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS - 1; k++) {
    leave_redo_record(list, k, dead, 1, shareable_float(0.5));
    list->sync.area->redo_records[k].item = UINT64_MAX - (uint64_t)k;
  }
  list->sync.area->redo_records[SHAREABLE__AREA_REDO_RECORDS - 1].writer_id = dead;
  assert_same(get(list, 1), shareable_int(7));
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  assert_same(get(list, 1), shareable_str("text"));
  cr_ok(shareable_list_set_str(list, 0, "text", 4));
  assert_same(get(list, 0), shareable_str("text"));
  end_list(list);
}

/* Returns the number of the handle's hazard, or -1. */
static int hazard_of(const shareable_list *list) {
  return list->sync.writer.hazard == NULL ? -1 : (int)(list->sync.writer.hazard - list->sync.area->hazards);
}

Test(sync, eight_handles_have_a_hazard_and_more_handles_write_without_one) {
  shareable_list *list = two_ints(), *handles[SHAREABLE__AREA_HAZARDS + 2], *late;

  need_barriers();
  for (int i = 0; i < (int)LENGTH(handles); i++) {
    handles[i] = again(0);
    cr_ok(shareable_list_set_int(handles[i], 0, i));
    cr_ok(shareable_list_set_int(handles[i], 0, i + 100));
    assert_same(get(list, 0), shareable_int(i + 100));
    cr_assert_eq(hazard_of(handles[i]), i < SHAREABLE__AREA_HAZARDS ? i : -1);
    cr_ok(shareable_list_set_str(handles[i], 1, "text", 4));
    cr_ok(shareable_list_set_int(handles[i], 1, i));
    assert_same(get(list, 1), shareable_int(i));
  }
  shareable_list_unref(handles[3]);
  late = again(0);
  register_writer(late);
  cr_assert_eq(hazard_of(late), 3, "the free hazard must be acquired");
  for (int i = 0; i < (int)LENGTH(handles); i++)
    if (i != 3)
      shareable_list_unref(handles[i]);
  shareable_list_unref(late);
  end_list(list);
}

Test(sync, a_child_and_then_its_parent_read_and_write_with_the_same_handle) {
  shareable_list *list = two_ints();
  uint32_t id = register_writer(list);
  char text[8];
  size_t length;
  pid_t child;
  int result;

  cr_ok(shareable_list_set_int(list, 0, 1));
  child = fork();
  if (child == 0) {
    int64_t integer = 0;
    if (shareable_list_get_int(list, 0, &integer) != SHAREABLE_OK || integer != 1)
      _exit(1);
    if (shareable_list_set_int(list, 0, 2) != SHAREABLE_OK || shareable_list_set_int(list, 0, 3) != SHAREABLE_OK)
      _exit(2);
    if (shareable_list_set_str(list, 1, "child", 5) != SHAREABLE_OK)
      _exit(3);
    if (shareable_list_get_str(list, 1, text, sizeof text, &length) != SHAREABLE_OK || memcmp(text, "child", 5) != 0)
      _exit(4);
    _exit(list->sync.writer.id == 0 || list->sync.writer.id == id ? 5 : 0);
  }
  cr_assert_eq(waitpid(child, &result, 0), child);
  cr_assert_eq(result, 0, "the child ended with %#x", result);
  assert_same(get(list, 0), shareable_int(3));
  assert_same(get(list, 1), shareable_str("child"));
  cr_ok(shareable_list_set_int(list, 0, 4));
  cr_ok(shareable_list_set_float(list, 1, 0.5));
  assert_same(get(list, 0), shareable_int(4));
  assert_same(get(list, 1), shareable_float(0.5));
  cr_assert_eq(list->sync.writer.id, id);
  cr_assert(shareable__writer_is_alive(&list->sync.writer, id));
  end_list(list);
}

Test(sync, a_killed_child_s_lock_does_not_count_as_its_parent_s) {
  shareable_list *list = large(shareable_int(7));
  int64_t start = now();

  register_writer(list);
  kill_while_writing(list, 1, shareable_str("child"));
  cr_ok(shareable_list_set_int(list, 1, 8));
  assert_same(get(list, 1), shareable_int(8));
  cr_assert_lt(now() - start, time_limit(SECOND));
  end_list(list);
}

/* A list that threads write until `item` is negative. */
typedef struct race {
  shareable_list *list;
  atomic_int item; /* the item to write; negative: stop */
  atomic_int failed;
} race;

static void *write_ints(void *data) {
  race *run = data;
  int item;

  while ((item = atomic_load(&run->item)) >= 0)
    if (shareable_list_set_int(run->list, item, 0x4141414141414141) != SHAREABLE_OK)
      atomic_store(&run->failed, 1);
  return NULL;
}

static void *write_texts(void *data) {
  race *run = data;
  char text[40];
  int item;

  for (int turn = 0; (item = atomic_load(&run->item)) >= 0; turn++) {
    memset(text, turn % 2 == 0 ? 'b' : 'c', sizeof text);
    if (shareable_list_set_str(run->list, item, text, turn % 2 == 0 ? sizeof text : 20) != SHAREABLE_OK)
      atomic_store(&run->failed, 1);
  }
  return NULL;
}

/*
 * Reads an item, checks that it is one of the three possible values, and returns the number of the
 * value.
 */
static int read_one_of_three(const shareable_list *list, int64_t index) {
  char text[40], buffer[64];
  shareable_value value;

  cr_ok(shareable_list_get(list, index, &value, buffer, sizeof buffer));
  if (value.type == SHAREABLE_TYPE_INT) {
    cr_assert(value.integer == 0x4141414141414141 || value.integer == 0, "%llx", (unsigned long long)value.integer);
    return 0;
  }
  cr_assert_eq(value.type, SHAREABLE_TYPE_STR);
  memset(text, value.length == 40 ? 'b' : 'c', sizeof text);
  cr_assert(value.length == 40 || value.length == 20);
  cr_assert_eq(memcmp(value.text, text, value.length), 0, "%.40s", value.text);
  return value.length == 40 ? 1 : 2;
}

static int count_kinds(const int seen[3]) {
  return (seen[0] > 0) + (seen[1] > 0) + (seen[2] > 0);
}

/* Reads each item until `kinds` of the three values were seen in it. */
static void run_race(int items, int kinds) {
  shareable_value *values = calloc((size_t)items, sizeof *values);
  race run = {0};
  shareable_list *reader;
  int64_t deadline = now() + 60 * SECOND; /* much more than necessary, for a busy machine */
  pthread_t threads[2];

  for (int i = 0; i < items; i++) {
    values[i] = shareable_int(0);
    values[i].capacity = 40;
  }
  run.list = new_list(values, (size_t)items);
  reader = again(SHAREABLE_READ_ONLY);
  cr_assert_eq(pthread_create(&threads[0], NULL, write_ints, &run), 0);
  cr_assert_eq(pthread_create(&threads[1], NULL, write_texts, &run), 0);
  for (int i = 0; i < items; i++) {
    int seen[3] = {0};
    atomic_store(&run.item, i);
    for (int k = 0; (k < 20000 / items || count_kinds(seen) < kinds) && now() < deadline; k++)
      seen[read_one_of_three(k % 2 == 0 ? reader : run.list, i)]++;
    cr_assert_geq(count_kinds(seen), kinds, "item %d: %d ints, %d and %d texts", i, seen[0], seen[1], seen[2]);
  }
  atomic_store(&run.item, -1);
  for (int i = 0; i < 2; i++)
    cr_assert_eq(pthread_join(threads[i], NULL), 0);
  cr_assert_eq(atomic_load(&run.failed), 0);
  for (int i = 0; i < items; i++)
    read_one_of_three(run.list, i);
  shareable_list_unref(reader);
  end_list(run.list);
  free(values);
}

Test(sync, a_reader_never_sees_a_mixture_of_the_types_that_two_threads_write) {
  run_race(1, 3);
}

Test(sync, an_int_is_never_stored_into_an_item_that_has_become_a_text) {
  run_race(100, 2);
}

/* A sequence of living writers holds item 1 for 1.6 seconds. */
static void *hold_in_turn(void *data) {
  shareable_list *list = data;
  uint64_t word = word_of(list, 1);

  for (int turn = 0; turn < 80; turn++) {
    word += 16;
    put_word(list, 1, word);
    usleep(20000);
  }
  put_word(list, 1, word & 0xfffffff0);
  return NULL;
}

/* The timeout of one second is for one writer, not for the sequence. */
Test(sync, a_write_waits_for_a_sequence_of_writers_that_hold_the_item) {
  shareable_list *list = two_ints(), *holder = again(0);
  pthread_t turns;

  lock_under(list, 1, register_writer(holder), 0);
  cr_assert_eq(pthread_create(&turns, NULL, hold_in_turn, list), 0);
  cr_ok(shareable_list_set_int(list, 1, 9));
  pthread_join(turns, NULL);
  assert_same(get(list, 1), shareable_int(9));
  shareable_list_unref(holder);
  end_list(list);
}

/* Starts a child that writes texts of that length until it is killed. */
static pid_t busy_writer(const char *name, size_t length) {
  pid_t child = fork();

  if (child == 0) {
    char *texts[] = {malloc(length), malloc(length)};
    shareable_list *own = NULL;

    memset(texts[0], 'a', length);
    memset(texts[1], 'b', length);
    if (shareable_list_open(&own, name, 0, NULL) != SHAREABLE_OK)
      _exit(1);
    for (size_t i = 0;; i++)
      shareable_list_set_str(own, 0, texts[i % 2], length);
  }
  return child;
}

Test(sync, a_busy_writer_does_not_delay_a_reader_of_a_long_text) {
  enum { LENGTH_OF_TEXT = 4000000 };
  char *text = malloc(LENGTH_OF_TEXT);
  shareable_list *list;
  pid_t writer;

  memset(text, 'a', LENGTH_OF_TEXT);
  list = new_list(&(shareable_value){.type = SHAREABLE_TYPE_STR, .text = text, .length = LENGTH_OF_TEXT}, 1);
  writer = busy_writer(shareable_memory_name(shareable_list_memory(list)), LENGTH_OF_TEXT);
  for (int i = 0; i < 50; i++) {
    int64_t start = now();
    size_t length = 0;

    cr_ok(shareable_list_get_str(list, 0, text, LENGTH_OF_TEXT, &length));
    cr_assert_lt(now() - start, time_limit(SECOND));
    cr_assert_eq(text[0], text[length - 1]);
    cr_assert_null(memchr(text, text[0] == 'a' ? 'b' : 'a', length));
  }
  kill(writer, SIGKILL);
  waitpid(writer, NULL, 0);
  free(text);
  end_list(list);
}

Test(sync, a_reader_that_locks_an_item_leaves_its_version_word_unchanged) {
  shareable_list *list = two_ints();
  shareable__read_attempt attempt = {.attempts = 1000}; /* enough attempts to make the reader lock the item */
  shareable__slot slot;
  uint64_t before;

  cr_assert(shareable__layout_slot(&list->layout, 1, &slot));
  cr_ok(shareable_list_set_str(list, 1, "text", 4));
  before = word_of(list, 1);
  cr_ok(shareable__read_begin(&list->sync, 1, &slot, &attempt));
  cr_assert(attempt.is_locked);
  cr_assert_neq(flags_of(list, 1) & SHAREABLE__LOCKED, 0);
  cr_assert(shareable__read_valid(&list->sync, 1, attempt.version));
  shareable__read_end(&list->sync, 1, &attempt);
  cr_assert_eq(word_of(list, 1), before);
  end_list(list);
}

Test(sync, a_ninth_handle_gets_a_hazard_after_another_one_is_closed) {
  shareable_list *list = two_ints(), *handles[SHAREABLE__AREA_HAZARDS + 1];

  need_barriers();
  for (size_t i = 0; i < LENGTH(handles); i++) {
    handles[i] = again(0);
    cr_ok(shareable_list_set_int(handles[i], 0, 7));
  }
  cr_assert_null(handles[SHAREABLE__AREA_HAZARDS]->sync.writer.hazard);
  shareable_list_unref(handles[0]);
  for (int i = 0; i < 100; i++)
    cr_ok(shareable_list_set_int(handles[SHAREABLE__AREA_HAZARDS], 0, i));
  cr_assert_not_null(shareable__writer_fast_hazard(&handles[SHAREABLE__AREA_HAZARDS]->sync.writer));
  for (size_t i = 1; i < LENGTH(handles); i++)
    shareable_list_unref(handles[i]);
  end_list(list);
}

/* A child closes all descriptors, and opens other files in their place. */
Test(sync, a_handle_opens_its_block_again_if_its_descriptor_was_reused) {
  shareable_list *list = two_ints(), *own = NULL;
  uint32_t dead = dead_writer_id();
  pid_t child = fork();
  int state;

  if (child == 0) {
    FILE *file;

    if (shareable_list_open(&own, shareable_memory_name(shareable_list_memory(list)), 0, NULL) != SHAREABLE_OK)
      _exit(1);

    closefrom(3);
    file = tmpfile();
    for (int i = 0; i < 8; i++)
      if (dup(fileno(file)) < 0)
        _exit(1);
    lock_under(own, 1, dead, 0);
    if (shareable_list_set_str(own, 1, "text", 4) != SHAREABLE_OK || shareable_list_lock(own, SECOND) != SHAREABLE_OK)
      _exit(2);
    shareable_list_close(own);
    _exit(fcntl(fileno(file), F_GETFD) < 0 ? 3 : 0);
  }
  cr_assert_eq(waitpid(child, &state, 0), child);
  cr_assert_eq(state, 0, "%#x", (unsigned)state);
  assert_same(get(list, 1), shareable_str("text"));
  end_list(list);
}

Test(sync, a_list_can_be_written_after_its_process_dropped_privileges) {
  shareable_list *list = two_ints(), *own = NULL;
  pid_t child;
  int state;

  if (geteuid() != 0)
    skip_because("needs root, which can become another user");
  child = fork();
  if (child == 0) {
    if (shareable_list_open(&own, shareable_memory_name(shareable_list_memory(list)), 0, NULL) != SHAREABLE_OK ||
        setgid(65533) != 0 || setuid(65533) != 0)
      _exit(1);
    _exit(shareable_list_set_int(own, 0, 8) != SHAREABLE_OK ||
          shareable_list_set_str(own, 1, "text", 4) != SHAREABLE_OK || shareable_list_lock(own, 0) != SHAREABLE_OK);
  }
  cr_assert_eq(waitpid(child, &state, 0), child);
  cr_assert_eq(state, 0);
  assert_same(get(list, 0), shareable_int(8));
  end_list(list);
}
