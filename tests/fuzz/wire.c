/*
 * wire.c - parses arbitrary bytes as messages of managers and clients: frames, pickles, requests,
 * replies.
 */
#include "../../tools/manager/service.h"
#include "fuzz.h"
#include "protocol/address.h"
#include "protocol/protocol.h"

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
static void write_again(const shareable__plains *in, uint32_t root) {
  static unsigned char first[1 << 20], second[1 << 20];
  static shareable__plain nodes[NODES];
  shareable__plains again = shareable__plains_in(nodes, NODES);
  size_t size = shareable__pickle(in, root, first, sizeof first), at;
  uint32_t other;

  if (size > sizeof first || shareable__unpickle(&again, first, size, &other, &at) == SHAREABLE__NO_ROOM)
    return;
  need(shareable__unpickle(&again, first, size, &other, &at) == SHAREABLE__UNPICKLED);
  need(shareable__pickle(&again, other, second, sizeof second) == size && memcmp(first, second, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static shareable__plain nodes[NODES];
  shareable__plains in = shareable__plains_in(nodes, NODES);
  const shareable__plain *kind, *value;
  shareable__request request;
  shareable__address address;
  size_t head, length, at;
  uint32_t root;

  if (shareable__frame_look(bytes, size, SHAREABLE__REQUEST_MAX, &head, &length) == SHAREABLE__FRAME_WHOLE)
    need(head + length <= size && length <= SHAREABLE__REQUEST_MAX);
  ask(bytes, size);
  if (shareable__unpickle(&in, bytes, size, &root, &at) != SHAREABLE__UNPICKLED)
    return 0;
  need(root > 0 && root < in.used && in.used <= in.size && nodes[root].depth <= SHAREABLE__PLAIN_DEPTH);
  shareable__request_read(&in, root, &request);
  shareable__reply_read(&in, root, &kind, &value);
  shareable__address_of_plain(&address, &in, root);
  write_again(&in, root);
  return 0;
}
