/*
 * reply.c - sends arbitrary bytes as the reply of a manager to a connected client. The two
 * lowest bits of the first byte select the request of the client. If the third bit is set, the bytes
 * are a message, and the target puts it into a frame.
 */
#include <unistd.h>

#include "fuzz.h"
#include "manager/manager_call.h"

typedef struct reply {
  const uint8_t *bytes;
  size_t size;
  int socket;
  bool is_message;
} reply;

/* Acts as the peer: receives the request, replies, and closes the connection. */
static void *send_reply(void *context) {
  const reply *message = context;
  unsigned char header[SHAREABLE__FRAME_HEADER_SIZE], request[512];

  if (read(message->socket, request, sizeof request) > 0) {
    shareable__frame_write_header(header, message->size);
    /* MSG_NOSIGNAL, because the client may have closed the connection. */
    if (!message->is_message || send(message->socket, header, sizeof header, MSG_NOSIGNAL) == sizeof header)
      send(message->socket, message->bytes, message->size, MSG_NOSIGNAL);
  }
  close(message->socket);
  return NULL;
}

static void call(shareable_manager *manager, int number) {
  char names[100];
  size_t length = 0;

  if (number == 0 && shareable_manager_names(manager, names, sizeof names, &length, NULL) == SHAREABLE_OK)
    need(length <= sizeof names && (length == 0 || names[length - 1] == '\0'));
  else if (number == 1)
    shareable_manager_track(manager, "name", NULL);
  else if (number == 2)
    shareable_manager_release(manager, "name", NULL);
  else if (number == 3)
    shareable_manager_shutdown(manager, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  shareable_manager manager = {
    .connection_pid = getpid(), .lock = PTHREAD_MUTEX_INITIALIZER, .keepalive = true, .text = "here"};
  reply message = {bytes + 1, size - 1, -1, size > 0 && (bytes[0] & 4) != 0};
  pthread_t peer;
  int pair[2];

  if (size == 0 || size > 60000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return 0;
  manager.connection = (shareable__connection){.fd = pair[0], .address_text = manager.text};
  need(shareable__file_id_of(pair[0], &manager.connection.id));
  message.socket = pair[1];
  need(pthread_create(&peer, NULL, send_reply, &message) == 0);
  call(&manager, bytes[0] & 3);
  shareable__connection_close(&manager.connection);
  need(pthread_join(peer, NULL) == 0);
  return 0;
}
