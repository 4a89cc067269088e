/*
 * dict_content.c - tests of dicts that have keys when they become visible.
 */
#include "dict_support.h"

static shareable_status create(shareable_dict **dict, const char *name, const shareable__dict_content *content) {
  shareable_error error;

  return shareable__dict_create_with(dict, name, 10, 8, 8, content, 0, 0600, &error);
}

Test(dict_content, has_the_keys_with_their_values_and_ttls) {
  const shareable_value keys[] = {shareable_str("a"), shareable_bytes("a", 1), shareable_str("eight888")};
  const shareable_value values[] = {shareable_int(1), shareable_int(2), shareable_str("text")};
  const int64_t ttls[] = {0, 0, 60000000000};
  const shareable__dict_content content = {keys, values, ttls, 3, false};
  shareable_dict *dict = NULL;
  shareable_value value;
  char buffer[8];
  int64_t ttl = 1;

  cr_ok(create(&dict, own_name(), &content));
  check_index(dict);
  cr_assert(length(dict) == 3 && get(dict, "a") == 1);
  cr_ok(shareable_dict_get(dict, &keys[1], &value, NULL, 0));
  cr_assert_eq(value.integer, 2);
  cr_ok(shareable_dict_get(dict, &keys[2], &value, buffer, sizeof buffer));
  cr_assert(value.length == 4 && memcmp(buffer, "text", 4) == 0);
  cr_ok(shareable_dict_ttl(dict, &keys[0], &ttl));
  cr_assert_eq(ttl, 0);
  cr_ok(shareable_dict_ttl(dict, &keys[2], &ttl));
  cr_assert(ttl > 50000000000);
  cr_ok(set(dict, "a", shareable_str("x")));
  cr_ok(set(dict, "new", shareable_int(4)));
  cr_ok(delete_key(dict, "eight888"));
  cr_assert(length(dict) == 3 && get(dict, "new") == 4);
  check_index(dict);
  end_dict(dict);
}

Test(dict_content, replaces_a_block) {
  const shareable_value key = shareable_str("a"), value = shareable_int(1);
  const int64_t ttl = 0;
  shareable__dict_content content = {&key, &value, &ttl, 1, false};
  shareable_dict *old = new_dict(3, 8, 8), *dict = NULL;

  cr_status(create(&dict, created, &content), SHAREABLE_E_EXISTS);
  content.replaces = true;
  cr_ok(create(&dict, created, &content));
  cr_assert(get(dict, "a") == 1 && get(old, "a") == -1 && shareable_dict_places(dict) == 10);
  shareable_dict_unref(old);
  end_dict(dict);
}

Test(dict_content, refuses_what_does_not_fit_and_leaves_no_block) {
  static const struct {
    shareable_value key, value;
    size_t count;
    shareable_status status;
  } wrong[] = {
    {{.type = SHAREABLE_TYPE_STR, .text = "nine99999", .length = 9}, {.type = SHAREABLE_TYPE_NONE}, 1, SHAREABLE_E_KEY},
    {{.type = SHAREABLE_TYPE_STR, .text = "", .length = 0}, {.type = SHAREABLE_TYPE_NONE}, 1, SHAREABLE_E_KEY},
    {{.type = SHAREABLE_TYPE_BYTES, .text = "a\0", .length = 2}, {.type = SHAREABLE_TYPE_NONE}, 1, SHAREABLE_E_KEY},
    {{.type = SHAREABLE_TYPE_INT}, {.type = SHAREABLE_TYPE_NONE}, 1, SHAREABLE_E_KEY},
    {{.type = SHAREABLE_TYPE_STR, .text = "\xff", .length = 1}, {.type = SHAREABLE_TYPE_NONE}, 1, SHAREABLE_E_UTF8},
    {{.type = SHAREABLE_TYPE_STR, .text = "a", .length = 1},
     {.type = SHAREABLE_TYPE_STR, .text = "nine99999", .length = 9},
     1,
     SHAREABLE_E_CAPACITY},
    {{.type = SHAREABLE_TYPE_STR, .text = "a", .length = 1},
     {.type = SHAREABLE_TYPE_STR, .text = "\xff", .length = 1},
     1,
     SHAREABLE_E_UTF8},
    {{.type = SHAREABLE_TYPE_STR, .text = "a", .length = 1}, {.type = SHAREABLE_TYPE_NONE}, 11, SHAREABLE_E_FULL}};
  const int64_t ttl = 0;
  shareable_dict *dict = NULL;

  for (size_t i = 0; i < LENGTH(wrong); i++) {
    const shareable__dict_content content = {&wrong[i].key, &wrong[i].value, &ttl, wrong[i].count, false};

    cr_status(create(&dict, own_name(), &content), wrong[i].status);
    cr_assert(dict == NULL && !exists(own_name()));
  }
}
