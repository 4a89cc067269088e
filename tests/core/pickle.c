/*
 * pickle.c - tests of core/src/protocol/pickle.c.
 */
#include "protocol/pickle.h"

#include "vectors_manager.h"

#define NODES 1000

static shareable__pyvalue nodes[NODES];

static shareable__pickle_result decode(shareable__pyvalue_arena *in, const void *bytes, size_t length, uint32_t *root) {
  size_t at;

  *in = shareable__pyvalue_arena_init(nodes, NODES);
  return shareable__pickle_decode(in, bytes, length, root, &at);
}

#define PICKLE(text) text, sizeof(text) - 1

static void is_refused_at(const char *bytes, size_t length, size_t wanted) {
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, NODES);
  uint32_t root;
  size_t at = 1000;

  cr_assert_eq(shareable__pickle_decode(&in, bytes, length, &root, &at), SHAREABLE__PICKLE_INVALID);
  cr_assert_eq(at, wanted, "refused at byte %zu, not %zu", at, wanted);
}

/* Of a capture: what it says, and that the same bytes say it. */
static void comes_out_as_it_went_in(const char *line) {
  unsigned char frame[2000], again[2000];
  size_t length = unhex(&line, frame, sizeof frame);
  shareable__pyvalue_arena in;
  uint32_t root;

  if (decode(&in, frame + 4, length - 4, &root) != SHAREABLE__PICKLE_OK) {
    cr_assert_not_null(strstr(line, "ERROR"), "only an exception is no plain value: %s", line);
    return;
  }
  cr_assert_eq(shareable__pickle_encode(&in, root, again, sizeof again), length - 4, "%s", line);
  cr_assert_arr_eq(again, frame + 4, length - 4, "%s", line);
}

Test(pickle, what_cpython_sends_comes_out_as_it_went_in) {
  cr_assert_eq(each_vector("messages", comes_out_as_it_went_in), 29);
}

Test(pickle, reads_every_plain_value) {
  const shareable__pyvalue *node;
  shareable__pyvalue_arena in;
  uint32_t root;

  cr_assert_eq(decode(&in,
                      PICKLE("\x80\x04(N\x88\x89K\xffM\xff\xffJ\xff\xff\xff\xff\x8a\x05\x00\x00\x00\x00\x01"
                             "\x8a\x01\x80\x8a\x00G\xbf\xf8\x00\x00\x00\x00\x00\x00\x8c\x02\xc3\xa9"
                             "X\x01\x00\x00\x00xC\x01\xff)]}t."),
                      &root),
               SHAREABLE__PICKLE_OK);
  cr_assert_eq(in.nodes[root].length, 16);
  node = &in.nodes[in.nodes[root].first];
#define NEXT_IS(kind, test)                                                                                            \
  cr_assert(node->type == SHAREABLE__PY_##kind && (test), #kind " " #test);                                            \
  node = &in.nodes[node->next]
  NEXT_IS(NONE, true);
  NEXT_IS(BOOL, node->integer == 1);
  NEXT_IS(BOOL, node->integer == 0);
  NEXT_IS(INT, node->integer == 255);
  NEXT_IS(INT, node->integer == 65535);
  NEXT_IS(INT, node->integer == -1);
  NEXT_IS(INT, node->integer == INT64_C(1) << 32);
  NEXT_IS(INT, node->integer == -128);
  NEXT_IS(INT, node->integer == 0);
  NEXT_IS(FLOAT, node->real == -1.5);
  NEXT_IS(STR, node->length == 2 && memcmp(node->text, "\xc3\xa9", 2) == 0);
  NEXT_IS(STR, shareable__pyvalue_is_text(node, "x"));
  NEXT_IS(BYTES, node->length == 1 && (unsigned char)node->text[0] == 0xff);
  NEXT_IS(TUPLE, node->length == 0);
  NEXT_IS(LIST, node->length == 0);
  NEXT_IS(DICT, node->length == 0);
}

Test(pickle, recalls_a_text_but_nothing_that_holds_something) {
  shareable__pyvalue_arena in;
  uint32_t root;

  cr_assert_eq(decode(&in, PICKLE("\x80\x04\x8c\x01x\x94h\x00\x86."), &root), SHAREABLE__PICKLE_OK);
  cr_assert(shareable__pyvalue_is_text(&in.nodes[in.nodes[in.nodes[root].first].next], "x"));
  cr_assert_eq(decode(&in, PICKLE("\x80\x02X\x01\x00\x00\x00xq\x00j\x00\x00\x00\x00\x86."), &root),
               SHAREABLE__PICKLE_OK);
  is_refused_at(PICKLE("\x80\x04]\x94h\x00"
                       "a."),
                4);
  is_refused_at(PICKLE("\x80\x04)\x94h\x00\x86."), 4);
  is_refused_at(PICKLE("\x80\x04h\x00."), 2);
}

Test(pickle, refuses_whatever_could_run_code) {
  static const char opcodes[] = "cioRbPQ\x81\x82\x83\x84\x92\x93\x96\x97\x98";

  for (const char *opcode = opcodes; *opcode != '\0'; opcode++) {
    char bytes[] = "\x80\x04N?.";

    bytes[3] = *opcode;
    is_refused_at(bytes, 5, 3);
  }
  is_refused_at(PICKLE("cos\nsystem\n(S'true'\ntR."), 0);
  is_refused_at(PICKLE("\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93."), 19);
}

Test(pickle, refuses_what_goes_past_its_end_or_its_stack) {
  is_refused_at("", 0, 0);
  is_refused_at(PICKLE("\x80"), 0);
  is_refused_at(PICKLE("\x80\x01N."), 0);
  is_refused_at(PICKLE("\x80\x06N."), 0);
  is_refused_at(PICKLE("\x80\x04N"), 3);
  is_refused_at(PICKLE("\x80\x04."), 2);
  is_refused_at(PICKLE("\x80\x04NN."), 4);
  is_refused_at(PICKLE("\x80\x04N.N"), 3);
  is_refused_at(PICKLE("\x80\x04(."), 3);
  is_refused_at(PICKLE("\x80\x04t."), 2);
  is_refused_at(PICKLE("\x80\x04N\x86."), 3);
  is_refused_at(PICKLE("\x80\x04(N\x86."), 4);
  is_refused_at(PICKLE("\x80\x04N\x61."), 3);
  is_refused_at(PICKLE("\x80\x04}K\x01Ns."), 6);
  is_refused_at(PICKLE("\x80\x04}(\x8c\x01xu."), 7);
  is_refused_at(PICKLE("\x80\x04\x94."), 2);
  is_refused_at(PICKLE("\x80\x04\x8c\x05xx."), 2);
  is_refused_at(PICKLE("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffx."), 2);
  is_refused_at(PICKLE("\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00N."), 2);
  is_refused_at(PICKLE("\x80\x04\x8c\x02\xff\xff."), 2);
  is_refused_at(PICKLE("\x80\x04\x8a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01."), 2);
}

Test(pickle, refuses_what_is_too_deep_and_says_what_has_no_room) {
  char bytes[2 + 10000 + 1] = "\x80\x04)";
  shareable__pyvalue_arena in;
  uint32_t root;

  memset(bytes + 3, 0x85, 20);
  bytes[23] = '.';
  is_refused_at(bytes, 24, 3 + SHAREABLE__PYVALUE_DEPTH);
  memset(bytes + 2, 'N', 10000);
  bytes[10002] = '.';
  cr_assert_eq(decode(&in, bytes, sizeof bytes, &root), SHAREABLE__PICKLE_NO_SPACE);
}

Test(pickle, refuses_to_number_more_than_there_is) {
  is_refused_at(PICKLE("\x80\x04N\x94\x94\x94)."), 5);
}

Test(pickle, writes_nothing_past_its_buffer_and_the_length_all_the_same) {
  unsigned char whole[300], part[300];
  shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, NODES);
  uint32_t list = shareable__pyvalue_container(&in, SHAREABLE__PY_LIST);
  size_t length;

  for (int64_t i = -3; i < 4; i++)
    cr_assert(shareable__pyvalue_append(&in, list, shareable__pyvalue_int(&in, i * INT64_C(10000000000))));
  length = shareable__pickle_encode(&in, list, whole, sizeof whole);
  for (size_t size = 0; size < length; size++) {
    memset(part, 0xee, sizeof part);
    cr_assert_eq(shareable__pickle_encode(&in, list, part, size), length);
    cr_assert_eq(part[size], 0xee);
  }
  cr_assert_eq(shareable__pickle_encode(&in, list, NULL, 0), length);
  cr_assert_eq(whole[length - 1], '.');
}

/* Of bytes made of what was captured, with some changed, dropped or doubled: plain, or refused, and never anything else. */
Test(pickle, a_million_mutations_are_plain_or_refused) {
  static const char *const seeds[] = {
    "\x80\x04\x95\x28\0\0\0\0\0\0\0(N\x8c\x0dtrack_segment\x94\x8c\x0cpsm_deadbeef\x94\x85\x94}\x94t\x94.",
    "\x80\x04\x95\x37\0\0\0\0\0\0\0(N\x8c\x0dtrack_segment\x94)}\x94\x8c\x0csegment_name\x94\x8c\x0cpsm_"
    "deadbeef\x94st\x94.",
    "\x80\x04\x95\x2f\0\0\0\0\0\0\0\x8c\x07#RETURN\x94]\x94(\x8c\x0cpsm_deadbeef\x94\x8c\x0cpsm_cafebabe\x94"
    "e\x86\x94.",
    "\x80\x02(K\x01M\x02\x02J\1\1\1\1\x8a\x03\1\1\1G\1\1\1\1\1\1\1\1}(X\1\0\0\0xq\0h\0X\1\0\0\0yNu]Nat."};
  static const size_t lengths[] = {51, 66, 58, 51};
  const char *asked = getenv("PICKLE_SEED");
  uint64_t random = asked == NULL ? 1 : strtoull(asked, NULL, 10);
  unsigned plain = 0;

  for (unsigned turn = 0; turn < 1000000; turn++) {
    char bytes[80];
    size_t length = lengths[turn % 4];
    shareable__pyvalue_arena in;
    uint32_t root;

    memcpy(bytes, seeds[turn % 4], length);
    for (unsigned change = turn / 4 % 5; change > 0; change--) {
      random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      size_t at = (size_t)(random >> 40) % length;
      if (random >> 33 & 1)
        bytes[at] = (char)(random >> 56);
      else
        bytes[at] = seeds[random >> 34 & 3][(random >> 36) % 50];
    }
    if (decode(&in, bytes, length - (turn % 7 == 0), &root) != SHAREABLE__PICKLE_OK)
      continue;
    plain++;
    cr_assert_gt(shareable__pickle_encode(&in, root, NULL, 0), 0);
  }
  cr_assert(plain > 100000 && plain < 900000, "%u of them were plain", plain);
}

/* Whatever the node is that there is no room for. */
Test(pickle, says_what_has_no_room_at_each_node) {
  static const char every[] = "\x80\x04(N\x88K\xff\x8a\x01\x80G\xbf\xf8\x00\x00\x00\x00\x00\x00\x8c\x02\xc3\xa9"
                              "C\x01\xff)](K\x01K\x02"
                              "e}(\x8c\x01xK\x03\x8c\x01yN\x75N\x85NN\x86NNN\x87\x8c\x01z\x94h\x00t.";
  shareable__pickle_result unpickled = SHAREABLE__PICKLE_NO_SPACE;
  uint32_t room = 0, root;

  for (; unpickled == SHAREABLE__PICKLE_NO_SPACE && room <= NODES; room++) {
    shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, room);
    size_t at;

    unpickled = shareable__pickle_decode(&in, every, sizeof every - 1, &root, &at);
  }
  cr_assert_eq(unpickled, SHAREABLE__PICKLE_OK);
  cr_assert_gt(room, 20);
}

/* Each has its own opcode, and a long one stands between two frames. */
Test(pickle, texts_of_every_length_come_back) {
  static unsigned char bytes[300000];
  static char text[70000];
  const size_t lengths[] = {0, 1, 255, 256, 65535, 65536, 70000};

  memset(text, 'x', sizeof text);
  for (size_t i = 0; i < LENGTH(lengths); i++)
    for (int is_str = 0; is_str < 2; is_str++) {
      shareable__pyvalue_type type = is_str ? SHAREABLE__PY_STR : SHAREABLE__PY_BYTES;
      shareable__pyvalue_arena in = shareable__pyvalue_arena_init(nodes, NODES), out;
      uint32_t list = shareable__pyvalue_container(&in, SHAREABLE__PY_LIST), root;
      size_t length;

      cr_assert(shareable__pyvalue_append(&in, list, shareable__pyvalue_int(&in, 1)));
      cr_assert(shareable__pyvalue_append(&in, list, shareable__pyvalue_text(&in, type, text, lengths[i])));
      cr_assert(shareable__pyvalue_append(&in, list, shareable__pyvalue_text(&in, type, text, lengths[i])));
      length = shareable__pickle_encode(&in, list, bytes, sizeof bytes);
      cr_assert_lt(length, sizeof bytes);
      cr_assert_eq(decode(&out, bytes, length, &root), SHAREABLE__PICKLE_OK, "%zu", lengths[i]);
      cr_assert_eq(out.nodes[root].length, 3);
      cr_assert_eq(out.nodes[out.nodes[root].last].type, type);
      cr_assert_eq(out.nodes[out.nodes[root].last].length, lengths[i]);
    }
}
