/*
 * list.c - tests of core/src/list: creating, opening and closing lists, items, ranges, and
 * messages.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

#include "list/list.h"
#include "support.h"

static shareable_list *seven(void) {
  const shareable_value values[] = {
    shareable_str("howdy"), shareable_bytes("HoWdY", 5), shareable_float(-273.154), shareable_int(100),
    shareable_none(),       shareable_bool(1),           shareable_int(42)};
  return new_list(values, LENGTH(values));
}

static shareable_value get(const shareable_list *list, int64_t index) {
  static char buffer[64];
  shareable_value value;

  cr_ok(shareable_list_get(list, index, &value, buffer, sizeof buffer));
  return value;
}

static void assert_text(shareable_value value, shareable_type type, const char *text, size_t length) {
  cr_assert_eq(value.type, type);
  cr_assert_eq(value.length, length, "%zu bytes, not %zu", (size_t)value.length, length);
  cr_assert_eq(memcmp(value.text, text, length), 0);
}

/* The writer of the file has a buffer of 32 KiB: with some of these lengths, it is full before the codes. */
Test(list, is_created_with_any_number_of_items) {
  static const size_t around[] = {1365, 2730, 4095, 4096, 6826};
  shareable_value *values = calloc(7000, sizeof *values);
  shareable_list *list = NULL;
  int64_t integer;

  for (size_t i = 0; i < 7000; i++)
    values[i] = i % 2 == 0 ? shareable_int((int64_t)i + 1) : shareable_none();
  for (size_t i = 0; i < LENGTH(around); i++)
    for (size_t count = around[i] - 2; count <= around[i] + 2; count++) {
      cr_ok(shareable_list_create(&list, own_name(), values, count, 0, 0600, NULL));
      for (size_t item = 0; item < count; item += 2) {
        cr_ok(shareable_list_get_int(list, (int64_t)item, &integer));
        cr_assert_eq(integer, (int64_t)item + 1);
      }
      for (size_t item = 1; item < count; item += 2)
        cr_status(shareable_list_get_int(list, (int64_t)item, &integer), SHAREABLE_E_TYPE);
      cr_ok(shareable_list_unlink(list, NULL));
      shareable_list_unref(list);
    }
  free(values);
}

Test(list, contains_values_of_every_type) {
  shareable_list *list = seven();

  cr_assert_eq(shareable_list_length(list), 7);
  assert_text(get(list, 0), SHAREABLE_TYPE_STR, "howdy", 5);
  assert_text(get(list, 1), SHAREABLE_TYPE_BYTES, "HoWdY", 5);
  cr_assert_eq(get(list, 2).real, -273.154);
  cr_assert_eq(get(list, 3).integer, 100);
  cr_assert_eq(get(list, 4).type, SHAREABLE_TYPE_NONE);
  cr_assert_eq(get(list, 5).boolean, 1);
  cr_assert_eq(get(list, -1).integer, 42);
  end_list(list);
}

Test(list, typed_getters_read_only_their_type) {
  shareable_list *list = seven();
  char buffer[8];
  int64_t integer = -1;
  double real = -1;
  int boolean = -1;
  size_t length = 99;

  cr_ok(shareable_list_get_int(list, 3, &integer));
  cr_ok(shareable_list_get_float(list, 2, &real));
  cr_ok(shareable_list_get_bool(list, 5, &boolean));
  cr_ok(shareable_list_get_str(list, 0, buffer, sizeof buffer, &length));
  cr_assert(integer == 100 && real == -273.154 && boolean == 1 && length == 5);
  cr_ok(shareable_list_get_bytes(list, 1, buffer, sizeof buffer, &length));
  cr_assert_eq(memcmp(buffer, "HoWdY", 5), 0);
  cr_status(shareable_list_get_int(list, 2, &integer), SHAREABLE_E_TYPE);
  cr_status(shareable_list_get_int(list, 5, &integer), SHAREABLE_E_TYPE);
  cr_status(shareable_list_get_float(list, 3, &real), SHAREABLE_E_TYPE);
  cr_status(shareable_list_get_bool(list, 3, &boolean), SHAREABLE_E_TYPE);
  cr_status(shareable_list_get_bool(list, 0, &boolean), SHAREABLE_E_TYPE);
  cr_status(shareable_list_get_str(list, 1, buffer, sizeof buffer, &length), SHAREABLE_E_TYPE);
  cr_status(shareable_list_get_bytes(list, 0, buffer, sizeof buffer, &length), SHAREABLE_E_TYPE);
  cr_status(shareable_list_get_str(list, 0, buffer, 4, &length), SHAREABLE_E_BUFFER);
  cr_assert(integer == 100 && real == -273.154 && boolean == 1 && length == 5, "a failure changes nothing");
  end_list(list);
}

Test(list, typed_setters_change_the_type) {
  shareable_list *list = seven();
  shareable_type type;

  cr_ok(shareable_list_set_int(list, 0, INT64_MIN));
  cr_assert_eq(get(list, 0).integer, INT64_MIN);
  cr_ok(shareable_list_set_float(list, 0, 0.5));
  cr_assert_eq(get(list, 0).real, 0.5);
  cr_ok(shareable_list_set_bool(list, 0, 7));
  cr_assert_eq(get(list, 0).boolean, 1);
  cr_ok(shareable_list_set_none(list, 0));
  cr_ok(shareable_list_type(list, 0, &type));
  cr_assert_eq(type, SHAREABLE_TYPE_NONE);
  cr_ok(shareable_list_set_bytes(list, 0, "\xff", 1));
  assert_text(get(list, 0), SHAREABLE_TYPE_BYTES, "\xff", 1);
  cr_ok(shareable_list_set_str(list, 0, "dry ice", 7));
  assert_text(get(list, 0), SHAREABLE_TYPE_STR, "dry ice", 7);
  end_list(list);
}

Test(list, two_handles_of_a_name_share_the_items) {
  shareable_list *list = seven(), *again;

  cr_ok(shareable_list_open(&again, own_name(), 0, NULL));
  cr_assert_eq(shareable_list_length(again), 7);
  cr_ok(shareable_list_set_int(again, -1, -999));
  cr_assert_eq(get(list, 6).integer, -999);
  shareable_list_unref(again);
  end_list(list);
}

Test(list, may_be_empty) {
  shareable_list *list = new_list_with(NULL, 0, SHAREABLE_NO_SYNC), *again;
  shareable_value value;
  size_t n = 99;

  cr_assert_eq(shareable_memory_size(shareable_list_memory(list)), 16);
  cr_ok(shareable_list_open(&again, own_name(), 0, NULL));
  cr_assert_eq(shareable_list_length(again), 0);
  cr_status(shareable_list_get(again, 0, &value, NULL, 0), SHAREABLE_E_INDEX);
  cr_status(shareable_list_get(again, -1, &value, NULL, 0), SHAREABLE_E_INDEX);
  value = shareable_none();
  cr_ok(shareable_list_count(again, &value, &n));
  cr_assert_eq(n, 0);
  cr_ok(shareable_list_format(again, NULL, 0, &n));
  cr_assert_eq(n, 0);
  cr_ok(shareable_list_get_ints(again, 0, 0, NULL, &n));
  shareable_list_unref(again);
  end_list(list);
}

Test(list, has_the_bytes_of_cpython) {
  static const char expected[] = "\2\0\0\0\0\0\0\0"
                                 "\0\0\0\0\0\0\0\0\10\0\0\0\0\0\0\0\30\0\0\0\0\0\0\0"
                                 "\7\0\0\0\0\0\0\0nine byte\0\0\0\0\0\0\0"
                                 "q\0\0\0\0\0\0\00016s\0\0\0\0\0\0\1";
  const shareable_value values[] = {shareable_int(7), shareable_str("nine byte")};
  shareable_list *list = new_list_with(values, 2, SHAREABLE_NO_SYNC);
  shareable_memory *memory = shareable_list_memory(list);

  if (*(const unsigned char *)&(const int){1} != 1)
    skip_because("the bytes are written for a little-endian machine");
  cr_assert_eq(shareable_memory_size(memory), 74);
  cr_assert_eq(memcmp(shareable_memory_address(memory), expected, 74), 0);
  end_list(list);
}

/* Stock Python strips trailing NULs of str and bytes when it reads them. */
Test(list, stock_bug_trailing_nuls_are_kept) {
  const shareable_value values[] = {shareable_strn("?\0", 2), shareable_bytes("\3\2\1\0\0\0", 6),
                                    shareable_strn("\0\0\0\0\0\0\0", 7), shareable_bytes("a\0b\0", 4)};
  shareable_list *list = new_list(values, 4);

  for (int i = 0; i < 4; i++)
    assert_text(get(list, i), values[i].type, values[i].text, (size_t)values[i].length);
  cr_ok(shareable_list_set_str(list, 0, "12345\0\0\0", 8));
  assert_text(get(list, 0), SHAREABLE_TYPE_STR, "12345\0\0\0", 8);
  cr_ok(shareable_list_set_str(list, 0, "", 0));
  assert_text(get(list, 0), SHAREABLE_TYPE_STR, "", 0);
  end_list(list);
}

/* Stock Python sizes the slot of a str by its characters, and so cuts 12 e-acute to 8. */
Test(list, stock_bug_a_slot_is_sized_by_utf8_bytes) {
  const char *text = "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9";
  const shareable_value values[] = {shareable_str(text)};
  shareable_list *list = new_list(values, 1);
  size_t size;

  assert_text(get(list, 0), SHAREABLE_TYPE_STR, text, 24);
  cr_ok(shareable_list_capacity(list, 0, &size));
  cr_assert_eq(size, 32);
  end_list(list);
}

/*
 * A str that stock Python stores completely gets the same slot, even if the bytes fill the slot
 * without a NUL.
 */
Test(list, a_str_gets_the_slot_of_its_characters_if_its_bytes_fit) {
  const shareable_value values[] = {
    shareable_str("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), shareable_str("\xf0\x9f\x98\x80\xf0\x9f\x98\x80"),
    shareable_str("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"), shareable_bytes("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 8),
    shareable_strn("\xc3\xa9\xc3\xa9\xc3\xa9\0\0", 8)};
  static const size_t sizes[] = {8, 8, 16, 16, 8};
  shareable_list *list = new_list(values, LENGTH(values));
  char format[40];
  size_t length;

  for (size_t i = 0; i < LENGTH(values); i++) {
    size_t size;

    cr_ok(shareable_list_capacity(list, (int64_t)i, &size));
    cr_assert_eq(size, sizes[i], "item %zu: %zu bytes", i, size);
    assert_text(get(list, (int64_t)i), values[i].type, values[i].text, values[i].length);
  }
  cr_ok(shareable_list_format(list, format, sizeof format, &length));
  cr_assert_str_eq((format[length] = '\0', format), "8s8s16s16s8s ");
  end_list(list);
}

/* In stock Python, s[-5] = 9 on a list of 3 items writes to other items. */
Test(list, stock_bug_an_index_below_minus_n_is_refused) {
  const int64_t bad[] = {3, 4, -4, -5, INT64_MAX, INT64_MIN};
  const shareable_value values[] = {shareable_int(0), shareable_int(1), shareable_int(2)};
  shareable_list *list = new_list(values, 3);
  int64_t integer;

  for (size_t i = 0; i < LENGTH(bad); i++) {
    cr_status(shareable_list_set_int(list, bad[i], 9), SHAREABLE_E_INDEX);
    cr_status(shareable_list_get_int(list, bad[i], &integer), SHAREABLE_E_INDEX);
  }
  for (int64_t i = 0; i < 3; i++)
    cr_assert_eq(get(list, i).integer, i);
  cr_assert_eq(get(list, -3).integer, 0);
  end_list(list);
}

/* In stock Python, s[0] = 2**63 raises after it has changed the format. */
Test(list, stock_bug_a_refused_write_changes_nothing) {
  const shareable_value odd = {.type = 6};
  shareable_list *list = seven();
  char before[200], *bytes = shareable_memory_address(shareable_list_memory(list));
  const size_t size = 191; /* of the list itself */

  memcpy(before, bytes, size);
  cr_status(shareable_list_set_str(list, 3, "longer than 8", 13), SHAREABLE_E_CAPACITY);
  cr_status(shareable_list_set_str(list, 3, "\xff", 1), SHAREABLE_E_UTF8);
  cr_status(shareable_list_set(list, 3, &odd), SHAREABLE_E_VALUE_TYPE);
  cr_status(shareable_list_set(list, 3, NULL), SHAREABLE_E_ARGUMENT);
  cr_assert_eq(memcmp(before, bytes, size), 0);
  end_list(list);
}

/* In stock Python, a failed construction leaves the segment behind. */
Test(list, stock_bug_a_failed_construction_leaves_nothing) {
  const shareable_value good = shareable_int(1);
  const shareable_value bad[] = {
    {.type = 6}, shareable_str("\xff"), shareable_strn(NULL, 5), {.type = SHAREABLE_TYPE_INT, .capacity = 9999993}};
  shareable_list *list = NULL;
  shareable_error error;

  for (size_t i = 0; i < LENGTH(bad); i++) {
    const shareable_value values[] = {good, bad[i]};
    cr_assert_lt(shareable_list_create(&list, own_name(), values, 2, 0, 0, &error), 0);
    cr_assert_not_null(strstr(error.message, "item 1"), "%s", error.message);
    cr_assert_not(exists(own_name()));
    cr_assert_null(list);
  }
  cr_status(shareable_list_create(&list, own_name(), NULL, 1, 0, 0, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_create(NULL, own_name(), &good, 1, 0, 0, &error), SHAREABLE_E_ARGUMENT);
  cr_assert_not(exists(own_name()));
}

/* Writes two ints alternately to item 0, and two floats to item 1, until the process is killed. */
static void write_forever(shareable_list *list) {
  for (int64_t turn = 0;; turn = ~turn) {
    shareable_list_set_int(list, 0, turn);
    shareable_list_set_float(list, 1, turn == 0 ? 0x1p-1000 : -0x1.fffffffffffffp1000);
  }
}

/*
 * In stock Python, a reader may see torn values. Here, a number that keeps its type is one store
 * and one load.
 */
Test(list, stock_bug_an_int_or_a_float_is_never_torn) {
  const shareable_value values[] = {shareable_int(0), shareable_float(0x1p-1000)};
  shareable_list *list = new_list(values, 2);
  int64_t integer = 5;
  double real = 5;
  int changes = 0;
  pid_t child = fork();

  if (child == 0)
    write_forever(list);
  for (int i = 0; i < 2000000 || (changes <= 2 && i < 200000000); i++) { /* the writer may begin late */
    int64_t before = integer;
    cr_ok(shareable_list_get_int(list, 0, &integer));
    cr_ok(shareable_list_get_float(list, 1, &real));
    cr_assert(integer == 0 || integer == -1, "%llx", (unsigned long long)integer);
    cr_assert(real == 0x1p-1000 || real == -0x1.fffffffffffffp1000, "%a", real);
    changes += integer != before;
  }
  kill(child, SIGKILL);
  cr_assert_eq(waitpid(child, NULL, 0), child);
  cr_assert_gt(changes, 2, "the writer wrote during the reads");
  end_list(list);
}

/* In stock Python, an attach between shm_open() and ftruncate() finds a block of 0 bytes. */
Test(list, stock_bug_opening_an_unfinished_stock_list_fails_and_keeps_the_block) {
  shareable_memory *memory;
  shareable_list *list = NULL;

  cr_ok(shareable_memory_create(&memory, own_name(), 15, 0, 0, NULL));
  cr_status(shareable_list_open(&list, own_name(), 0, NULL), SHAREABLE_E_NOT_LIST);
  cr_assert(exists(own_name()));
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

Test(list, a_new_list_takes_texts_of_up_to_9999991_bytes) {
  char *text = malloc(10000000);
  shareable_value value;
  shareable_list *list = NULL;
  shareable_error error;
  char *buffer = malloc(10000000);
  size_t length;

  memset(text, 'x', 10000000);
  value = shareable_strn(text, 9999991);
  list = new_list(&value, 1);
  cr_ok(shareable_list_get_str(list, 0, buffer, 10000000, &length));
  cr_assert(length == 9999991 && memcmp(buffer, text, length) == 0);
  cr_ok(shareable_list_set_str(list, 0, text, 9999992));
  cr_ok(shareable_list_get_str(list, 0, buffer, 10000000, &length));
  cr_assert_eq(length, 9999992);
  end_list(list);
  value = shareable_strn(text, 9999992);
  cr_status(shareable_list_create(&list, own_name(), &value, 1, 0, 0, &error), SHAREABLE_E_TOO_LONG);
  cr_assert_not_null(strstr(error.message, "9999991"), "%s", error.message);
  free(text);
  free(buffer);
}

Test(list, a_text_that_ends_in_nul_may_have_up_to_999999_bytes) {
  char *text = calloc(1, 1000000), *buffer = malloc(1000000);
  shareable_value value = shareable_bytes(text, 999999);
  shareable_list *list;
  size_t length;

  value.capacity = 1000000;
  list = new_list(&value, 1);
  cr_ok(shareable_list_get_bytes(list, 0, buffer, 1000000, &length));
  cr_assert_eq(length, 999999);
  cr_status(shareable_list_set_bytes(list, 0, text, 1000000), SHAREABLE_E_TOO_LONG);
  text[999999] = 'x';
  cr_ok(shareable_list_set_bytes(list, 0, text, 1000000));
  cr_ok(shareable_list_get_bytes(list, 0, buffer, 1000000, &length));
  cr_assert_eq(length, 1000000);
  end_list(list);
  free(text);
  free(buffer);
}

Test(list, a_capacity_makes_room_for_longer_texts) {
  shareable_value values[] = {shareable_str("short"), shareable_int(1), shareable_none(), shareable_none()};
  const size_t sizes[] = {104, 16, 16, 8};
  shareable_list *list;
  size_t size;

  values[0].capacity = 100;
  values[1].capacity = 16;
  values[2] = shareable_str("0123456789");
  values[2].capacity = 3;
  list = new_list(values, 4);
  for (int i = 0; i < 4; i++) {
    cr_ok(shareable_list_capacity(list, i, &size));
    cr_assert_eq(size, sizes[i]);
  }
  cr_ok(shareable_list_set_str(list, 1, "sixteen bytes ok", 16));
  assert_text(get(list, 1), SHAREABLE_TYPE_STR, "sixteen bytes ok", 16);
  end_list(list);
}

Test(list, a_text_may_fill_its_capacity) {
  shareable_value values[] = {shareable_str("12345678"), shareable_strn("1234567\0", 8), shareable_bytes("", 0),
                              shareable_str("123456789")};
  const size_t sizes[] = {8, 8, 8, 16}, without[] = {16, 16, 8, 16};
  shareable_list *list;
  size_t size;

  for (int has_capacity = 0; has_capacity < 2; has_capacity++) {
    for (int i = 0; i < 4; i++)
      values[i].capacity = has_capacity ? 8 : 0;
    list = new_list(values, 4);
    for (int i = 0; i < 4; i++) {
      cr_ok(shareable_list_capacity(list, i, &size));
      cr_assert_eq(size, (has_capacity ? sizes : without)[i]);
      assert_text(get(list, i), values[i].type, values[i].text, (size_t)values[i].length);
    }
    end_list(list);
  }
}

Test(list, counts_and_finds_as_python_compares) {
  const int64_t big = (INT64_C(1) << 53) + 1;
  const shareable_value values[] = {shareable_int(1),     shareable_float(1.0),    shareable_bool(1),
                                    shareable_str("1"),   shareable_bytes("1", 1), shareable_none(),
                                    shareable_float(NAN), shareable_int(big),      shareable_float(0x1p53)};
  const struct {
    shareable_value value;
    size_t count;
    int index;
  } rows[] = {{shareable_int(1), 3, 0},       {shareable_float(1.0), 3, 0},    {shareable_bool(1), 3, 0},
              {shareable_str("1"), 1, 3},     {shareable_bytes("1", 1), 1, 4}, {shareable_none(), 1, 5},
              {shareable_float(NAN), 0, -1},  {shareable_int(big), 1, 7},      {shareable_float(0x1p53), 1, 8},
              {shareable_int(big - 1), 1, 8}, {shareable_str("\xff"), 0, -1},  {shareable_bool(0), 0, -1}};
  shareable_list *list = new_list(values, LENGTH(values));

  for (size_t i = 0; i < LENGTH(rows); i++) {
    size_t count = 99, index = 99;
    cr_ok(shareable_list_count(list, &rows[i].value, &count));
    cr_assert_eq(count, rows[i].count, "row %zu: %zu", i, count);
    cr_status(shareable_list_index(list, &rows[i].value, &index),
              rows[i].index < 0 ? SHAREABLE_E_ABSENT : SHAREABLE_OK);
    cr_assert_eq(index, rows[i].index < 0 ? 99 : (size_t)rows[i].index);
  }
  end_list(list);
}

Test(list, returns_its_format) {
  shareable_list *list = seven();
  char buffer[100];
  size_t length = 0;

  cr_status(shareable_list_format(list, NULL, 0, &length), SHAREABLE_E_BUFFER);
  cr_assert_eq(length, strlen("8s8sdqxxxxxx?xxxxxxxx?q"));
  cr_ok(shareable_list_format(list, buffer, sizeof buffer, &length));
  cr_assert_eq(memcmp(buffer, "8s8sdqxxxxxx?xxxxxxxx?q", length), 0);
  cr_ok(shareable_list_format(list, buffer, sizeof buffer, NULL));
  end_list(list);
}

Test(list, reads_and_writes_ranges) {
  const shareable_value values[] = {shareable_int(0), shareable_str("a"), shareable_none(), shareable_int(3)};
  const int64_t written[] = {10, 20, 30};
  const double reals[] = {-0.0, INFINITY};
  shareable_list *list = new_list(values, 4);
  int64_t integers[4] = {0};
  double back[2];
  size_t done = 99;

  cr_ok(shareable_list_set_ints(list, 1, 3, written, &done));
  cr_assert_eq(done, 3);
  cr_ok(shareable_list_get_ints(list, -4, 4, integers, NULL));
  cr_assert(integers[0] == 0 && integers[1] == 10 && integers[2] == 20 && integers[3] == 30);
  cr_ok(shareable_list_set_floats(list, -2, 2, reals, &done));
  cr_ok(shareable_list_get_floats(list, 2, 2, back, &done));
  cr_assert(signbit(back[0]) && back[1] == INFINITY);
  cr_status(shareable_list_get_ints(list, 0, 4, integers, &done), SHAREABLE_E_TYPE);
  cr_assert_eq(done, 2, "it stops at the first item of another type");
  cr_status(shareable_list_get_floats(list, 0, 4, back, &done), SHAREABLE_E_TYPE);
  cr_assert_eq(done, 0);
  end_list(list);
}

/* In a 32-bit process, each of these would be a valid index if it were cut to a size_t. */
Test(list, an_index_of_more_than_32_bits_is_out_of_range) {
  static const int64_t out_of_range[] = {
    INT64_C(1) << 32, (INT64_C(1) << 32) + 1, -(INT64_C(1) << 32) - 1, -(INT64_C(1) << 32) + 1, INT64_MAX,
    INT64_MIN,        INT64_MIN + 2,          (INT64_C(3) << 32) + 6,  -(INT64_C(1) << 33) - 7};
  shareable_list *list = seven();
  shareable_value value = shareable_int(1);
  char buffer[16];

  for (size_t k = 0; k < LENGTH(out_of_range); k++) {
    int64_t index = out_of_range[k], integers[1] = {1};
    shareable_type type;
    double real = 1;
    int boolean;
    size_t n;

    cr_status(shareable_list_get(list, index, &value, buffer, sizeof buffer), SHAREABLE_E_INDEX);
    cr_status(shareable_list_get_int(list, index, integers), SHAREABLE_E_INDEX);
    cr_status(shareable_list_get_float(list, index, &real), SHAREABLE_E_INDEX);
    cr_status(shareable_list_get_bool(list, index, &boolean), SHAREABLE_E_INDEX);
    cr_status(shareable_list_get_str(list, index, buffer, sizeof buffer, &n), SHAREABLE_E_INDEX);
    cr_status(shareable_list_set_int(list, index, 1), SHAREABLE_E_INDEX);
    cr_status(shareable_list_set_float(list, index, 1), SHAREABLE_E_INDEX);
    cr_status(shareable_list_set_bool(list, index, 1), SHAREABLE_E_INDEX);
    cr_status(shareable_list_set_none(list, index), SHAREABLE_E_INDEX);
    cr_status(shareable_list_set_str(list, index, "x", 1), SHAREABLE_E_INDEX);
    cr_status(shareable_list_add(list, index, 1, NULL), SHAREABLE_E_INDEX);
    cr_status(shareable_list_exchange(list, index, 1, NULL), SHAREABLE_E_INDEX);
    cr_status(shareable_list_compare_exchange(list, index, integers, 1, NULL), SHAREABLE_E_INDEX);
    cr_status(shareable_list_type(list, index, &type), SHAREABLE_E_INDEX);
    cr_status(shareable_list_capacity(list, index, &n), SHAREABLE_E_INDEX);
    cr_status(shareable_list_get_ints(list, index, 1, integers, &n), SHAREABLE_E_INDEX);
    cr_status(shareable_list_set_ints(list, index, 1, integers, &n), SHAREABLE_E_INDEX);
    cr_status(shareable_list_get_floats(list, index, 1, &real, &n), SHAREABLE_E_INDEX);
    cr_status(shareable_list_set_floats(list, index, 1, &real, &n), SHAREABLE_E_INDEX);
    cr_status(shareable_list_wait(list, index, &(shareable_value){0}, 0), SHAREABLE_E_INDEX);
  }
  cr_assert(get(list, 6).integer == 42 && get(list, 3).integer == 100);
  end_list(list);
}

/* In a 32-bit process, the block is too large to map, and must not be mapped in part. */
Test(list, a_block_of_more_than_4_gib_is_mapped_completely_or_not_at_all) {
  const off_t size = (INT64_C(1) << 32) + 4096;
  shareable_error error = {0};
  shareable_memory *memory;
  shareable_list *list;
  char path[64];
  int fd;

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  cr_assert(fd >= 0 && ftruncate(fd, size) == 0);
  close(fd);
  if (sizeof(size_t) > 4) {
    cr_ok(shareable_memory_open(&memory, own_name(), 0, NULL));
    cr_assert_eq((off_t)shareable_memory_size(memory), size);
    shareable_memory_unref(memory);
  } else {
    cr_status(shareable_memory_open(&memory, own_name(), 0, &error), SHAREABLE_E_NO_MEMORY);
    cr_assert(strstr(error.message, "too large to map") != NULL, "%s", error.message);
    cr_status(shareable_list_open(&list, own_name(), 0, NULL), SHAREABLE_E_NO_MEMORY);
    cr_status(shareable_memory_create(&memory, NULL, (uint64_t)size, SHAREABLE_LAZY, 0, NULL), SHAREABLE_E_ARGUMENT);
  }
  unlink(path);
}

Test(list, a_range_beyond_the_list_changes_nothing) {
  const struct {
    int64_t first;
    size_t count;
  } bad[] = {{0, 5}, {4, 1}, {5, 0}, {-5, 1}, {-1, 2}, {3, SIZE_MAX}, {INT64_MAX, 1}, {INT64_MIN, 1}};
  const shareable_value values[] = {shareable_int(0), shareable_int(1), shareable_int(2), shareable_int(3)};
  shareable_list *list = new_list(values, 4);
  int64_t integers[5] = {9, 9, 9, 9, 9};
  size_t done;

  for (size_t i = 0; i < LENGTH(bad); i++) {
    cr_status(shareable_list_get_ints(list, bad[i].first, bad[i].count, integers, &done), SHAREABLE_E_INDEX);
    cr_status(shareable_list_set_ints(list, bad[i].first, bad[i].count, integers, &done), SHAREABLE_E_INDEX);
    cr_assert_eq(done, 0);
  }
  cr_assert_eq(get(list, 3).integer, 3);
  cr_ok(shareable_list_get_ints(list, 4, 0, integers, &done));
  cr_status(shareable_list_get_ints(list, 0, 1, NULL, &done), SHAREABLE_E_ARGUMENT);
  end_list(list);
}

Test(list, a_read_only_handle_refuses_every_write) {
  const int64_t integers[] = {1};
  shareable_list *list = seven(), *reader;

  cr_ok(shareable_list_open(&reader, own_name(), SHAREABLE_READ_ONLY, NULL));
  cr_assert_eq(get(reader, 3).integer, 100);
  cr_status(shareable_list_set_int(reader, 3, 1), SHAREABLE_E_READ_ONLY);
  cr_status(shareable_list_set_str(reader, 0, "a", 1), SHAREABLE_E_READ_ONLY);
  cr_status(shareable_list_set_ints(reader, 3, 1, integers, NULL), SHAREABLE_E_READ_ONLY);
  cr_assert_eq(get(list, 3).integer, 100);
  shareable_list_unref(reader);
  end_list(list);
}

Test(list, every_call_reports_a_closed_or_missing_handle) {
  shareable_list *list = seven();
  shareable_list *const handles[] = {list, NULL};
  shareable_value value = shareable_int(1);
  int64_t integer = 0;
  double real = 0;
  int boolean;
  char buffer[8];
  size_t n;
  shareable_type type;

  shareable_list_close(list);
  shareable_list_close(list);
  shareable_list_close(NULL);
  for (size_t i = 0; i < LENGTH(handles); i++) {
    shareable_list *l = handles[i];
    cr_status(shareable_list_get(l, 0, &value, buffer, 8), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_get_int(l, 0, &integer), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_get_float(l, 0, &real), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_get_bool(l, 0, &boolean), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_get_str(l, 0, buffer, 8, &n), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_get_bytes(l, 0, buffer, 8, &n), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_set(l, 0, &value), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_set_none(l, 0), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_set_int(l, 0, 1), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_set_float(l, 0, 1), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_get_ints(l, 0, 1, &integer, &n), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_set_ints(l, 0, 1, &integer, &n), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_get_floats(l, 0, 1, &real, &n), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_set_floats(l, 0, 1, &real, &n), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_type(l, 0, &type), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_capacity(l, 0, &n), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_count(l, &value, &n), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_index(l, &value, &n), SHAREABLE_E_CLOSED);
    cr_status(shareable_list_format(l, buffer, 8, &n), SHAREABLE_E_CLOSED);
  }
  cr_assert_eq(shareable_list_length(list), 7);
  cr_assert_eq(shareable_list_length(NULL), 0);
  cr_assert_null(shareable_list_memory(NULL));
  cr_assert_null(shareable_list_ref(NULL));
  shareable_list_unref(NULL);
  end_list(list);
}

/*
 * A program may close all descriptors and open the same block itself: then device and inode are the
 * same.
 */
Test(list, closing_leaves_the_program_s_descriptor_of_the_same_block_open) {
  for (int opened = 0; opened < 2; opened++) {
    shareable_list *list = seven(), *other = NULL;
    char path[64];
    int fd, own;

    snprintf(path, sizeof path, "/dev/shm/%s", own_name());
    if (opened) {
      cr_ok(shareable_list_open(&other, own_name(), 0, NULL));
      shareable_list_close(list);
    }
    fd = *(opened ? other : list)->sync.writer.fd;
    cr_assert_gt(fd, 2);
    own = open(path, O_RDWR);
    cr_assert_eq(dup2(own, fd), fd);
    shareable_list_close(opened ? other : list);
    cr_assert_neq(fcntl(fd, F_GETFD), -1);
    close(fd);
    close(own);
    shareable_list_unref(other);
    end_list(list);
  }
}

Test(list, closing_its_memory_closes_the_list_and_the_memory_may_outlive_it) {
  shareable_list *list = seven();
  shareable_memory *memory = shareable_memory_ref(shareable_list_memory(list));
  int64_t integer;

  shareable_memory_close(memory);
  cr_status(shareable_list_get_int(list, 3, &integer), SHAREABLE_E_CLOSED);
  shareable_list_unref(shareable_list_ref(list));
  shareable_list_unref(list);
  cr_assert_str_eq(shareable_memory_name(memory), own_name());
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

Test(list, missing_arguments_are_reported) {
  shareable_list *list = seven();
  shareable_value value = shareable_int(1);

  cr_status(shareable_list_get(list, 0, NULL, NULL, 0), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_get(list, 0, &value, NULL, 8), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_get_int(list, 3, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_get_float(list, 2, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_get_bool(list, 5, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_get_str(list, 0, NULL, 0, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_type(list, 0, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_capacity(list, 0, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_count(list, &value, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_count(list, NULL, &(size_t){0}), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_index(list, &value, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_open(NULL, own_name(), 0, NULL), SHAREABLE_E_ARGUMENT);
  end_list(list);
}

Test(list, explains_a_failure_of_an_item) {
  const struct {
    int64_t index;
    shareable_status status;
    const char *words;
  } rows[] = {{9, SHAREABLE_E_INDEX, "index 9 out of range"},
              {9, SHAREABLE_E_INDEX, "has 7 items"},
              {0, SHAREABLE_E_TYPE, "item 0 of list"},
              {0, SHAREABLE_E_TYPE, "is a str"},
              {2, SHAREABLE_E_CAPACITY, "room for 8 bytes"},
              {2, SHAREABLE_E_CORRUPT, "is corrupt"},
              {2, SHAREABLE_E_TOO_LONG, "999999"},
              {0, SHAREABLE_E_CLOSED, "is closed"},
              {0, SHAREABLE_E_READ_ONLY, "read-only"},
              {0, SHAREABLE_E_SYSTEM, "and /proc is not mounted"},
              {0, SHAREABLE_E_ABSENT, "not in list"}};
  shareable_list *list = seven();
  shareable_error error;

  for (size_t i = 0; i < LENGTH(rows); i++) {
    cr_status(shareable_list_explain_item(list, rows[i].index, rows[i].status, &error), rows[i].status);
    cr_assert_eq(error.status, rows[i].status);
    cr_assert_not_null(strstr(error.message, rows[i].words), "%s", error.message);
    cr_assert_not_null(strstr(error.message, own_name()), "%s", error.message);
  }
  cr_status(shareable_list_explain_item(NULL, 0, SHAREABLE_E_CLOSED, &error), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_explain_item(list, 0, SHAREABLE_E_CLOSED, NULL), SHAREABLE_E_CLOSED);
  end_list(list);
}

Test(list, a_corrupt_item_does_not_affect_other_items) {
  shareable_list *list = seven();
  char *bytes = shareable_memory_address(shareable_list_memory(list));
  const shareable_value value = shareable_int(12345);
  size_t formats = 8 * 9 + 7 * 8, n = 99;
  shareable_type type;
  int64_t integer;

  memset(bytes + formats + 8 * 3, 0xee, 8);
  cr_status(shareable_list_get_int(list, 3, &integer), SHAREABLE_E_CORRUPT);
  cr_status(shareable_list_type(list, 3, &type), SHAREABLE_E_CORRUPT);
  cr_status(shareable_list_count(list, &value, &n), SHAREABLE_E_CORRUPT);
  cr_assert_eq(n, 3, "the corrupt item's index");
  cr_status(shareable_list_index(list, &value, &n), SHAREABLE_E_CORRUPT);
  cr_status(shareable_list_format(list, NULL, 0, &n), SHAREABLE_E_CORRUPT);
  cr_assert_eq(get(list, 6).integer, 42);
  cr_ok(shareable_list_set_int(list, 3, 5));
  cr_assert_eq(get(list, 3).integer, 5);
  end_list(list);
}

Test(list, explains_a_failure_of_the_whole_list) {
  const struct {
    shareable_status status;
    const char *words;
  } rows[] = {{SHAREABLE_E_CLOSED, "is closed"},
              {SHAREABLE_E_READ_ONLY, "read-only"},
              {SHAREABLE_E_TIMED_OUT, "before the timeout"},
              {SHAREABLE_E_NO_SYNC, "no sync area"},
              {SHAREABLE_E_SYSTEM, "and /proc is not mounted"},
              {SHAREABLE_E_NOT_LOCKED, "not locked"}};
  shareable_list *list = seven();
  shareable_error error;

  for (size_t i = 0; i < LENGTH(rows); i++) {
    cr_status(shareable_list_explain(list, rows[i].status, &error), rows[i].status);
    cr_assert_eq(error.status, rows[i].status);
    cr_assert_not_null(strstr(error.message, rows[i].words), "%s", error.message);
    cr_assert_not_null(strstr(error.message, own_name()), "%s", error.message);
  }
  cr_status(shareable_list_explain_item(list, 3, SHAREABLE_E_NO_SYNC, &error), SHAREABLE_E_NO_SYNC);
  cr_assert_null(strstr(error.message, "item"), "%s", error.message);
  cr_status(shareable_list_explain(NULL, SHAREABLE_E_TIMED_OUT, &error), SHAREABLE_E_TIMED_OUT);
  cr_status(shareable_list_explain_item(list, 7, SHAREABLE_E_TYPE, &error), SHAREABLE_E_TYPE);
  cr_assert_not_null(strstr(error.message, "something else"), "%s", error.message);
  end_list(list);
}

/*
 * Returns a list of 40 ints, except that the item `bad` has an impossible slot, an impossible format,
 * or is a str.
 */
enum { RANGE = 40 };
typedef enum damage { NO_SLOT, NO_FORMAT, A_STR } damage;

static shareable_list *corrupt(size_t bad, damage kind) {
  shareable_value values[RANGE];
  shareable_list *list;
  uint64_t *words;

  for (size_t i = 0; i < RANGE; i++)
    values[i] = shareable_int((int64_t)i);
  if (kind == A_STR)
    values[bad] = shareable_str("text");
  list = new_list(values, RANGE);
  words = shareable_memory_address(shareable_list_memory(list));
  if (kind == NO_SLOT)
    words[1 + bad] = UINT64_MAX - 7;
  if (kind == NO_FORMAT)
    memset(words + 1 + RANGE + 1 + RANGE + bad, 'z', 8);
  return list;
}

Test(list, reading_a_range_stops_at_an_item_that_is_not_a_number) {
  const shareable_status wanted[] = {SHAREABLE_E_CORRUPT, SHAREABLE_E_CORRUPT, SHAREABLE_E_TYPE};
  int64_t integers[RANGE];
  void *numbers;
  size_t done;

  for (int kind = NO_SLOT; kind <= A_STR; kind++)
    for (size_t bad = 1; bad < RANGE; bad += 19) {
      shareable_list *list = corrupt(bad, (damage)kind);

      done = 99;
      cr_status(shareable_list_get_ints(list, 0, RANGE, integers, &done), wanted[kind]);
      cr_assert_eq(done, kind == NO_SLOT ? bad - 1 : bad, "%zu of %zu, %d", done, bad, kind);
      cr_status(shareable_list_get_ints(list, 0, RANGE, integers, NULL), wanted[kind]);
      cr_status(shareable_list_view(list, SHAREABLE_TYPE_INT, &numbers, &done), wanted[kind]);
      cr_assert_eq(done, kind == NO_SLOT ? bad - 1 : bad);
      cr_status(shareable_list_view(list, SHAREABLE_TYPE_INT, &numbers, NULL), wanted[kind]);
      end_list(list);
    }
}

Test(list, writing_a_range_stops_at_a_corrupt_slot) {
  int64_t integers[RANGE] = {0};
  shareable_list *list = corrupt(20, NO_SLOT);
  size_t done = 99;

  cr_status(shareable_list_set_ints(list, 0, RANGE, integers, &done), SHAREABLE_E_CORRUPT);
  cr_assert_eq(done, 19);
  cr_status(shareable_list_set_ints(list, 0, RANGE, integers, NULL), SHAREABLE_E_CORRUPT);
  cr_status(shareable_list_add(list, 20, 1, NULL), SHAREABLE_E_CORRUPT);
  cr_status(shareable_list_exchange(list, 20, 1, NULL), SHAREABLE_E_CORRUPT);
  cr_ok(shareable_list_exchange(list, 1, 5, NULL));
  cr_ok(shareable_list_add(list, 1, 1, NULL));
  end_list(list);
}

Test(list, views_and_ranges_reject_bad_arguments_and_closed_or_read_only_handles) {
  shareable_list *list = corrupt(0, A_STR), *reader;
  int64_t integers[RANGE] = {0};
  void *numbers;

  cr_status(shareable_list_view(list, SHAREABLE_TYPE_INT, NULL, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_view(list, SHAREABLE_TYPE_BOOL, &numbers, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_get_ints(list, 0, 1, NULL, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_get_ints(list, 1, RANGE, integers, NULL), SHAREABLE_E_INDEX);
  cr_ok(shareable_list_open(&reader, own_name(), SHAREABLE_READ_ONLY, NULL));
  cr_status(shareable_list_set_ints(reader, 0, 1, integers, NULL), SHAREABLE_E_READ_ONLY);
  cr_status(shareable_list_add(reader, 1, 1, NULL), SHAREABLE_E_READ_ONLY);
  shareable_list_close(reader);
  cr_status(shareable_list_view(reader, SHAREABLE_TYPE_INT, &numbers, NULL), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_get_ints(reader, 0, 1, integers, NULL), SHAREABLE_E_CLOSED);
  cr_status(shareable_list_get_ints(NULL, 0, 1, integers, NULL), SHAREABLE_E_CLOSED);
  shareable_list_unref(reader);
  end_list(list);
}

/* Makes a list with a slot that is larger than a format of 8 characters can state. */
Test(list, a_slot_larger_than_a_format_can_state_is_written_within_it) {
  enum { SLOT = 10000000 };
  const uint64_t header[] = {1, 0, SLOT};
  char *text = malloc(SLOT), format[8];
  shareable_memory *memory;
  shareable_list *list;
  size_t size;

  cr_ok(shareable_memory_create(&memory, own_name(), sizeof header + SLOT + 9, SHAREABLE_LAZY, 0, NULL));
  memcpy(shareable_memory_address(memory), header, sizeof header);
  memcpy((char *)shareable_memory_address(memory) + sizeof header + SLOT, "q", 1);
  cr_ok(shareable_list_open(&list, own_name(), 0, NULL));
  memset(text, 'x', SLOT);
  cr_ok(shareable_list_capacity(list, 0, &size));
  cr_assert_eq(size, 9999999);
  cr_ok(shareable_list_set_str(list, 0, "howdy", 5));
  memcpy(format, (char *)shareable_memory_address(memory) + sizeof header + SLOT, sizeof format);
  cr_assert_eq(memcmp(format, "9999999s", 8), 0, "format is %.8s", format);
  cr_ok(shareable_list_set_bytes(list, 0, text, size));
  cr_status(shareable_list_set_bytes(list, 0, text, SLOT), SHAREABLE_E_CAPACITY);
  cr_ok(shareable_list_get_bytes(list, 0, text, size, &size));
  cr_assert_eq(size, 9999999);
  free(text);
  end_list(list);
  shareable_memory_unref(memory);
}

/* The steps in which stock Python writes the list ["four", 1, None, 2.5, b"x"]. */
enum { BEGUN, COUNTED, SHAPED, FILLED, FORMATTED, DONE };
enum { MADE_ITEMS = 5, MADE_DATA = 8 * (MADE_ITEMS + 2), MADE_FORMATS = MADE_DATA + 40, MADE_SIZE = MADE_FORMATS + 45 };

static void make_up_to(unsigned char *base, int step) {
  static const uint64_t header[] = {MADE_ITEMS, 0, 8, 16, 24, 32, 40};
  static const char formats[] = "8s\0\0\0\0\0\0q\0\0\0\0\0\0\0xxxxxx?xd\0\0\0\0\0\0\0"
                                "8s\0\0\0\0\0";
  const double real = 2.5;

  memset(base, 0, MADE_SIZE);
  if (step >= COUNTED)
    memcpy(base, header, step == COUNTED ? 32 : sizeof header);
  if (step >= FILLED) {
    memcpy(base + MADE_DATA, "four", 4);
    base[MADE_DATA + (*(const unsigned char *)&(const int){1} ? 8 : 15)] = 1;
    memcpy(base + MADE_DATA + 24, &real, sizeof real);
    base[MADE_DATA + 32] = 'x';
  }
  if (step >= FORMATTED)
    memcpy(base + MADE_FORMATS, formats, sizeof formats);
  if (step >= DONE)
    memcpy(base + MADE_FORMATS + 40, "\1\0\3\0\2", 5);
}

static shareable_memory *unfinished(int step) {
  shareable_memory *memory;

  cr_ok(shareable_memory_create(&memory, own_name(), MADE_SIZE, 0, 0, NULL));
  make_up_to(shareable_memory_address(memory), step);
  return memory;
}

static void end_memory(shareable_memory *memory) {
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

Test(list, a_stock_list_without_offsets_is_not_ready) {
  for (int step = BEGUN; step <= COUNTED; step++) {
    shareable_memory *memory = unfinished(step);
    shareable_list *list = NULL;
    shareable_error error;

    cr_status(shareable_list_open(&list, own_name(), 0, &error), SHAREABLE_E_NOT_READY);
    cr_assert(strstr(error.message, "try again") != NULL && strstr(error.message, own_name()) != NULL, "%s",
              error.message);
    make_up_to(shareable_memory_address(memory), DONE);
    cr_ok(shareable_list_open(&list, own_name(), 0, NULL));
    cr_assert_eq(shareable_list_length(list), MADE_ITEMS);
    shareable_list_unref(list);
    end_memory(memory);
  }
}

/* No call reads an unwritten item, reports it as corrupt, or writes to it. */
Test(list, unwritten_items_of_a_stock_list_are_not_ready) {
  for (int step = SHAPED; step < DONE; step++) {
    shareable_memory *memory = unfinished(step);
    shareable_value value = shareable_int(7);
    uint64_t hash = 0;
    shareable_error error;
    shareable_list *list;
    shareable_type type;
    char buffer[64];
    size_t n = 99;

    cr_ok(shareable_list_open(&list, own_name(), 0, NULL));
    for (int64_t i = 0; i < MADE_ITEMS; i += 2) {
      cr_status(shareable_list_get(list, i, &value, buffer, sizeof buffer), SHAREABLE_E_NOT_READY);
      cr_status(shareable_list_get_str(list, i, buffer, sizeof buffer, &n), SHAREABLE_E_NOT_READY);
      cr_status(shareable_list_type(list, i, &type), SHAREABLE_E_NOT_READY);
      cr_status(shareable_list_set_int(list, i, 1), SHAREABLE_E_NOT_READY);
      cr_status(shareable_list_set_str(list, i, "new", 3), SHAREABLE_E_NOT_READY);
      cr_status(shareable_list_add(list, i, 1, NULL), SHAREABLE_E_NOT_READY);
      cr_status(shareable_list_wait(list, i, &value, 0), SHAREABLE_E_NOT_READY);
      cr_status(shareable_list_get_ints(list, i, 1, (int64_t[1]){0}, &n), SHAREABLE_E_NOT_READY);
      cr_status(shareable_list_get_floats(list, i, 1, (double[1]){0}, &n), SHAREABLE_E_NOT_READY);
    }
    value = shareable_int(7);
    cr_status(shareable_list_count(list, &value, &n), SHAREABLE_E_NOT_READY);
    cr_assert_eq(n, 0);
    cr_status(shareable_list_index(list, &value, &n), SHAREABLE_E_NOT_READY);
    cr_status(shareable_list_format(list, buffer, sizeof buffer, &n), SHAREABLE_E_NOT_READY);
    cr_status(shareable_list_hash(list, &hash), SHAREABLE_E_NOT_READY);
    cr_status(shareable_list_wait_any(list, &hash, 0), SHAREABLE_E_NOT_READY);
    cr_status(shareable_list_view(list, SHAREABLE_TYPE_INT, &(void *){NULL}, &n), SHAREABLE_E_NOT_READY);
    shareable_list_explain_item(list, 4, SHAREABLE_E_NOT_READY, &error);
    cr_assert(strstr(error.message, "item 4") != NULL && strstr(error.message, "try again") != NULL, "%s",
              error.message);
    shareable_list_explain(list, SHAREABLE_E_NOT_READY, &error);
    cr_assert(strstr(error.message, "try again") != NULL, "%s", error.message);
    make_up_to(shareable_memory_address(memory), DONE);
    assert_text(get(list, 0), SHAREABLE_TYPE_STR, "four", 4);
    cr_assert_eq(get(list, 1).integer, 1);
    cr_assert_eq(get(list, 2).type, SHAREABLE_TYPE_NONE);
    assert_text(get(list, 4), SHAREABLE_TYPE_BYTES, "x", 1);
    cr_ok(shareable_list_hash(list, &hash));
    cr_ok(shareable_list_set_str(list, 0, "new", 3));
    shareable_list_unref(list);
    end_memory(memory);
  }
}

/* The list appeared complete, or its creator has written later items: so this one is corrupt. */
Test(list, a_write_repairs_an_item_without_a_format_in_a_complete_list) {
  static const uint32_t flags[] = {0, SHAREABLE_NO_SYNC};

  for (size_t k = 0; k < LENGTH(flags); k++) {
    const shareable_value values[] = {shareable_str("a text"), shareable_none(), shareable_str("another")};
    shareable_list *list = new_list_with(values, 3, flags[k]);
    unsigned char *formats = (unsigned char *)shareable_memory_address(shareable_list_memory(list)) + 64;
    shareable_value value;
    char buffer[64];

    memset(formats, 0, 8);
    formats[25] = 0; /* the code of None */
    cr_status(shareable_list_get(list, 0, &value, buffer, sizeof buffer),
              flags[k] == 0 ? SHAREABLE_E_CORRUPT : SHAREABLE_E_NOT_READY);
    cr_status(shareable_list_get(list, 1, &value, buffer, sizeof buffer), SHAREABLE_E_CORRUPT);
    cr_ok(shareable_list_set_str(list, 0, "new", 3));
    cr_ok(shareable_list_set_str(list, 1, "new", 3));
    assert_text(get(list, 0), SHAREABLE_TYPE_STR, "new", 3);
    assert_text(get(list, 1), SHAREABLE_TYPE_STR, "new", 3);
    end_list(list);
  }
}

/* Calls every function on a list that may be corrupt. They may fail, but must return. */
static void try_everything(void) {
  const shareable_value value = shareable_str("nowhere");
  shareable_list *list = NULL;
  char buffer[200];
  size_t n;

  if (shareable_list_open(&list, own_name(), 0, NULL) != SHAREABLE_OK)
    return;
  for (int64_t i = -8; i < 9; i++) {
    shareable_value item;
    shareable_list_get(list, i, &item, buffer, sizeof buffer);
    shareable_list_set_str(list, i, "text", 4);
    shareable_list_set_int(list, i, 4);
  }
  shareable_list_count(list, &value, &n);
  shareable_list_format(list, buffer, sizeof buffer, &n);
  shareable_list_unref(list);
}

static void damage_each_byte(shareable_list *list, size_t start, size_t end, int step) {
  unsigned char *bytes = shareable_memory_address(shareable_list_memory(list));
  size_t size = shareable_memory_size(shareable_list_memory(list));
  unsigned char *before = malloc(size);

  for (size_t at = start; at < end; at++)
    for (int byte = 0; byte < 256; byte += step) {
      memcpy(before, bytes, size);
      bytes[at] = (unsigned char)byte;
      try_everything();
      memcpy(bytes, before, size);
    }
  free(before);
}

/*
 * The list of seven() ends at byte 191. Its sync area begins at 192: header, eventcounts, hazards,
 * redo records, words.
 */
Test(list, no_corrupt_byte_causes_a_crash) {
  shareable_list *list = seven();

  damage_each_byte(list, 0, 191, 5);
  end_list(list);
}

Test(list, no_corrupt_byte_of_the_sync_area_causes_a_crash) {
  shareable_list *list = seven();
  size_t size = shareable_memory_size(shareable_list_memory(list));

  damage_each_byte(list, 192, 192 + 64, 17);
  damage_each_byte(list, 192 + 64, 192 + 64 + 16, 85);
  damage_each_byte(list, 192 + 256, 192 + 256 + 16, 85);
  damage_each_byte(list, 192 + 768, 192 + 768 + 40, 85);
  damage_each_byte(list, size - 7 * 8, size, 51);
  end_list(list);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

Test(list, a_million_items_are_written_and_read_in_time) {
  const size_t count = 1000000;
  shareable_value *values = malloc(count * sizeof *values);
  int64_t *integers = malloc(count * sizeof *integers);
  shareable_list *list;
  double start;

  for (size_t i = 0; i < count; i++)
    values[i] = shareable_int((int64_t)i);
  start = seconds();
  list = new_list(values, count);
  cr_ok(shareable_list_get_ints(list, 0, count, integers, NULL));
  for (size_t i = 0; i < count; i++)
    cr_assert(integers[i] == (int64_t)i);
  cr_assert_lt(seconds() - start, 20, "a million items take seconds, not minutes");
  end_list(list);
  free(values);
  free(integers);
}

/* Values are written through a buffer of 32 KiB, and a longer array is written without it. */
static void compare_with_values(size_t count) {
  shareable_value *values = calloc(count + 1, sizeof *values);
  int64_t *integers = calloc(count + 1, sizeof *integers);
  shareable_list *first, *second;

  for (size_t i = 0; i < count; i++)
    values[i] = shareable_int(integers[i] = (int64_t)(i * UINT64_C(0x9e3779b97f4a7c15)));
  cr_ok(shareable_list_create(&first, NULL, values, count, 0, 0, NULL));
  cr_ok(shareable_list_create_ints(&second, NULL, integers, count, 0, 0, NULL));
  cr_assert_eq(shareable_memory_size(shareable_list_memory(first)),
               shareable_memory_size(shareable_list_memory(second)));
  cr_expect_eq(memcmp(shareable_memory_address(shareable_list_memory(first)),
                      shareable_memory_address(shareable_list_memory(second)),
                      shareable_memory_size(shareable_list_memory(first))),
               0, "%zu ints", count);
  for (size_t i = 0; i < count; i++) {
    int64_t integer;

    cr_ok(shareable_list_get_int(second, (int64_t)i, &integer));
    cr_assert_eq(integer, integers[i]);
  }
  cr_ok(shareable_list_unlink(first, NULL));
  cr_ok(shareable_list_unlink(second, NULL));
  shareable_list_unref(first);
  shareable_list_unref(second);
  free(values);
  free(integers);
}

Test(list, an_array_of_any_length_makes_the_list_that_values_make) {
  const size_t counts[] = {1, 2047, 2048, 4094, 4095, 4096, 4097, 8191, 8192, 10000};

  for (size_t i = 0; i < LENGTH(counts); i++)
    compare_with_values(counts[i]);
}

Test(list, is_created_from_an_array_of_ints_or_floats) {
  const int64_t integers[] = {INT64_MIN, -1, 0, INT64_MAX};
  const double reals[] = {-0.0, 0.5, 1e300};
  const shareable_value values[] = {shareable_int(INT64_MIN), shareable_int(-1), shareable_int(0),
                                    shareable_int(INT64_MAX)};
  shareable_list *list, *other;
  unsigned char bytes[200];
  double real;
  size_t size;

  cr_ok(shareable_list_create_ints(&list, own_name(), integers, 4, 0, 0, NULL));
  size = shareable_memory_size(shareable_list_memory(list));
  cr_assert_leq(16 + 4 * 25, LENGTH(bytes));
  memcpy(bytes, shareable_memory_address(shareable_list_memory(list)), 16 + 4 * 25);
  end_list(list);
  other = new_list(values, 4);
  cr_assert_eq(size, shareable_memory_size(shareable_list_memory(other)));
  cr_assert_eq(memcmp(bytes, shareable_memory_address(shareable_list_memory(other)), 16 + 4 * 25), 0);
  end_list(other);
  cr_ok(shareable_list_create_floats(&list, own_name(), reals, 3, SHAREABLE_NO_SYNC | SHAREABLE_LAZY, 0, NULL));
  for (size_t i = 0; i < 3; i++) {
    cr_ok(shareable_list_get_float(list, (int64_t)i, &real));
    cr_assert_eq(memcmp(&real, &reals[i], 8), 0);
  }
  end_list(list);
  cr_ok(shareable_list_create_ints(&list, own_name(), NULL, 0, 0, 0, NULL));
  cr_assert_eq(shareable_list_length(list), 0);
  end_list(list);
  cr_status(shareable_list_create_ints(&list, own_name(), NULL, 1, 0, 0, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_create_floats(NULL, own_name(), reals, 1, 0, 0, NULL), SHAREABLE_E_ARGUMENT);
}

/* More bytes than the buffer of the writer, of every type, in slots of many sizes. */
Test(list, a_long_list_contains_the_values_that_it_was_created_from) {
  enum { COUNT = 20000 };
  shareable_value *values = calloc(COUNT, sizeof *values), value;
  static char text[40001], buffer[40016];
  shareable_list *list;

  memset(text, 'x', sizeof text - 1);
  for (size_t i = 0; i < COUNT; i++) {
    values[i] = i % 5 == 0   ? shareable_int((int64_t)i)
                : i % 5 == 1 ? shareable_float((double)i)
                : i % 5 == 2 ? shareable_strn(text, i % 97)
                : i % 5 == 3 ? shareable_none()
                             : shareable_bytes(text, i == 10004 ? 40000 : 3);
    values[i].capacity = i % 7 == 0 ? 50 : 0;
  }
  list = new_list(values, COUNT);
  for (size_t i = 0; i < COUNT; i++) {
    cr_ok(shareable_list_get(list, (int64_t)i, &value, buffer, sizeof buffer));
    cr_assert_eq(value.type, values[i].type);
    cr_assert_eq(value.length, values[i].length);
    cr_assert(value.length > 0 ? memcmp(value.text, text, (size_t)value.length) == 0
                               : value.bits == values[i].bits || value.type >= SHAREABLE_TYPE_STR);
  }
  end_list(list);
  free(values);
}

/*
 * A lazy list allocates its content when it is created: a full /dev/shm is then an error, not a
 * SIGBUS.
 */
Test(list, creating_a_lazy_list_fails_if_its_content_does_not_fit) {
  enum { COUNT = 10000 };
  int64_t *integers = calloc(COUNT, sizeof *integers);
  shareable_error error;
  shareable_list *list;

  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("shm", "/dev/shm", "tmpfs", 0, "size=65536") != 0)
    skip_because("needs root and mount namespaces, for a small /dev/shm of its own");
  cr_status(shareable_list_create_ints(&list, "lazy", integers, COUNT, SHAREABLE_LAZY, 0, &error),
            SHAREABLE_E_NO_SPACE);
  cr_assert_not_null(strstr(error.message, "'lazy' needs "), "%s", error.message);
  cr_assert(!exists("lazy"));
  cr_ok(shareable_list_create_ints(&list, "lazy", integers, 100, SHAREABLE_LAZY, 0, NULL));
  cr_ok(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
  free(integers);
}

Test(list, numbers_can_be_viewed_as_an_array) {
  shareable_value values[] = {shareable_int(1), shareable_int(2), shareable_int(3)};
  shareable_list *list = new_list(values, 3);
  void *numbers = NULL;
  int64_t integer;
  size_t bad_index = 7;

  cr_ok(shareable_list_view(list, SHAREABLE_TYPE_INT, &numbers, NULL));
  ((int64_t *)numbers)[2] = 33;
  cr_ok(shareable_list_get_int(list, 2, &integer));
  cr_assert_eq(integer, 33);
  cr_status(shareable_list_view(list, SHAREABLE_TYPE_FLOAT, &numbers, &bad_index), SHAREABLE_E_TYPE);
  cr_assert_eq(bad_index, 0);
  cr_ok(shareable_list_set_float(list, 1, 0.5));
  cr_status(shareable_list_view(list, SHAREABLE_TYPE_INT, &numbers, &bad_index), SHAREABLE_E_TYPE);
  cr_assert_eq(bad_index, 1);
  cr_status(shareable_list_view(list, SHAREABLE_TYPE_STR, &numbers, &bad_index), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_list_view(list, SHAREABLE_TYPE_INT, NULL, &bad_index), SHAREABLE_E_ARGUMENT);
  shareable_list_close(list);
  cr_status(shareable_list_view(list, SHAREABLE_TYPE_INT, &numbers, &bad_index), SHAREABLE_E_CLOSED);
  end_list(list);
  values[2].capacity = 9;
  list = new_list(values, 3);
  cr_status(shareable_list_view(list, SHAREABLE_TYPE_INT, &numbers, &bad_index), SHAREABLE_E_NOT_CONTIGUOUS);
  cr_assert_eq(bad_index, 2);
  end_list(list);
}
