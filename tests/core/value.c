/*
 * value.c - tests of core/src/format/value.c.
 */
#include "format/value.h"

#include <math.h>

#include "support.h"

static bool equal(shareable_value a, shareable_value b) {
  bool one_way = shareable__value_equals(&a, &b);

  cr_assert_eq(one_way, shareable__value_equals(&b, &a), "equality must be symmetric");
  return one_way;
}

static shareable_status check(shareable_value value) {
  return shareable__value_check(&value);
}

Test(value, numbers_are_equal_across_types) {
  cr_assert(equal(shareable_int(1), shareable_float(1.0)));
  cr_assert(equal(shareable_int(1), shareable_bool(1)));
  cr_assert(equal(shareable_float(1.0), shareable_bool(1)));
  cr_assert(equal(shareable_float(0.0), shareable_float(-0.0)));
  cr_assert(equal(shareable_int(0), shareable_float(-0.0)));
  cr_assert_not(equal(shareable_int(0), shareable_none()));
  cr_assert_not(equal(shareable_int(2), shareable_bool(1)));
  cr_assert_not(equal(shareable_int(1), shareable_float(1.5)));
}

Test(value, ints_beyond_2_53_are_compared_exactly) {
  const int64_t big = INT64_C(1) << 53;

  cr_assert(equal(shareable_int(big), shareable_float(0x1p53)));
  cr_assert_not(equal(shareable_int(big + 1), shareable_float(0x1p53)));
  cr_assert_not(equal(shareable_int(INT64_MAX), shareable_float(0x1p63)));
  cr_assert(equal(shareable_int(INT64_MIN), shareable_float(-0x1p63)));
}

Test(value, nan_and_infinity_equal_no_int) {
  cr_assert_not(equal(shareable_float(NAN), shareable_float(NAN)));
  cr_assert_not(equal(shareable_float(NAN), shareable_int(0)));
  cr_assert_not(equal(shareable_float(INFINITY), shareable_int(INT64_MAX)));
  cr_assert_not(equal(shareable_float(-INFINITY), shareable_int(INT64_MIN)));
}

Test(value, texts_are_equal_by_type_and_bytes) {
  cr_assert(equal(shareable_str("ab"), shareable_strn("ab\0", 2)));
  cr_assert_not(equal(shareable_str("ab"), shareable_strn("ab\0", 3)));
  cr_assert_not(equal(shareable_str("ab"), shareable_bytes("ab", 2)));
  cr_assert(equal(shareable_strn(NULL, 0), shareable_str("")));
  cr_assert_not(equal(shareable_str(""), shareable_none()));
}

Test(value, str_must_be_utf8_but_bytes_need_not) {
  cr_ok(check(shareable_str("na\xc3\xafve, \xe2\x82\xac, \xf0\x9f\x8e\x89 and more than eight")));
  cr_ok(check(shareable_strn("a\0b", 3)));
  cr_status(check(shareable_str("eight by\xff")), SHAREABLE_E_UTF8);
  cr_status(check(shareable_str("cut \xe2\x82")), SHAREABLE_E_UTF8);
  cr_status(check(shareable_str("surrogate \xed\xa0\x80")), SHAREABLE_E_UTF8);
  cr_status(check(shareable_str("overlong \xc0\x80")), SHAREABLE_E_UTF8);
  cr_ok(check(shareable_bytes("\xff\xfe", 2)));
}

Test(value, rejects_invalid_values) {
  shareable_value odd = shareable_none();

  odd.type = 6;
  cr_status(check(odd), SHAREABLE_E_VALUE_TYPE);
  cr_status(shareable__value_check(NULL), SHAREABLE_E_ARGUMENT);
  cr_status(check(shareable_strn(NULL, 1)), SHAREABLE_E_ARGUMENT);
  cr_status(check(shareable_bytes("", SIZE_MAX)), SHAREABLE_E_ARGUMENT);
}
