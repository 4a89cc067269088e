/*
 * address.c - tests of core/src/protocol/address.c.
 */
#include "protocol/address.h"

#include "support.h"

static shareable__pyvalue nodes[8];

/* Converts a text to a socket address, a value, a socket address and a text. */
static void round_trips(const char *text, const char *expected) {
  shareable__address address, again;
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, LENGTH(nodes));
  char written[SHAREABLE__ADDRESS_TEXT], host[INET_ADDRSTRLEN];
  uint32_t root;

  cr_assert(shareable__address_parse(&address, text), "%s", text);
  root = shareable__address_to_pyvalue(&address, &arena, host);
  cr_assert_neq(root, 0);
  cr_assert(shareable__address_from_pyvalue(&again, &arena, root), "%s", text);
  cr_assert_eq(again.length, address.length);
  cr_assert(shareable__address_format(&again, written));
  cr_assert_str_eq(written, expected);
}

Test(address, round_trips_from_text_to_value_and_back) {
  char longest[109] = "";

  round_trips("/tmp/some/where", "/tmp/some/where");
  round_trips("./here", "./here");
  round_trips("@a name", "@a name");
  round_trips("127.0.0.1:5000", "127.0.0.1:5000");
  round_trips("localhost:0", "127.0.0.1:0");
  memset(longest, 'x', 107);
  longest[0] = '/';
  round_trips(longest, longest);
  longest[0] = '@';
  longest[107] = 'x';
  round_trips(longest, longest);
}

Test(address, rejects_texts_that_are_not_addresses) {
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

Test(address, only_file_sockets_have_a_path) {
  shareable__address address;

  cr_assert(shareable__address_parse(&address, "/tmp/x"));
  cr_assert_str_eq(shareable__address_path(&address), "/tmp/x");
  cr_assert(shareable__address_parse(&address, "@tmp"));
  cr_assert_null(shareable__address_path(&address));
  cr_assert(shareable__address_parse(&address, "1.2.3.4:5"));
  cr_assert_null(shareable__address_path(&address));
}

Test(address, rejects_values_that_are_not_addresses) {
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, LENGTH(nodes));
  uint32_t pair = shareable__pyvalue_container(&arena, SHAREABLE__PY_TUPLE);
  shareable__address address;

  cr_assert_not(shareable__address_from_pyvalue(&address, &arena, pair));
  shareable__pyvalue_append(&arena, pair, shareable__pyvalue_none(&arena));
  shareable__pyvalue_append(&arena, pair, shareable__pyvalue_int(&arena, 5));
  cr_assert_not(shareable__address_from_pyvalue(&address, &arena, pair));
  cr_assert_not(shareable__address_from_pyvalue(&address, &arena, arena.nodes[pair].first));
  cr_assert_not(
    shareable__address_from_pyvalue(&address, &arena, shareable__pyvalue_text(&arena, SHAREABLE__PY_STR, "/a\0b", 4)));
}

Test(address, encode_fails_when_arena_is_full) {
  shareable__address address;
  char host[INET_ADDRSTRLEN];

  cr_assert(shareable__address_parse(&address, "1.2.3.4:5"));
  for (uint32_t size = 1; size < 4; size++) {
    shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, size);

    cr_assert_eq(shareable__address_to_pyvalue(&address, &arena, host), 0, "%u nodes", size);
  }
}

/* The address of an unbound socket, and an abstract name that contains a NUL, have no text form. */
Test(address, does_not_format_unnamed_sockets_or_names_with_nul) {
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, LENGTH(nodes));
  shareable__address address = {.length = sizeof(sa_family_t)};
  char text[SHAREABLE__ADDRESS_TEXT];

  address.any.sa_family = AF_UNIX;
  cr_assert_null(shareable__address_path(&address));
  cr_assert_not(shareable__address_format(&address, text));
  cr_assert(shareable__address_from_pyvalue(&address, &arena,
                                            shareable__pyvalue_text(&arena, SHAREABLE__PY_BYTES, "\0a\0b", 4)));
  cr_assert_not(shareable__address_format(&address, text));
}

Test(address, rejects_pairs_without_a_valid_host_and_port) {
  static const char long_host[300] = "1.2.3.4";
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, LENGTH(nodes));
  uint32_t pair = shareable__pyvalue_container(&arena, SHAREABLE__PY_TUPLE);
  uint32_t late = shareable__pyvalue_container(&arena, SHAREABLE__PY_TUPLE);
  shareable__address address;

  shareable__pyvalue_append(&arena, pair,
                            shareable__pyvalue_text(&arena, SHAREABLE__PY_STR, long_host, sizeof long_host));
  shareable__pyvalue_append(&arena, pair, shareable__pyvalue_int(&arena, 5));
  cr_assert_not(shareable__address_from_pyvalue(&address, &arena, pair));
  shareable__pyvalue_append(&arena, late, shareable__pyvalue_text(&arena, SHAREABLE__PY_STR, "", 0));
  shareable__pyvalue_append(&arena, late, shareable__pyvalue_none(&arena));
  cr_assert_not(shareable__address_from_pyvalue(&address, &arena, late));
}
