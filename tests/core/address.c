/*
 * address.c - tests of core/src/protocol/address.c.
 */
#include "protocol/address.h"

#include "support.h"

static shareable__pyvalue nodes[8];

/* Through all three forms, to the text again. */
static void goes_round(const char *text, const char *wanted) {
  shareable__address address, again;
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, LENGTH(nodes));
  char written[SHAREABLE__ADDRESS_TEXT], host[INET_ADDRSTRLEN];
  uint32_t root;

  cr_assert(shareable__address_parse(&address, text), "%s", text);
  root = shareable__address_to_pyvalue(&address, &in, host);
  cr_assert_neq(root, 0);
  cr_assert(shareable__address_from_pyvalue(&again, &in, root), "%s", text);
  cr_assert_eq(again.length, address.length);
  cr_assert(shareable__address_format(&again, written));
  cr_assert_str_eq(written, wanted);
}

Test(address, goes_from_text_to_a_pickle_and_back) {
  char longest[109] = "";

  goes_round("/tmp/some/where", "/tmp/some/where");
  goes_round("./here", "./here");
  goes_round("@a name", "@a name");
  goes_round("127.0.0.1:5000", "127.0.0.1:5000");
  goes_round("localhost:0", "127.0.0.1:0");
  memset(longest, 'x', 107);
  longest[0] = '/';
  goes_round(longest, longest);
  longest[0] = '@';
  longest[107] = 'x';
  goes_round(longest, longest);
}

Test(address, refuses_what_is_none) {
  const char *const bad[] = {"",       "name",   "1.2.3.4",  ":5000",      "1.2.3.4:",   "1.2.3.4:65536",
                             "host:5", "::1:50", "1.2.3:50", "1.2.3.4:-1", "1.2.3.4: 5", "localhost:123456"};
  char too_long[200] = "";
  shareable__address address;

  for (size_t i = 0; i < LENGTH(bad); i++)
    cr_assert_not(shareable__address_parse(&address, bad[i]), "%s", bad[i]);
  memset(too_long, 'x', 109);
  too_long[0] = '@';
  cr_assert_not(shareable__address_parse(&address, too_long));
  too_long[0] = '/';
  too_long[108] = '\0';
  cr_assert_not(shareable__address_parse(&address, too_long));
}

Test(address, only_a_file_has_a_path) {
  shareable__address address;

  cr_assert(shareable__address_parse(&address, "/tmp/x"));
  cr_assert_str_eq(shareable__address_path(&address), "/tmp/x");
  cr_assert(shareable__address_parse(&address, "@tmp"));
  cr_assert_null(shareable__address_path(&address));
  cr_assert(shareable__address_parse(&address, "1.2.3.4:5"));
  cr_assert_null(shareable__address_path(&address));
}

Test(address, a_pickle_of_something_else_is_none) {
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, LENGTH(nodes));
  uint32_t pair = shareable__pyvalue_container(&in, SHAREABLE__PY_TUPLE);
  shareable__address address;

  cr_assert_not(shareable__address_from_pyvalue(&address, &in, pair));
  shareable__pyvalue_append(&in, pair, shareable__pyvalue_none(&in));
  shareable__pyvalue_append(&in, pair, shareable__pyvalue_int(&in, 5));
  cr_assert_not(shareable__address_from_pyvalue(&address, &in, pair));
  cr_assert_not(shareable__address_from_pyvalue(&address, &in, in.nodes[pair].first));
  cr_assert_not(
    shareable__address_from_pyvalue(&address, &in, shareable__pyvalue_text(&in, SHAREABLE__PY_STR, "/a\0b", 4)));
}

Test(address, without_room_there_is_no_pickle_of_it) {
  shareable__address address;
  char host[INET_ADDRSTRLEN];

  cr_assert(shareable__address_parse(&address, "1.2.3.4:5"));
  for (uint32_t room = 1; room < 4; room++) {
    shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, room);

    cr_assert_eq(shareable__address_to_pyvalue(&address, &in, host), 0, "%u nodes", room);
  }
}

/* What a socket has that was bound to none; and an abstract name with a NUL, which no text can say. */
Test(address, of_no_name_or_one_that_text_cannot_say_is_not_written) {
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, LENGTH(nodes));
  shareable__address address = {.length = sizeof(sa_family_t)};
  char text[SHAREABLE__ADDRESS_TEXT];

  address.any.sa_family = AF_UNIX;
  cr_assert_null(shareable__address_path(&address));
  cr_assert_not(shareable__address_format(&address, text));
  cr_assert(
    shareable__address_from_pyvalue(&address, &in, shareable__pyvalue_text(&in, SHAREABLE__PY_BYTES, "\0a\0b", 4)));
  cr_assert_not(shareable__address_format(&address, text));
}

Test(address, a_pair_of_no_host_and_port_is_none) {
  static const char long_host[300] = "1.2.3.4";
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, LENGTH(nodes));
  uint32_t pair = shareable__pyvalue_container(&in, SHAREABLE__PY_TUPLE);
  uint32_t late = shareable__pyvalue_container(&in, SHAREABLE__PY_TUPLE);
  shareable__address address;

  shareable__pyvalue_append(&in, pair, shareable__pyvalue_text(&in, SHAREABLE__PY_STR, long_host, sizeof long_host));
  shareable__pyvalue_append(&in, pair, shareable__pyvalue_int(&in, 5));
  cr_assert_not(shareable__address_from_pyvalue(&address, &in, pair));
  shareable__pyvalue_append(&in, late, shareable__pyvalue_text(&in, SHAREABLE__PY_STR, "", 0));
  shareable__pyvalue_append(&in, late, shareable__pyvalue_none(&in));
  cr_assert_not(shareable__address_from_pyvalue(&address, &in, late));
}
