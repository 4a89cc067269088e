/*
 * message.c - tests of core/src/protocol/message.c.
 */
#include "protocol/message.h"

#include "vectors_manager.h"

static const shareable__key test_key = {"test-authkey", 12, true};

static shareable__pyvalue nodes[100];

static void assert_frame(uint32_t root, shareable__pyvalue_arena *arena, const char *expected) {
  unsigned char frame[400], bytes[400];
  size_t length = shareable__frame_encode(arena, root, frame, sizeof frame);

  cr_assert_neq(root, 0);
  cr_assert_eq(unhex(&expected, bytes, sizeof bytes), length);
  cr_assert_arr_eq(frame, bytes, length);
}

Test(message, encodes_requests_byte_for_byte_like_cpython) {
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, SHAREABLE__REQUEST_NODES);

  assert_frame(shareable__request_build(&arena, "dummy", NULL), &arena,
               "0000001b8004951000000000000000284e8c0564756d6d7994297d9474942e");
  arena.used = 1;
  assert_frame(
    shareable__request_build(&arena, "track_segment", "psm_deadbeef"), &arena,
    "000000338004952800000000000000284e8c0d747261636b5f7365676d656e74948c0c70736d5f64656164626565669485947d9474942e");
}

Test(message, encodes_replies_byte_for_byte_like_cpython) {
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, 100);
  uint32_t list = shareable__pyvalue_container(&arena, SHAREABLE__PY_LIST);

  assert_frame(shareable__reply_build(&arena, SHAREABLE__RETURN, shareable__pyvalue_none(&arena)), &arena,
               "000000198004950e000000000000008c072352455455524e944e86942e");
  shareable__pyvalue_append(&arena, list, shareable__pyvalue_text(&arena, SHAREABLE__PY_STR, "psm_deadbeef", 12));
  shareable__pyvalue_append(&arena, list, shareable__pyvalue_text(&arena, SHAREABLE__PY_STR, "psm_cafebabe", 12));
  assert_frame(
    shareable__reply_build(&arena, SHAREABLE__RETURN, list), &arena,
    "0000003a8004952f000000000000008c072352455455524e945d94288c0c70736d5f6465616462656566948c0c70736d5f636166656"
    "2616265946586942e");
}

Test(message, request_build_fails_when_arena_is_full) {
  for (uint32_t size = 1; size < SHAREABLE__REQUEST_NODES; size++) {
    shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, size);

    cr_assert_eq(shareable__request_build(&arena, "track_segment", "x"), 0, "%u nodes", size);
  }
}

static uint32_t read_back(shareable__pyvalue_arena *arena, uint32_t root) {
  static unsigned char frame[400];
  size_t length = shareable__frame_encode(arena, root, frame, sizeof frame), bad_offset;

  *arena = shareable__pyvalue_arena_init(nodes, 100);
  cr_assert_eq(shareable__pickle_decode(arena, frame + 4, length - 4, &root, &bad_offset), SHAREABLE__PICKLE_OK);
  return root;
}

Test(message, parses_the_parts_of_requests_and_replies) {
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, 100);
  const shareable__pyvalue *kind, *value;
  shareable__request request;
  uint32_t root = read_back(&arena, shareable__request_build(&arena, "track_segment", "x"));

  cr_assert(shareable__request_parse(&arena, root, &request));
  cr_assert_eq(request.ident->type, SHAREABLE__PY_NONE);
  cr_assert(shareable__pyvalue_is_text(request.method, "track_segment"));
  cr_assert(shareable__pyvalue_is_text(&arena.nodes[request.args->first], "x"));
  cr_assert_eq(request.kwds->length, 0);
  cr_assert_not(shareable__reply_parse(&arena, root, &kind, &value), "a request is not a reply");

  arena.used = 1;
  root = read_back(&arena, shareable__reply_build(&arena, SHAREABLE__RETURN, shareable__pyvalue_int(&arena, 300)));
  cr_assert(shareable__reply_parse(&arena, root, &kind, &value));
  cr_assert(shareable__pyvalue_is_text(kind, "#RETURN"));
  cr_assert_eq(value->integer, 300);
  cr_assert_not(shareable__request_parse(&arena, root, &request), "a reply is not a request");
}

Test(message, rejects_requests_whose_parts_have_wrong_types) {
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, 100);
  shareable__request request;
  uint32_t root = shareable__request_build(&arena, "dummy", NULL);

  for (uint32_t index = arena.nodes[root].first; index != 0; index = arena.nodes[index].next) {
    uint8_t type = arena.nodes[index].type;

    arena.nodes[index].type = SHAREABLE__PY_INT;
    cr_assert_not(shareable__request_parse(&arena, root, &request));
    arena.nodes[index].type = type;
    cr_assert(shareable__request_parse(&arena, root, &request));
  }
}

static shareable__frame_result parse(const char *bytes, size_t length_received, size_t *header_size, size_t *length) {
  return shareable__frame_parse((const unsigned char *)bytes, length_received, 1000, header_size, length);
}

Test(message, parses_headers_of_incomplete_frames) {
  size_t header_size, length;

  cr_assert_eq(parse("\0\0\0", 3, &header_size, &length), SHAREABLE__FRAME_INCOMPLETE);
  cr_assert_eq(header_size, 0);
  cr_assert_eq(parse("\0\0\0\2x", 5, &header_size, &length), SHAREABLE__FRAME_INCOMPLETE);
  cr_assert(header_size == 4 && length == 2);
  cr_assert_eq(parse("\0\0\0\2xy", 6, &header_size, &length), SHAREABLE__FRAME_COMPLETE);
  cr_assert_eq(parse("\0\0\0\0", 4, &header_size, &length), SHAREABLE__FRAME_COMPLETE);
  cr_assert_eq(parse("\xff\xff\xff\xff\0\0\0\0\0\0\0", 11, &header_size, &length), SHAREABLE__FRAME_INCOMPLETE);
  cr_assert_eq(parse("\xff\xff\xff\xff\0\0\0\0\0\0\0\1x", 13, &header_size, &length), SHAREABLE__FRAME_COMPLETE);
  cr_assert(header_size == 12 && length == 1);
}

Test(message, rejects_headers_whose_length_exceeds_the_limit) {
  size_t header_size, length;

  cr_assert_eq(parse("\0\0\3\xe8", 4, &header_size, &length), SHAREABLE__FRAME_INCOMPLETE);
  cr_assert_eq(parse("\0\0\3\xe9", 4, &header_size, &length), SHAREABLE__FRAME_INVALID);
  cr_assert_eq(parse("\x7f\xff\xff\xff", 4, &header_size, &length), SHAREABLE__FRAME_INVALID);
  cr_assert_eq(parse("\xff\xff\xff\xfe", 4, &header_size, &length), SHAREABLE__FRAME_INVALID);
  cr_assert_eq(parse("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0", 12, &header_size, &length), SHAREABLE__FRAME_INVALID);
}

static void is_answered_like_cpython(const char *line) {
  unsigned char challenge[300], expected[300], response[SHAREABLE__RESPONSE_MAX];
  size_t length = unhex(&line, challenge, sizeof challenge), wanted_length = unhex(&line, expected, sizeof expected);
  size_t response_length = shareable__challenge_answer(&test_key, challenge + 4, length - 4, response);

  /* CPython before 3.12 answers every challenge with MD5. */
  if (length > 40 && wanted_length == 20) {
    cr_assert(shareable__response_verify(&test_key, challenge + 4, expected + 4, 16), "%s", line);
    expected[4] ^= 1;
    cr_assert_not(shareable__response_verify(&test_key, challenge + 4, expected + 4, 16), "%s", line);
    return;
  }
  cr_assert_eq(response_length, wanted_length - 4, "%s", line);
  cr_assert_arr_eq(response, expected + 4, response_length, "%s", line);
}

Test(message, answers_challenges_like_cpython) {
  cr_assert_eq(each_vector("handshakes", is_answered_like_cpython), 20);
}

static void build_challenge(unsigned char challenge[SHAREABLE__CHALLENGE_SIZE]) {
  unsigned char nonce[SHAREABLE__NONCE_SIZE];

  for (size_t i = 0; i < sizeof nonce; i++)
    nonce[i] = (unsigned char)(7 * i);
  shareable__challenge_build(challenge, nonce);
}

Test(message, verifies_only_responses_made_with_the_same_key) {
  static char bytes[4000];
  const size_t sizes[] = {0, 1, 32, 63, 64, 65, 128, 200, 4000};
  unsigned char challenge[SHAREABLE__CHALLENGE_SIZE], response[SHAREABLE__RESPONSE_MAX];

  memset(bytes, 'k', sizeof bytes);
  build_challenge(challenge);
  for (size_t i = 0; i < LENGTH(sizes); i++) {
    shareable__key key = {bytes, sizes[i], false};
    size_t length = shareable__challenge_answer(&key, challenge, sizeof challenge, response);

    cr_assert_eq(length, 40);
    cr_assert(shareable__response_verify(&key, challenge, response, length));
    for (size_t less = 0; less < length; less++)
      cr_assert_not(shareable__response_verify(&key, challenge, response, less));
    cr_assert_not(shareable__response_verify(&test_key, challenge, response, length));
    response[39] ^= 1;
    cr_assert_not(shareable__response_verify(&key, challenge, response, length));
  }
}

Test(message, refuses_md5_in_both_directions_if_not_allowed) {
  unsigned char challenge[SHAREABLE__CHALLENGE_SIZE], response[SHAREABLE__RESPONSE_MAX];
  const char *old = "#CHALLENGE#12345678901234567890", *named = "#CHALLENGE#{md5}1234567890123456";
  shareable__key strict = test_key;

  strict.allow_md5 = false;
  cr_assert_eq(shareable__challenge_answer(&test_key, old, strlen(old), response), 16);
  cr_assert_eq(shareable__challenge_answer(&strict, old, strlen(old), response), 0);
  cr_assert_eq(shareable__challenge_answer(&strict, named, strlen(named) + 8, response), 0);
  build_challenge(challenge);
  cr_assert_not(shareable__response_verify(&strict, challenge, response, 16));
}

Test(message, does_not_answer_malformed_challenges) {
  const char *const bad[] = {"",
                             "#CHALLENGE",
                             "#CHALLENGE#",
                             "#CHALLENGE#1234567890123456789",
                             "#WELCOME#",
                             "#CHALLENGE#123456789012345678901",
                             "#CHALLENGE#{sha384}12345678901234567890"};
  unsigned char response[SHAREABLE__RESPONSE_MAX];

  for (size_t i = 0; i < LENGTH(bad); i++)
    cr_assert_eq(shareable__challenge_answer(&test_key, bad[i], strlen(bad[i]), response), 0, "%s", bad[i]);
}

Test(message, request_and_reply_build_fail_in_arenas_of_every_small_size) {
  for (uint32_t size = 0; size < SHAREABLE__REQUEST_NODES; size++) {
    shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, size);

    cr_assert_eq(shareable__request_build(&arena, "track_segment", "psm_deadbeef"), 0, "%u nodes", size);
  }
  for (uint32_t size = 1; size < 4; size++) {
    shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, size);

    cr_assert_eq(shareable__reply_build(&arena, SHAREABLE__RETURN, shareable__pyvalue_none(&arena)), 0, "%u nodes",
                 size);
  }
}

Test(message, accepts_only_a_pair_with_a_str_as_a_reply) {
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, 100);
  uint32_t pair = shareable__pyvalue_container(&arena, SHAREABLE__PY_TUPLE),
           list = shareable__pyvalue_container(&arena, SHAREABLE__PY_LIST);
  const shareable__pyvalue *kind, *value;

  cr_assert_not(shareable__reply_parse(&arena, list, &kind, &value));
  cr_assert_not(shareable__reply_parse(&arena, pair, &kind, &value));
  cr_assert(shareable__pyvalue_append(&arena, pair, shareable__pyvalue_int(&arena, 1)));
  cr_assert(shareable__pyvalue_append(&arena, pair, shareable__pyvalue_none(&arena)));
  cr_assert_not(shareable__reply_parse(&arena, pair, &kind, &value));
}
