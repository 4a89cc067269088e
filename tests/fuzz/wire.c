/*
 * connection.c - parses arbitrary bytes as messages of managers and clients: frames, pickles, requests,
 * replies.
 */
#include "../../tools/manager/service.h"
#include "fuzz.h"
#include "protocol/address.h"
#include "protocol/message.h"

enum { NODES = 512 };

/*
 * A manager that owns nothing yet gets any request. It unlinks the blocks that it is given, so it
 * must not run beside other users' blocks.
 */
static void ask(const uint8_t *bytes, size_t size) {
  registry blocks = {.tracker = {.fd = -1}};
  unsigned char *frame;
  size_t length;

  for (int is_proxy = 0; is_proxy < 2; is_proxy++) {
    service_answer(&blocks, is_proxy, bytes, size, &frame, &length);
    free(frame);
  }
  registry_clear(&blocks);
}

/*
 * Encodes the decoded message, decodes it again, and checks that the second encoding has the same
 * bytes.
 */
static void write_again(const shareable__pyvalue_arena *in, uint32_t root) {
  static unsigned char first[1 << 20], second[1 << 20];
  static shareable__pyvalue nodes[NODES];
  shareable__pyvalue_arena again = shareable__pyvalue_arena_in(nodes, NODES);
  size_t size = shareable__pickle_encode(in, root, first, sizeof first), at;
  uint32_t other;

  if (size > sizeof first || shareable__pickle_decode(&again, first, size, &other, &at) == SHAREABLE__PICKLE_NO_SPACE)
    return;
  need(shareable__pickle_decode(&again, first, size, &other, &at) == SHAREABLE__PICKLE_OK);
  need(shareable__pickle_encode(&again, other, second, sizeof second) == size && memcmp(first, second, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static shareable__pyvalue nodes[NODES];
  shareable__pyvalue_arena in = shareable__pyvalue_arena_in(nodes, NODES);
  const shareable__pyvalue *kind, *value;
  shareable__request request;
  shareable__address address;
  size_t head, length, at;
  uint32_t root;

  if (shareable__frame_parse(bytes, size, SHAREABLE__REQUEST_MAX, &head, &length) == SHAREABLE__FRAME_COMPLETE)
    need(head + length <= size && length <= SHAREABLE__REQUEST_MAX);
  ask(bytes, size);
  if (shareable__pickle_decode(&in, bytes, size, &root, &at) != SHAREABLE__PICKLE_OK)
    return 0;
  need(root > 0 && root < in.used && in.used <= in.size && nodes[root].depth <= SHAREABLE__PYVALUE_DEPTH);
  shareable__request_read(&in, root, &request);
  shareable__reply_read(&in, root, &kind, &value);
  shareable__address_from_pyvalue(&address, &in, root);
  write_again(&in, root);
  return 0;
}
