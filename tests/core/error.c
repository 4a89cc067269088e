/*
 * error.c - tests of core/src/base/error.c.
 */
#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <unistr.h>

#include "support.h"

#define ROW(name, number, nearest_errno, message) {SHAREABLE_##name, number, #name, message, nearest_errno},

static const struct {
  int status, number;
  const char *name, *text;
  int nearest_errno;
} statuses[] = {SHAREABLE_STATUS_MAP(ROW)};

Test(error, every_status_has_its_own_name_message_and_errno) {
  for (size_t i = 0; i < LENGTH(statuses); i++) {
    int number = statuses[i].number;

    cr_assert_eq(statuses[i].status, number);
    cr_assert_str_eq(shareable_status_name(number), statuses[i].name);
    cr_assert_str_eq(shareable_status_message(number), statuses[i].text);
    cr_assert_eq(shareable_status_errno(number), statuses[i].nearest_errno);
    cr_assert(number == 0 || (number < 0 && statuses[i].nearest_errno != 0));
  }
}

Test(error, an_unknown_status_has_a_name_and_a_message) {
  cr_assert_str_eq(shareable_status_message(-9999), "unknown status");
  cr_assert_str_eq(shareable_status_name(7), "E_UNKNOWN");
  cr_assert_eq(shareable_status_errno(7), 0);
}

Test(error, fail_fills_the_error_and_returns_the_status) {
  shareable_error error;

  cr_status(shareable__fail(&error, SHAREABLE_E_CAPACITY, 0, "item %d", 3), SHAREABLE_E_CAPACITY);
  cr_assert_eq(error.status, SHAREABLE_E_CAPACITY);
  cr_assert_eq(error.sys_errno, 0);
  cr_assert_str_eq(error.message, "item 3");
  cr_status(shareable__fail(NULL, SHAREABLE_E_CAPACITY, 0, "no error structure"), SHAREABLE_E_CAPACITY);
}

Test(error, an_errno_has_the_matching_status) {
  const struct {
    int system;
    shareable_status status;
  } rows[] = {{ENOENT, SHAREABLE_E_NOT_FOUND}, {EEXIST, SHAREABLE_E_EXISTS},   {EACCES, SHAREABLE_E_PERMISSION},
              {EPERM, SHAREABLE_E_PERMISSION}, {ENOSPC, SHAREABLE_E_NO_SPACE}, {ENOMEM, SHAREABLE_E_NO_MEMORY},
              {EMFILE, SHAREABLE_E_SYSTEM}};
  shareable_error error;

  for (size_t i = 0; i < LENGTH(rows); i++) {
    cr_status(shareable__fail_errno(&error, rows[i].system, "'%s'", "demo"), rows[i].status);
    cr_assert_eq(error.sys_errno, rows[i].system);
    cr_assert(strncmp(error.message, "'demo': ", 8) == 0, "%s", error.message);
  }
}

Test(error, a_long_message_is_cut_and_ends_with_nul) {
  shareable_error error;
  char name[1000];

  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  shareable__fail_errno(&error, ENOENT, "%s", name);
  cr_assert_lt(strlen(error.message), sizeof error.message);
}

Test(error, formats_the_conversions_that_messages_use) {
  shareable_error error;

  shareable__error_set(&error, SHAREABLE_E_CAPACITY, 0, "%d %d %ld %lld %zu %u %lu %llu 0x%x %x %#o %s|%.*s|", -1,
                       INT_MIN, -2L, INT64_MIN + 0LL, SIZE_MAX, 4000000000u, 5ul, (unsigned long long)UINT64_MAX, 255u,
                       0xabcu, 0640u, "text", 3, "answer");
  cr_assert_str_eq(error.message, sizeof(size_t) > 4
                                    ? "-1 -2147483648 -2 -9223372036854775808 18446744073709551615 4000000000 5 "
                                      "18446744073709551615 0xff abc 0640 text|ans|"
                                    : "-1 -2147483648 -2 -9223372036854775808 4294967295 4000000000 5 "
                                      "18446744073709551615 0xff abc 0640 text|ans|");
}

Test(error, every_errno_has_an_english_description) {
  cr_assert_str_eq(shareable__errno_text(ENOENT), "No such file or directory");
  cr_assert_not_null(shareable__errno_text(99999));
}

/*
 * A name of 255 bytes, each escaped to four characters, twice in the message; and the longest
 * reasons.
 */
Test(error, a_long_name_leaves_room_for_the_reason) {
  static const char bytes[] = {'x', '\xff', '\x1b', '\n'};
  shareable_error error;
  char name[256];

  for (size_t i = 0; i < LENGTH(bytes); i++) {
    memset(name, bytes[i], sizeof name - 1);
    name[sizeof name - 1] = '\0';
    shareable__fail_errno(&error, ENOENT, "cannot rename '%s' in %s to '%s'", name, name, name);
    cr_assert(strstr(error.message, "No such file or directory") != NULL, "%s", error.message);
    shareable__fail(&error, SHAREABLE_E_NO_SPACE, 0, "'%s' at %s: only %zu bytes are free there", name, name,
                    (size_t)7);
    cr_assert(strstr(error.message, "only 7 bytes are free there") != NULL, "%s", error.message);
    cr_assert_null(u8_check((const uint8_t *)error.message, strlen(error.message)), "%s", error.message);
    for (const char *c = error.message; *c != '\0'; c++)
      cr_assert((unsigned char)*c >= ' ', "a control character");
  }
}

Test(error, the_version_matches_the_header) {
  char version[40];

  snprintf(version, sizeof version, "%d.%d.%d", SHAREABLE_VERSION_MAJOR, SHAREABLE_VERSION_MINOR,
           SHAREABLE_VERSION_PATCH);
  cr_assert_str_eq(shareable_version(), version);
}
