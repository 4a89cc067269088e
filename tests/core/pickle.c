/*
 * pickle.c - tests of core/src/protocol/pickle_decode.c and pickle_encode.c.
 */
#include "protocol/pickle.h"

#include "vectors_manager.h"

#define NODES 1000

static shareable__pyvalue nodes[NODES];

static shareable__pickle_result decode(shareable__pyvalue_arena *arena, const void *bytes, size_t length,
                                       uint32_t *root) {
  size_t bad_offset;

  *arena = shareable__pyvalue_arena_init(nodes, NODES);
  return shareable__pickle_decode(arena, bytes, length, root, &bad_offset);
}

#define PICKLE(text) text, sizeof(text) - 1

static void is_rejected_at(const char *bytes, size_t length, size_t expected) {
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, NODES);
  uint32_t root;
  size_t bad_offset = 1000;

  cr_assert_eq(shareable__pickle_decode(&arena, bytes, length, &root, &bad_offset), SHAREABLE__PICKLE_INVALID);
  cr_assert_eq(bad_offset, expected, "rejected at byte %zu, not %zu", bad_offset, expected);
}

/*
 * Decodes a captured message, encodes the value again, and compares the bytes. The encoder uses
 * protocol 4, as CPython before 3.14 does.
 */
static void round_trips(const char *line) {
  unsigned char frame[2000], again[2000];
  size_t length = unhex(&line, frame, sizeof frame);
  shareable__pyvalue_arena arena;
  uint32_t root;

  if (decode(&arena, frame + 4, length - 4, &root) != SHAREABLE__PICKLE_OK) {
    cr_assert_not_null(strstr(line, "ERROR"), "only messages with an exception may be rejected: %s", line);
    return;
  }
  cr_assert_eq(shareable__pickle_encode(&arena, root, again, sizeof again), length - 4, "%s", line);
  frame[5] = 4;
  cr_assert_arr_eq(again, frame + 4, length - 4, "%s", line);
}

Test(pickle, encodes_captured_messages_to_the_same_bytes) {
  cr_assert_eq(each_vector("messages", round_trips), 29);
  cr_assert_eq(each_vector("messages-3.14", round_trips), 29);
}

Test(pickle, decodes_values_of_every_type) {
  const shareable__pyvalue *node;
  shareable__pyvalue_arena arena;
  uint32_t root;

  cr_assert_eq(decode(&arena,
                      PICKLE("\x80\x04(N\x88\x89K\xffM\xff\xffJ\xff\xff\xff\xff\x8a\x05\x00\x00\x00\x00\x01"
                             "\x8a\x01\x80\x8a\x00G\xbf\xf8\x00\x00\x00\x00\x00\x00\x8c\x02\xc3\xa9"
                             "X\x01\x00\x00\x00xC\x01\xff)]}t."),
                      &root),
               SHAREABLE__PICKLE_OK);
  cr_assert_eq(arena.nodes[root].length, 16);
  node = &arena.nodes[arena.nodes[root].first];
#define NEXT_IS(kind, test)                                                                                            \
  cr_assert(node->type == SHAREABLE__PY_##kind && (test), #kind " " #test);                                            \
  node = &arena.nodes[node->next]
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

Test(pickle, loads_texts_but_not_containers_from_the_memo) {
  shareable__pyvalue_arena arena;
  uint32_t root;

  cr_assert_eq(decode(&arena, PICKLE("\x80\x04\x8c\x01x\x94h\x00\x86."), &root), SHAREABLE__PICKLE_OK);
  cr_assert(shareable__pyvalue_is_text(&arena.nodes[arena.nodes[arena.nodes[root].first].next], "x"));
  cr_assert_eq(decode(&arena, PICKLE("\x80\x02X\x01\x00\x00\x00xq\x00j\x00\x00\x00\x00\x86."), &root),
               SHAREABLE__PICKLE_OK);
  is_rejected_at(PICKLE("\x80\x04]\x94h\x00"
                        "a."),
                 4);
  is_rejected_at(PICKLE("\x80\x04)\x94h\x00\x86."), 4);
  is_rejected_at(PICKLE("\x80\x04h\x00."), 2);
}

Test(pickle, rejects_opcodes_that_could_run_code) {
  static const char opcodes[] = "cioRbPQ\x81\x82\x83\x84\x92\x93\x96\x97\x98";

  for (const char *opcode = opcodes; *opcode != '\0'; opcode++) {
    char bytes[] = "\x80\x04N?.";

    bytes[3] = *opcode;
    is_rejected_at(bytes, 5, 3);
  }
  is_rejected_at(PICKLE("cos\nsystem\n(S'true'\ntR."), 0);
  is_rejected_at(PICKLE("\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93."), 19);
}

Test(pickle, rejects_reads_past_the_end_and_stack_underflow) {
  is_rejected_at("", 0, 0);
  is_rejected_at(PICKLE("\x80"), 0);
  is_rejected_at(PICKLE("\x80\x01N."), 0);
  is_rejected_at(PICKLE("\x80\x06N."), 0);
  is_rejected_at(PICKLE("\x80\x04N"), 3);
  is_rejected_at(PICKLE("\x80\x04."), 2);
  is_rejected_at(PICKLE("\x80\x04NN."), 4);
  is_rejected_at(PICKLE("\x80\x04N.N"), 3);
  is_rejected_at(PICKLE("\x80\x04(."), 3);
  is_rejected_at(PICKLE("\x80\x04t."), 2);
  is_rejected_at(PICKLE("\x80\x04N\x86."), 3);
  is_rejected_at(PICKLE("\x80\x04(N\x86."), 4);
  is_rejected_at(PICKLE("\x80\x04N\x61."), 3);
  is_rejected_at(PICKLE("\x80\x04}K\x01Ns."), 6);
  is_rejected_at(PICKLE("\x80\x04}(\x8c\x01xu."), 7);
  is_rejected_at(PICKLE("\x80\x04\x94."), 2);
  is_rejected_at(PICKLE("\x80\x04\x8c\x05xx."), 2);
  is_rejected_at(PICKLE("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffx."), 2);
  is_rejected_at(PICKLE("\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00N."), 2);
  is_rejected_at(PICKLE("\x80\x04\x8c\x02\xff\xff."), 2);
  is_rejected_at(PICKLE("\x80\x04\x8a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01."), 2);
}

Test(pickle, rejects_deep_values_and_reports_a_full_arena) {
  char bytes[2 + 10000 + 1] = "\x80\x04)";
  shareable__pyvalue_arena arena;
  uint32_t root;

  memset(bytes + 3, 0x85, 20);
  bytes[23] = '.';
  is_rejected_at(bytes, 24, 3 + SHAREABLE__PYVALUE_DEPTH);
  memset(bytes + 2, 'N', 10000);
  bytes[10002] = '.';
  cr_assert_eq(decode(&arena, bytes, sizeof bytes, &root), SHAREABLE__PICKLE_NO_SPACE);
}

Test(pickle, rejects_more_memo_entries_than_values) {
  is_rejected_at(PICKLE("\x80\x04N\x94\x94\x94)."), 5);
}

Test(pickle, encode_stays_in_its_buffer_and_returns_the_whole_length) {
  unsigned char whole[300], part[300];
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, NODES);
  uint32_t list = shareable__pyvalue_container(&arena, SHAREABLE__PY_LIST);
  size_t length;

  for (int64_t i = -3; i < 4; i++)
    cr_assert(shareable__pyvalue_append(&arena, list, shareable__pyvalue_int(&arena, i * INT64_C(10000000000))));
  length = shareable__pickle_encode(&arena, list, whole, sizeof whole);
  for (size_t size = 0; size < length; size++) {
    memset(part, 0xee, sizeof part);
    cr_assert_eq(shareable__pickle_encode(&arena, list, part, size), length);
    cr_assert_eq(part[size], 0xee);
  }
  cr_assert_eq(shareable__pickle_encode(&arena, list, NULL, 0), length);
  cr_assert_eq(whole[length - 1], '.');
}

/* Mutates captured messages: each is decoded or rejected, without other effects. */
Test(pickle, decodes_or_rejects_a_million_mutations) {
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
  unsigned decoded = 0;

  for (unsigned turn = 0; turn < 1000000; turn++) {
    char bytes[80];
    size_t length = lengths[turn % 4];
    shareable__pyvalue_arena arena;
    uint32_t root;

    memcpy(bytes, seeds[turn % 4], length);
    for (unsigned change = turn / 4 % 5; change > 0; change--) {
      random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      size_t bad_offset = (size_t)(random >> 40) % length;
      if (random >> 33 & 1)
        bytes[bad_offset] = (char)(random >> 56);
      else
        bytes[bad_offset] = seeds[random >> 34 & 3][(random >> 36) % 50];
    }
    if (decode(&arena, bytes, length - (turn % 7 == 0), &root) != SHAREABLE__PICKLE_OK)
      continue;
    decoded++;
    cr_assert_gt(shareable__pickle_encode(&arena, root, NULL, 0), 0);
  }
  cr_assert(decoded > 100000 && decoded < 900000, "%u of them were decoded", decoded);
}

/*
 * Decodes with arenas of increasing size, so that each node in turn is the one that does not fit.
 */
Test(pickle, reports_a_full_arena_at_every_node) {
  static const char every[] = "\x80\x04(N\x88K\xff\x8a\x01\x80G\xbf\xf8\x00\x00\x00\x00\x00\x00\x8c\x02\xc3\xa9"
                              "C\x01\xff)](K\x01K\x02"
                              "e}(\x8c\x01xK\x03\x8c\x01yN\x75N\x85NN\x86NNN\x87\x8c\x01z\x94h\x00t.";
  shareable__pickle_result result = SHAREABLE__PICKLE_NO_SPACE;
  uint32_t size = 0, root;

  for (; result == SHAREABLE__PICKLE_NO_SPACE && size <= NODES; size++) {
    shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, size);
    size_t bad_offset;

    result = shareable__pickle_decode(&arena, every, sizeof every - 1, &root, &bad_offset);
  }
  cr_assert_eq(result, SHAREABLE__PICKLE_OK);
  cr_assert_gt(size, 20);
}

/* Each length class has its own opcode, and a long text is outside of frames. */
Test(pickle, texts_of_all_length_classes_round_trip) {
  static unsigned char bytes[300000];
  static char text[70000];
  const size_t lengths[] = {0, 1, 255, 256, 65535, 65536, 70000};

  memset(text, 'x', sizeof text);
  for (size_t i = 0; i < LENGTH(lengths); i++)
    for (int is_str = 0; is_str < 2; is_str++) {
      shareable__pyvalue_type type = is_str ? SHAREABLE__PY_STR : SHAREABLE__PY_BYTES;
      shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, NODES), out;
      uint32_t list = shareable__pyvalue_container(&arena, SHAREABLE__PY_LIST), root;
      size_t length;

      cr_assert(shareable__pyvalue_append(&arena, list, shareable__pyvalue_int(&arena, 1)));
      cr_assert(shareable__pyvalue_append(&arena, list, shareable__pyvalue_text(&arena, type, text, lengths[i])));
      cr_assert(shareable__pyvalue_append(&arena, list, shareable__pyvalue_text(&arena, type, text, lengths[i])));
      length = shareable__pickle_encode(&arena, list, bytes, sizeof bytes);
      cr_assert_lt(length, sizeof bytes);
      cr_assert_eq(decode(&out, bytes, length, &root), SHAREABLE__PICKLE_OK, "%zu", lengths[i]);
      cr_assert_eq(out.nodes[root].length, 3);
      cr_assert_eq(out.nodes[out.nodes[root].last].type, type);
      cr_assert_eq(out.nodes[out.nodes[root].last].length, lengths[i]);
    }
}
