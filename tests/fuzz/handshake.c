/*
 * handshake.c - any bytes from a peer that is to show that it has the key, to a client that is connected to it.
 */
#include <fcntl.h>
#include <unistd.h>

#include "../../core/src/patience.h"
#include "../../core/src/wire.h"
#include "fuzz.h"

static const shareable__key key = {"secret", 6, true};

static void try_messages(const uint8_t *bytes, size_t size) {
  unsigned char challenge[SHAREABLE__CHALLENGE], response[SHAREABLE__RESPONSE_MAX];
  const unsigned char nonce[SHAREABLE__NONCE] = "not so random";
  const shareable__key other = {"another", 7, true};
  size_t length = shareable__challenge_answer(&key, bytes, size, response);

  need(length <= sizeof response);
  shareable__challenge_write(challenge, nonce);
  need(!shareable__response_is_right(&other, challenge, bytes, size)); /* who knows that key? */
  length = shareable__challenge_answer(&key, challenge, sizeof challenge, response);
  need(shareable__response_is_right(&key, challenge, response, length));
}

/* All of it comes at once, and then the end. */
static void try_greeting(const uint8_t *bytes, size_t size) {
  shareable__wire wire = {.fd = -1, .where = "here", .deadline = shareable__now() + INT64_C(2000000000)};
  const unsigned char *message;
  int pair[2];
  size_t length;

  if (size > 100000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
    return;
  wire.fd = pair[0];
  if (write(pair[1], bytes, size) == (ssize_t)size && shutdown(pair[1], SHUT_WR) == 0) {
    need(shareable__wire_greet(&wire, &key) != SHAREABLE_OK); /* it cannot answer a challenge that is random */
    shareable__wire_receive(&wire, SHAREABLE__REPLY_MAX, &message, &length);
  }
  shareable__wire_close(&wire);
  close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  try_messages(bytes, size);
  try_greeting(bytes, size);
  return 0;
}
