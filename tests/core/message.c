/*
 * message.c - tests of core/src/protocol/message.c.
 */
#include "protocol/message.h"

#include "vectors_manager.h"

static const shareable__key test_key = {"test-authkey", 12, true};

static shareable__pyvalue nodes[100];

static void frame_is(uint32_t root, shareable__pyvalue_arena *in, const char *wanted) {
  unsigned char frame[400], bytes[400];
  size_t length = shareable__frame_encode(in, root, frame, sizeof frame);

  cr_assert_neq(root, 0);
  cr_assert_eq(unhex(&wanted, bytes, sizeof bytes), length);
  cr_assert_arr_eq(frame, bytes, length);
}

Test(protocol, requests_are_the_bytes_of_cpython) {
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, SHAREABLE__REQUEST_NODES);

  frame_is(shareable__request_build(&in, "dummy", NULL), &in,
           "0000001b8004951000000000000000284e8c0564756d6d7994297d9474942e");
  in.used = 1;
  frame_is(
    shareable__request_build(&in, "track_segment", "psm_deadbeef"), &in,
    "000000338004952800000000000000284e8c0d747261636b5f7365676d656e74948c0c70736d5f64656164626565669485947d9474942e");
}

Test(protocol, replies_are_the_bytes_of_cpython) {
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, 100);
  uint32_t list = shareable__pyvalue_container(&in, SHAREABLE__PY_LIST);

  frame_is(shareable__reply_build(&in, SHAREABLE__RETURN, shareable__pyvalue_none(&in)), &in,
           "000000198004950e000000000000008c072352455455524e944e86942e");
  shareable__pyvalue_append(&in, list, shareable__pyvalue_text(&in, SHAREABLE__PY_STR, "psm_deadbeef", 12));
  shareable__pyvalue_append(&in, list, shareable__pyvalue_text(&in, SHAREABLE__PY_STR, "psm_cafebabe", 12));
  frame_is(shareable__reply_build(&in, SHAREABLE__RETURN, list), &in,
           "0000003a8004952f000000000000008c072352455455524e945d94288c0c70736d5f6465616462656566948c0c70736d5f636166656"
           "2616265946586942e");
}

Test(protocol, a_full_array_is_no_message) {
  for (uint32_t size = 1; size < SHAREABLE__REQUEST_NODES; size++) {
    shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, size);

    cr_assert_eq(shareable__request_build(&in, "track_segment", "x"), 0, "%u nodes", size);
  }
}

static uint32_t read_back(shareable__pyvalue_arena *in, uint32_t root) {
  static unsigned char frame[400];
  size_t length = shareable__frame_encode(in, root, frame, sizeof frame), at;

  *in = shareable__pyvalue_arena_init(nodes, 100);
  cr_assert_eq(shareable__pickle_decode(in, frame + 4, length - 4, &root, &at), SHAREABLE__PICKLE_OK);
  return root;
}

Test(protocol, reads_the_parts_of_a_request_and_of_a_reply) {
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, 100);
  const shareable__pyvalue *kind, *value;
  shareable__request request;
  uint32_t root = read_back(&in, shareable__request_build(&in, "track_segment", "x"));

  cr_assert(shareable__request_parse(&in, root, &request));
  cr_assert_eq(request.ident->type, SHAREABLE__PY_NONE);
  cr_assert(shareable__pyvalue_is_text(request.method, "track_segment"));
  cr_assert(shareable__pyvalue_is_text(&in.nodes[request.args->first], "x"));
  cr_assert_eq(request.kwds->length, 0);
  cr_assert_not(shareable__reply_parse(&in, root, &kind, &value), "a request is no reply");

  in.used = 1;
  root = read_back(&in, shareable__reply_build(&in, SHAREABLE__RETURN, shareable__pyvalue_int(&in, 300)));
  cr_assert(shareable__reply_parse(&in, root, &kind, &value));
  cr_assert(shareable__pyvalue_is_text(kind, "#RETURN"));
  cr_assert_eq(value->integer, 300);
  cr_assert_not(shareable__request_parse(&in, root, &request), "a reply is no request");
}

Test(protocol, a_request_of_other_types_is_none) {
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, 100);
  shareable__request request;
  uint32_t root = shareable__request_build(&in, "dummy", NULL);

  for (uint32_t index = in.nodes[root].first; index != 0; index = in.nodes[index].next) {
    uint8_t type = in.nodes[index].type;

    in.nodes[index].type = SHAREABLE__PY_INT;
    cr_assert_not(shareable__request_parse(&in, root, &request));
    in.nodes[index].type = type;
    cr_assert(shareable__request_parse(&in, root, &request));
  }
}

static shareable__frame_result look(const char *bytes, size_t have, size_t *head, size_t *length) {
  return shareable__frame_parse((const unsigned char *)bytes, have, 1000, head, length);
}

Test(protocol, a_frame_is_looked_at_before_it_is_there) {
  size_t head, length;

  cr_assert_eq(look("\0\0\0", 3, &head, &length), SHAREABLE__FRAME_INCOMPLETE);
  cr_assert_eq(head, 0);
  cr_assert_eq(look("\0\0\0\2x", 5, &head, &length), SHAREABLE__FRAME_INCOMPLETE);
  cr_assert(head == 4 && length == 2);
  cr_assert_eq(look("\0\0\0\2xy", 6, &head, &length), SHAREABLE__FRAME_COMPLETE);
  cr_assert_eq(look("\0\0\0\0", 4, &head, &length), SHAREABLE__FRAME_COMPLETE);
  cr_assert_eq(look("\xff\xff\xff\xff\0\0\0\0\0\0\0", 11, &head, &length), SHAREABLE__FRAME_INCOMPLETE);
  cr_assert_eq(look("\xff\xff\xff\xff\0\0\0\0\0\0\0\1x", 13, &head, &length), SHAREABLE__FRAME_COMPLETE);
  cr_assert(head == 12 && length == 1);
}

Test(protocol, a_frame_past_its_limit_is_refused_by_its_head) {
  size_t head, length;

  cr_assert_eq(look("\0\0\3\xe8", 4, &head, &length), SHAREABLE__FRAME_INCOMPLETE);
  cr_assert_eq(look("\0\0\3\xe9", 4, &head, &length), SHAREABLE__FRAME_INVALID);
  cr_assert_eq(look("\x7f\xff\xff\xff", 4, &head, &length), SHAREABLE__FRAME_INVALID);
  cr_assert_eq(look("\xff\xff\xff\xfe", 4, &head, &length), SHAREABLE__FRAME_INVALID);
  cr_assert_eq(look("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0", 12, &head, &length), SHAREABLE__FRAME_INVALID);
}

static void is_answered_as_cpython_does(const char *line) {
  unsigned char challenge[300], wanted[300], response[SHAREABLE__RESPONSE_MAX];
  size_t length = unhex(&line, challenge, sizeof challenge), wanted_length = unhex(&line, wanted, sizeof wanted);
  size_t have = shareable__challenge_answer(&test_key, challenge + 4, length - 4, response);

  /* A peer of before 3.12 signs any challenge by MD5. */
  if (length > 40 && wanted_length == 20) {
    cr_assert(shareable__response_verify(&test_key, challenge + 4, wanted + 4, 16), "%s", line);
    wanted[4] ^= 1;
    cr_assert_not(shareable__response_verify(&test_key, challenge + 4, wanted + 4, 16), "%s", line);
    return;
  }
  cr_assert_eq(have, wanted_length - 4, "%s", line);
  cr_assert_arr_eq(response, wanted + 4, have, "%s", line);
}

Test(protocol, challenges_are_answered_as_cpython_does) {
  cr_assert_eq(each_vector("handshakes", is_answered_as_cpython_does), 16);
}

static void challenge_of_ours(unsigned char challenge[SHAREABLE__CHALLENGE_SIZE]) {
  unsigned char nonce[SHAREABLE__NONCE_SIZE];

  for (size_t i = 0; i < sizeof nonce; i++)
    nonce[i] = (unsigned char)(7 * i);
  shareable__challenge_build(challenge, nonce);
}

Test(protocol, the_right_key_is_known_from_any_other_and_from_any_other_length) {
  static char bytes[4000];
  const size_t sizes[] = {0, 1, 32, 63, 64, 65, 128, 200, 4000};
  unsigned char challenge[SHAREABLE__CHALLENGE_SIZE], response[SHAREABLE__RESPONSE_MAX];

  memset(bytes, 'k', sizeof bytes);
  challenge_of_ours(challenge);
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

Test(protocol, md5_is_refused_both_ways_where_it_is_not_taken) {
  unsigned char challenge[SHAREABLE__CHALLENGE_SIZE], response[SHAREABLE__RESPONSE_MAX];
  const char *old = "#CHALLENGE#12345678901234567890", *named = "#CHALLENGE#{md5}1234567890123456";
  shareable__key strict = test_key;

  strict.allow_md5 = false;
  cr_assert_eq(shareable__challenge_answer(&test_key, old, strlen(old), response), 16);
  cr_assert_eq(shareable__challenge_answer(&strict, old, strlen(old), response), 0);
  cr_assert_eq(shareable__challenge_answer(&strict, named, strlen(named) + 8, response), 0);
  challenge_of_ours(challenge);
  cr_assert_not(shareable__response_verify(&strict, challenge, response, 16));
}

Test(protocol, what_is_no_challenge_is_not_answered) {
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

Test(protocol, a_message_is_none_where_there_is_no_room_for_it) {
  for (uint32_t room = 0; room < SHAREABLE__REQUEST_NODES; room++) {
    shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, room);

    cr_assert_eq(shareable__request_build(&in, "track_segment", "psm_deadbeef"), 0, "%u nodes", room);
  }
  for (uint32_t room = 1; room < 4; room++) {
    shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, room);

    cr_assert_eq(shareable__reply_build(&in, SHAREABLE__RETURN, shareable__pyvalue_none(&in)), 0, "%u nodes", room);
  }
}

Test(protocol, a_pair_is_a_reply_and_nothing_else) {
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, 100);
  uint32_t pair = shareable__pyvalue_container(&in, SHAREABLE__PY_TUPLE),
           list = shareable__pyvalue_container(&in, SHAREABLE__PY_LIST);
  const shareable__pyvalue *kind, *value;

  cr_assert_not(shareable__reply_parse(&in, list, &kind, &value));
  cr_assert_not(shareable__reply_parse(&in, pair, &kind, &value));
  cr_assert(shareable__pyvalue_append(&in, pair, shareable__pyvalue_int(&in, 1)));
  cr_assert(shareable__pyvalue_append(&in, pair, shareable__pyvalue_none(&in)));
  cr_assert_not(shareable__reply_parse(&in, pair, &kind, &value));
}
