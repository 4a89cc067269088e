/*
 * name.c - tests of core/src/shm/name.c.
 */
#include "shm/name.h"

#include "support.h"

Test(name, removes_one_leading_slash) {
  cr_assert_str_eq(shareable__name_normalize("demo"), "demo");
  cr_assert_str_eq(shareable__name_normalize("/demo"), "demo");
}

Test(name, rejects_invalid_names) {
  const char *const bad[] = {NULL, "", "/", "//demo", "a/b", "demo/", ".", "..", "/..", "../demo"};

  for (size_t i = 0; i < LENGTH(bad); i++)
    cr_assert_null(shareable__name_normalize(bad[i]), "%s", bad[i]);
}

Test(name, accepts_at_most_255_bytes) {
  char name[258] = {0};

  memset(name, 'x', 255);
  cr_assert_not_null(shareable__name_normalize(name));
  name[255] = 'x';
  cr_assert_null(shareable__name_normalize(name));
  name[0] = '/';
  cr_assert_not_null(shareable__name_normalize(name));
}

Test(name, accepts_bytes_that_are_not_ascii) {
  cr_assert_str_eq(shareable__name_normalize("caf\xc3\xa9 \xff"), "caf\xc3\xa9 \xff");
}

Test(name, random_names_have_cpython_s_format) {
  char name[13];

  shareable__name_random(name, 0x0012abcd);
  cr_assert_str_eq(name, "psm_0012abcd");
  shareable__name_random(name, 0xffffffff);
  cr_assert_str_eq(name, "psm_ffffffff");
}
