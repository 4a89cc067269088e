/*
 * quote.c - tests of core/src/base/quote.c.
 */
#include "base/quote.h"

#include <unistr.h>

#include "support.h"

static const char *quoted(const char *text, size_t limit) {
  static char out[2000];

  cr_assert_eq(shareable__quote(out, sizeof out, text, strlen(text), limit), strlen(out));
  return out;
}

Test(quote, safe_text_is_unchanged) {
  static const char *const texts[] = {"", "plain", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "a\\b 'c' \"d\" %s",
                                      "\xc2\xa0"};

  for (size_t i = 0; i < LENGTH(texts); i++)
    cr_assert_str_eq(quoted(texts[i], 100), texts[i]);
}

Test(quote, text_that_is_not_utf8_or_unsafe_on_a_terminal_is_escaped) {
  static const struct {
    const char *text, *wanted;
  } rows[] = {{"caf\xe9", "caf\\xe9"},
              {"\x1b[31m", "\\x1b[31m"},
              {"a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"},
              {"\xc2\x9b"
               "31m",
               "\\xc2\\x9b31m"},
              {"a\xe2\x80\xae"
               "b",
               "a\\xe2\\x80\\xaeb"},
              {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},
              {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},
              {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
              {"\xc0\x80", "\\xc0\\x80"},
              {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
              {"\xe2\x82", "\\xe2\\x82"}};

  for (size_t i = 0; i < LENGTH(rows); i++)
    cr_assert_str_eq(quoted(rows[i].text, 100), rows[i].wanted, "%s", quoted(rows[i].text, 100));
}

/* At each limit and each capacity, no character and no escape is cut. */
Test(quote, text_that_does_not_fit_ends_with_an_ellipsis_and_is_utf8) {
  static const char text[] = "x\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff\x1b\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff";
  const size_t whole = strlen(quoted(text, 1000));
  char out[100];

  for (size_t most = 0; most <= whole + 2; most++)
    for (int by_room = 0; by_room < 2; by_room++) {
      size_t used =
        shareable__quote(out, by_room ? most + 1 : sizeof out, text, sizeof text - 1, by_room ? 1000 : most);

      cr_assert_eq(used, strlen(out));
      cr_assert_leq(used, most);
      cr_assert_null(u8_check((const uint8_t *)out, used), "limit %zu: %s", most, out);
      if (most >= whole)
        cr_assert_str_eq(out, quoted(text, 1000));
      else if (most >= 3)
        cr_assert_str_eq(out + used - 3, "\xe2\x80\xa6", "limit %zu: %s", most, out);
    }
  cr_assert_eq(shareable__quote(out, 0, text, sizeof text - 1, 10), 0);
}
