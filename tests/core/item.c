/*
 * item.c - tests of core/src/format/item.c, with slots in static memory.
 */
#include "format/item.h"

#include <math.h>
#include <stdlib.h>

#include "support.h"

static uint64_t words[3];
static char format[8];
static unsigned char code;

static shareable__slot make_slot(size_t size) {
  return (shareable__slot){(unsigned char *)words, size, (unsigned char *)format, &code};
}

static shareable_value read_item(size_t size, shareable_status expected) {
  static char buffer[24];
  shareable__slot slot = make_slot(size);
  shareable_value value = shareable_none();

  cr_status(shareable__item_read(&slot, &value, buffer, sizeof buffer), expected);
  return value;
}

static void write_item(size_t size, shareable_value value) {
  shareable__slot slot = make_slot(size);
  shareable__encoded_item encoded;

  cr_ok(shareable__item_fits(&value, size));
  shareable__item_encode(&value, size, &encoded);
  shareable__item_put(&slot, &encoded);
}

static void assert_written(const char wanted_format[8], int wanted_code, const void *bytes, size_t size) {
  cr_assert_eq(memcmp(format, wanted_format, 8), 0, "format is %.8s, not %.8s", format, wanted_format);
  cr_assert_eq(code, wanted_code);
  cr_assert_eq(memcmp(words, bytes, size), 0);
}

Test(item, encodes_an_int_like_cpython) {
  const int64_t least = INT64_MIN;

  write_item(8, shareable_int(least));
  assert_written("q\0\0\0\0\0\0", 0, &least, 8);
  cr_assert_eq(read_item(8, SHAREABLE_OK).integer, INT64_MIN);
}

Test(item, encodes_a_float_like_cpython) {
  const double real = -273.154;

  write_item(8, shareable_float(real));
  assert_written("d\0\0\0\0\0\0", 0, &real, 8);
  cr_assert_eq(read_item(8, SHAREABLE_OK).real, real);
}

Test(item, preserves_all_bits_of_a_float) {
  const uint64_t nan_with_payload = UINT64_C(0xfff8000000000123);
  shareable_value value = shareable_float(-0.0);

  write_item(8, value);
  cr_assert(signbit(read_item(8, SHAREABLE_OK).real));
  value.bits = nan_with_payload;
  write_item(8, value);
  cr_assert_eq(read_item(8, SHAREABLE_OK).bits, nan_with_payload);
}

Test(item, encodes_a_bool_like_cpython) {
  write_item(8, shareable_bool(1));
  assert_written("xxxxxxx?", 0, "\0\0\0\0\0\0\0\1", 8);
  cr_assert_eq(read_item(8, SHAREABLE_OK).boolean, 1);
  write_item(8, shareable_bool(0));
  assert_written("xxxxxxx?", 0, "\0\0\0\0\0\0\0\0", 8);
}

Test(item, encodes_none_like_cpython) {
  write_item(8, shareable_none());
  assert_written("xxxxxx?x", 3, "\0\0\0\0\0\0\0\0", 8);
  cr_assert_eq(read_item(8, SHAREABLE_OK).type, SHAREABLE_TYPE_NONE);
}

Test(item, encodes_texts_like_cpython) {
  write_item(16, shareable_str("howdy"));
  assert_written("16s\0\0\0\0", 1, "howdy\0\0\0\0\0\0\0\0\0\0\0", 16);
  write_item(16, shareable_bytes("sixteen bytes ok", 16));
  assert_written("16s\0\0\0\0", 2, "sixteen bytes ok", 16);
}

Test(item, a_shorter_text_clears_the_rest_of_the_slot) {
  write_item(16, shareable_str("a longer text"));
  write_item(16, shareable_str("ab"));
  assert_written("16s\0\0\0\0", 1, "ab\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  cr_assert_eq(read_item(16, SHAREABLE_OK).length, 2);
}

Test(item, texts_that_end_in_nul_have_an_exact_format) {
  write_item(8, shareable_strn("ab\0\0\0", 5));
  assert_written("5s \0\0\0\0", 1, "ab\0\0\0\0\0\0", 8);
  cr_assert_eq(read_item(8, SHAREABLE_OK).length, 5);
  write_item(8, shareable_bytes("\0", 1));
  assert_written("1s \0\0\0\0", 2, "\0\0\0\0\0\0\0\0", 8);
  cr_assert_eq(read_item(8, SHAREABLE_OK).length, 1);
  write_item(8, shareable_bytes("\0\0\0\0\0\0\0\0", 8));
  assert_written("8s \0\0\0\0", 2, "\0\0\0\0\0\0\0\0", 8);
  cr_assert_eq(read_item(8, SHAREABLE_OK).length, 8);
}

Test(item, the_next_value_removes_the_exact_format) {
  write_item(8, shareable_strn("ab\0", 3));
  write_item(8, shareable_str("abcdefgh"));
  assert_written("8s\0\0\0\0\0", 1, "abcdefgh", 8);
}

Test(item, exact_formats_have_at_most_999999_bytes) {
  shareable_value value = shareable_bytes(calloc(1, 1000000), 999999);

  cr_ok(shareable__item_fits(&value, 1000000));
  value.length++;
  cr_status(shareable__item_fits(&value, 1000000), SHAREABLE_E_TOO_LONG);
  free((void *)value.text);
}

Test(item, a_text_may_fill_its_whole_slot) {
  shareable_value value = shareable_str("12345678");

  cr_ok(shareable__item_fits(&value, 8));
  value = shareable_str("123456789");
  cr_status(shareable__item_fits(&value, 8), SHAREABLE_E_CAPACITY);
}

/*
 * CPython writes the size of the slot as the format, or keeps a shorter one if the old value was a
 * text, too.
 */
Test(item, texts_without_an_exact_format_end_before_trailing_nuls) {
  const struct {
    char format[9];
    size_t length;
  } rows[] = {{"24s", 18}, {"18s", 18}, {"17s", 17}, {"9s", 9}, {"8s", 5}, {"5s", 5}, {"3s", 3}, {"0s", 0}};

  for (size_t i = 0; i < LENGTH(rows); i++) {
    memcpy(words, "howdy\0\0\0ninth text\0\0\0\0\0", 24);
    memcpy(format, rows[i].format, 8);
    code = SHAREABLE__CODE_BYTES;
    cr_assert_eq(read_item(24, SHAREABLE_OK).length, rows[i].length, "%s: %zu", rows[i].format,
                 (size_t)read_item(24, SHAREABLE_OK).length);
  }
}

Test(item, reports_invalid_formats_as_corrupt) {
  const struct {
    char format[9];
    int code;
  } rows[] = {
    {"", 0},         {"Q", 0},        {"q", 1},        {"q", 3},         {"q", 4},    {"q", 255},      {"d", 2},
    {"qq", 0},       {"s", 1},        {"25s", 1},      {"9999999s", 2},  {"8s", 0},   {"8s", 3},       {"8sx", 1},
    {"8s  ", 1},     {"8s x", 1},     {" 8s", 1},      {"-8s", 1},       {"+8s", 1},  {"8 s", 1},      {"8S", 1},
    {"xxxxxxx?", 3}, {"xxxxxx?x", 0}, {"xxxxxx?", 3},  {"99999999", 1},  {"25s ", 2}, {"xxxxxxx?", 1}, {"8s\0x", 1},
    {"q\0\0\0x", 0}, {">q", 0},       {"\xff\xff", 1}, {"8\xc3\xb8", 1},
  };

  for (size_t i = 0; i < LENGTH(rows); i++) {
    shareable__slot slot = make_slot(24);
    char text[8];
    bool equal;

    memcpy(format, rows[i].format, 8);
    code = (unsigned char)rows[i].code;
    read_item(24, SHAREABLE_E_CORRUPT);
    cr_assert_eq(shareable__item_format(&slot, text), 0);
    cr_status(shareable__item_equals(&slot, &(shareable_value){0}, &equal), SHAREABLE_E_CORRUPT);
  }
}

Test(item, writing_repairs_a_corrupt_item) {
  memset(format, 0xff, 8);
  code = 0xff;
  write_item(8, shareable_int(5));
  cr_assert_eq(read_item(8, SHAREABLE_OK).integer, 5);
}

Test(item, reports_a_str_that_is_not_utf8) {
  memcpy(format, "8s\0\0\0\0\0", 8);
  memcpy(words, "caf\xc3\0\0\0\0", 8);
  code = SHAREABLE__CODE_STR;
  read_item(8, SHAREABLE_E_UTF8);
  code = SHAREABLE__CODE_BYTES;
  cr_assert_eq(read_item(8, SHAREABLE_OK).length, 4);
}

Test(item, a_small_buffer_returns_the_needed_length) {
  shareable__slot slot = make_slot(16);
  shareable_value value;

  write_item(16, shareable_str("nine here"));
  cr_status(shareable__item_read(&slot, &value, NULL, 0), SHAREABLE_E_BUFFER);
  cr_assert_eq(value.length, 9);
  cr_assert_eq(value.type, SHAREABLE_TYPE_STR);
}

Test(item, any_nonzero_byte_is_true) {
  memcpy(format, "xxxxxxx?", 8);
  code = 0;
  memset(words, 0x40, 8);
  cr_assert_eq(read_item(8, SHAREABLE_OK).boolean, 1);
}
