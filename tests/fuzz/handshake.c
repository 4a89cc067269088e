/*
 * handshake.c - sends arbitrary bytes to a client that authenticates a peer. The first byte is the
 * number of correct messages that the peer sends first: none, a challenge, or a challenge and a
 * welcome.
 */
#include <unistd.h>

#include "base/clock.h"
#include "fuzz.h"
#include "manager/connection.h"

static const shareable__key key = {"secret", 6, true};

static void try_messages(const uint8_t *bytes, size_t size) {
  unsigned char challenge[SHAREABLE__CHALLENGE_SIZE], response[SHAREABLE__RESPONSE_MAX];
  const unsigned char nonce[SHAREABLE__NONCE_SIZE] = "not so random";
  const shareable__key other = {"another", 7, true};
  size_t length = shareable__challenge_answer(&key, bytes, size, response);

  need(length <= sizeof response);
  shareable__challenge_build(challenge, nonce);
  need(!shareable__response_verify(&other, challenge, bytes, size)); /* the peer cannot know that key */
  length = shareable__challenge_answer(&key, challenge, sizeof challenge, response);
  need(shareable__response_verify(&key, challenge, response, length));
}

static bool send_message(int socket, const void *message, size_t length) {
  unsigned char header[SHAREABLE__FRAME_HEADER_SIZE];

  shareable__frame_write_header(header, length);
  return write(socket, header, sizeof header) == sizeof header && write(socket, message, length) == (ssize_t)length;
}

/* Sends all bytes at once, and then ends the connection. */
static void try_handshake(int messages, const uint8_t *bytes, size_t size) {
  shareable__connection connection = {
    .fd = -1, .address_text = "here", .deadline = shareable__now() + INT64_C(2000000000)};
  unsigned char challenge[SHAREABLE__CHALLENGE_SIZE];
  const unsigned char *message;
  int pair[2];
  size_t length;

  if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
    return;
  connection.fd = pair[0];
  shareable__challenge_build(challenge, (const unsigned char *)"forty bytes that no peer can have guessed");
  need(messages < 1 || send_message(pair[1], challenge, sizeof challenge));
  need(messages < 2 || send_message(pair[1], SHAREABLE__WELCOME, SHAREABLE__WELCOME_SIZE));
  need(write(pair[1], bytes, size) == (ssize_t)size && shutdown(pair[1], SHUT_WR) == 0);
  need(shareable__connection_authenticate(&connection, &key) !=
       SHAREABLE_OK); /* the peer cannot answer a random challenge */
  shareable__connection_receive(&connection, SHAREABLE__REPLY_MAX, &message, &length);
  shareable__connection_close(&connection);
  close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size > 0) {
    try_messages(bytes + 1, size - 1);
    try_handshake(bytes[0] % 3, bytes + 1, size - 1);
  }
  return 0;
}
