/*
 * server.c - sends arbitrary bytes from a peer to a running manager.
 *
 * The first byte is the number of handshake steps that the peer completes first: it proves that it
 * has the key, challenges the manager, and accepts the manager's response. A peer that has not
 * completed all three steps is not authenticated.
 */
#include "../../tools/manager/session.h"
#include "fuzz.h"

#include <unistd.h>

enum { STEPS = 3 };

static struct server manager = {.key = {"secret", 6, true}, .blocks = {.tracker = {.fd = -1}}};

static void send_message(int socket, const void *message, size_t length) {
  unsigned char frame[SHAREABLE__FRAME_HEADER_SIZE + SHAREABLE__HANDSHAKE_MAX];

  shareable__frame_write_header(frame, length);
  memcpy(frame + SHAREABLE__FRAME_HEADER_SIZE, message, length);
  need(write(socket, frame, SHAREABLE__FRAME_HEADER_SIZE + length) == (ssize_t)(SHAREABLE__FRAME_HEADER_SIZE + length));
  uv_run(&manager.loop, UV_RUN_NOWAIT);
}

static void authenticate(int socket, int steps) {
  unsigned char received[SHAREABLE__FRAME_HEADER_SIZE + SHAREABLE__CHALLENGE_SIZE], response[SHAREABLE__RESPONSE_MAX];
  size_t length;

  need(read(socket, received, sizeof received) == sizeof received);
  length = shareable__challenge_answer(&manager.key, received + SHAREABLE__FRAME_HEADER_SIZE, SHAREABLE__CHALLENGE_SIZE,
                                       response);
  if (steps > 0)
    send_message(socket, response, length);
  if (steps > 1)
    send_message(socket, received + SHAREABLE__FRAME_HEADER_SIZE, SHAREABLE__CHALLENGE_SIZE);
  if (steps > 2)
    send_message(socket, SHAREABLE__WELCOME, SHAREABLE__WELCOME_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  int pair[2], steps = size == 0 ? 0 : bytes[0] % (STEPS + 1);
  char received[4096];

  if (size == 0 || size > 60000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
    return 0;
  need(server_open(&manager, "@"));
  session_open(&manager, pair[0]);
  authenticate(pair[1], steps);
  need(write(pair[1], bytes + 1, size - 1) == (ssize_t)size - 1);
  for (int turn = 0; turn < 8; turn++) {
    uv_run(&manager.loop, UV_RUN_NOWAIT);
    while (read(pair[1], received, sizeof received) > 0)
      ;
  }
  need(manager.sessions <= 1 && (steps == STEPS || (manager.blocks.count == 0 && !manager.is_stopping)));
  close(pair[1]);
  manager.is_stopping = true; /* server_run() then frees the manager's resources */
  server_run(&manager);
  manager.is_stopping = false;
  return 0;
}
