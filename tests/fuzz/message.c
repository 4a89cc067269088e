/*
 * message.c - parses arbitrary bytes as messages of managers and clients: frames, pickles, requests
 * and replies.
 */
#include "protocol/message.h"
#include "../../tools/manager/dispatch.h"
#include "fuzz.h"
#include "protocol/address.h"

enum { NODES = 512 };

/*
 * Passes a request to a manager that owns no blocks. The request can make the manager unlink any
 * block, so this target must not run beside other users' blocks.
 */
static void dispatch(const uint8_t *bytes, size_t size) {
  block_registry blocks = {.tracker = {.fd = -1}};
  unsigned char *frame;
  size_t length;

  for (int is_proxy = 0; is_proxy < 2; is_proxy++) {
    dispatch_request(&blocks, is_proxy, bytes, size, &frame, &length);
    free(frame);
  }
  block_registry_clear(&blocks);
}

/*
 * Encodes the decoded message, decodes it again, and checks that the second encoding has the same
 * bytes.
 */
static void encode_again(const shareable__pyvalue_arena *arena, uint32_t root) {
  static unsigned char first[1 << 20], second[1 << 20];
  static shareable__pyvalue nodes[NODES];
  shareable__pyvalue_arena again = shareable__pyvalue_arena_init(nodes, NODES);
  size_t size = shareable__pickle_encode(arena, root, first, sizeof first), end;
  uint32_t other;

  if (size > sizeof first || shareable__pickle_decode(&again, first, size, &other, &end) == SHAREABLE__PICKLE_NO_SPACE)
    return;
  need(shareable__pickle_decode(&again, first, size, &other, &end) == SHAREABLE__PICKLE_OK);
  need(shareable__pickle_encode(&again, other, second, sizeof second) == size && memcmp(first, second, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static shareable__pyvalue nodes[NODES];
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, NODES);
  const shareable__pyvalue *kind, *value;
  shareable__request request;
  shareable__address address;
  size_t header, length, end;
  uint32_t root;

  if (shareable__frame_parse(bytes, size, SHAREABLE__REQUEST_MAX, &header, &length) == SHAREABLE__FRAME_COMPLETE)
    need(header + length <= size && length <= SHAREABLE__REQUEST_MAX);
  dispatch(bytes, size);
  if (shareable__pickle_decode(&arena, bytes, size, &root, &end) != SHAREABLE__PICKLE_OK)
    return 0;
  need(root > 0 && root < arena.used && arena.used <= arena.size && nodes[root].depth <= SHAREABLE__PYVALUE_DEPTH);
  shareable__request_parse(&arena, root, &request);
  shareable__reply_parse(&arena, root, &kind, &value);
  shareable__address_from_pyvalue(&address, &arena, root);
  encode_again(&arena, root);
  return 0;
}
