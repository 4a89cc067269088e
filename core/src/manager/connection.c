/*
 * connection.c - a client's connection to a manager.
 */
#include "manager/connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"

/* As much as nearly every message needs. */
#define ROOM 1024
/* How long to wait at first, and at most, for room in the queue of a manager that is busy. */
#define FIRST_PAUSE_US 200
#define LAST_PAUSE_US 20000

bool shareable__connection_wait_for_events(int fd, short events, int64_t deadline) {
  struct pollfd poller = {.fd = fd, .events = events};
  int64_t left;
  int count;

  do {
    left = deadline - shareable__now();
    count = left <= 0 ? 0 : poll(&poller, 1, left / 1000000 >= INT32_MAX ? INT32_MAX : (int)(left / 1000000) + 1);
  } while (count < 0 && errno == EINTR);
  return count > 0;
}

static shareable_status fail_timeout(shareable__connection *wire) {
  return shareable__fail(wire->error, SHAREABLE_E_TIMED_OUT, 0, "the manager at %s does not answer", wire->where);
}

static shareable_status fail_gone(shareable__connection *wire, int system) {
  if (system == ENOMEM || system == ENOBUFS)
    return shareable__fail_system(wire->error, system, "cannot talk to the manager at %s", wire->where);
  return shareable__fail(wire->error, SHAREABLE_E_NO_MANAGER, system, "the manager at %s has gone", wire->where);
}

static shareable_status fail_strange(shareable__connection *wire) {
  return shareable__fail(wire->error, SHAREABLE_E_PROTOCOL, 0, "what is at %s does not speak as a manager does",
                         wire->where);
}

static shareable_status fail_key(shareable__connection *wire) {
  return shareable__fail(wire->error, SHAREABLE_E_AUTH, 0, "the manager at %s has another key", wire->where);
}

/* Connecting. */

static shareable_status fail_connect(shareable__connection *wire, int system) {
  switch (system) {
  case ENOENT:
  case ECONNREFUSED:
  case ECONNRESET:
  case EHOSTUNREACH:
  case ENETUNREACH:
  case ETIMEDOUT:
    return shareable__fail(wire->error, SHAREABLE_E_NO_MANAGER, system, "no manager at %s: %s", wire->where,
                           shareable__system_text(system));
  default:
    return shareable__fail_system(wire->error, system, "cannot connect to %s", wire->where);
  }
}

/* How a connection turned out that was begun. */
static int result_of(const shareable__connection *wire) {
  int result = 0;
  socklen_t size = sizeof result;

  if (!shareable__connection_wait_for_events(wire->fd, POLLOUT, wire->deadline))
    return ETIMEDOUT;
  return getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &result, &size) == 0 ? result : errno;
}

/* Where the queue of a local socket is full, connecting fails at once. */
static int begin(const shareable__connection *wire, const shareable__address *address) {
  useconds_t pause = FIRST_PAUSE_US;

  while (connect(wire->fd, &address->any, address->length) != 0) {
    if (errno == EINPROGRESS || errno == EINTR)
      return result_of(wire);
    if (errno != EAGAIN)
      return errno;
    if (shareable__now() >= wire->deadline)
      return ETIMEDOUT;
    usleep(pause);
    pause = 2 * pause < LAST_PAUSE_US ? 2 * pause : LAST_PAUSE_US;
  }
  return 0;
}

/* Whoever listens in the place of another user's manager would be shown that we have the key, and be told of our blocks. */
static shareable_status check_owner(shareable__connection *wire, const shareable__address *address) {
  struct ucred peer;
  socklen_t size = sizeof peer;

  if (address->any.sa_family != AF_UNIX)
    return SHAREABLE_OK;
  if (getsockopt(wire->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return shareable__fail_system(wire->error, errno, "whose the manager at %s is", wire->where);
  if (peer.uid == geteuid() || peer.uid == 0)
    return SHAREABLE_OK;
  return shareable__fail(wire->error, SHAREABLE_E_PERMISSION, 0, "the manager at %s is user %ld's", wire->where,
                         (long)peer.uid);
}

/* A socket above the standard streams, whose identity is known. Returns 0 or an errno. */
static int open_socket(shareable__connection *wire, int family) {
  int system;

  wire->fd = shareable__descriptor_raise(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (wire->fd >= 0 && shareable__file_id_of(wire->fd, &wire->id))
    return 0;
  system = errno;
  if (wire->fd >= 0)
    close(wire->fd);
  wire->fd = -1;
  return system;
}

shareable_status shareable__connection_open(shareable__connection *wire, const shareable__address *address) {
  int result = open_socket(wire, address->any.sa_family);

  if (result != 0)
    return shareable__fail_system(wire->error, result, "a socket");
  if (address->any.sa_family == AF_INET)
    setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  result = begin(wire, address);
  return result == 0 ? check_owner(wire, address) : fail_connect(wire, result);
}

void shareable__connection_close(shareable__connection *wire) {
  shareable__descriptor_close(&wire->fd, &wire->id);
  free(wire->bytes);
  wire->bytes = NULL;
  wire->have = wire->room = wire->done = 0;
}

/* Messages. */

shareable_status shareable__connection_send(shareable__connection *wire, const void *frame, size_t size) {
  const unsigned char *bytes = frame;

  while (size > 0) {
    ssize_t count = send(wire->fd, bytes, size, MSG_NOSIGNAL);

    if (count < 0 && errno == EAGAIN && !shareable__connection_wait_for_events(wire->fd, POLLOUT, wire->deadline))
      return fail_timeout(wire);
    if (count < 0 && errno != EAGAIN && errno != EINTR)
      return fail_gone(wire, errno);
    if (count > 0) {
      bytes += count;
      size -= (size_t)count;
    }
  }
  return SHAREABLE_OK;
}

static shareable_status send_message(shareable__connection *wire, const void *message, size_t length) {
  unsigned char frame[SHAREABLE__FRAME_HEADER_SIZE + SHAREABLE__HANDSHAKE_MAX];

  shareable__frame_write_header(frame, length);
  memcpy(frame + SHAREABLE__FRAME_HEADER_SIZE, message, length);
  return shareable__connection_send(wire, frame, SHAREABLE__FRAME_HEADER_SIZE + length);
}

/* Twice as much room, as long as the message that has begun needs it: so none is made on the word of a peer alone. */
static bool grow(shareable__connection *wire) {
  size_t room = wire->room == 0 ? ROOM : 2 * wire->room;
  unsigned char *bytes;

  if (wire->have < wire->room)
    return true;
  bytes = realloc(wire->bytes, room);
  if (bytes == NULL)
    return false;
  wire->bytes = bytes;
  wire->room = room;
  return true;
}

/* Most replies are there sooner than a sleep would take. */
static shareable_status receive_some(shareable__connection *wire) {
  ssize_t count;

  if (!grow(wire))
    return shareable__fail(wire->error, SHAREABLE_E_NO_MEMORY, 0, "no memory for what the manager at %s says",
                           wire->where);
  count = recv(wire->fd, wire->bytes + wire->have, wire->room - wire->have, 0);
  if (count < 0 && errno == EAGAIN)
    return shareable__connection_wait_for_events(wire->fd, POLLIN, wire->deadline) ? SHAREABLE_OK : fail_timeout(wire);
  if (count < 0 && errno == EINTR)
    return SHAREABLE_OK;
  if (count <= 0)
    return fail_gone(wire, count < 0 ? errno : 0);
  wire->have += (size_t)count;
  return SHAREABLE_OK;
}

shareable_status shareable__connection_receive(shareable__connection *wire, size_t limit, const unsigned char **message,
                                               size_t *length) {
  shareable__frame_result framed;
  size_t head;

  wire->have -= wire->done;
  if (wire->done > 0)
    memmove(wire->bytes, wire->bytes + wire->done, wire->have);
  wire->done = 0;
  while ((framed = shareable__frame_parse(wire->bytes, wire->have, limit, &head, length)) ==
         SHAREABLE__FRAME_INCOMPLETE) {
    shareable_status status = receive_some(wire);

    if (status != SHAREABLE_OK)
      return status;
  }
  if (framed == SHAREABLE__FRAME_INVALID)
    return fail_strange(wire);
  *message = wire->bytes + head;
  wire->done = head + *length;
  return SHAREABLE_OK;
}

bool shareable__connection_is_idle(const shareable__connection *wire) {
  char byte;

  return wire->have == wire->done && shareable__descriptor_is(wire->fd, &wire->id) &&
         recv(wire->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool shareable__connection_wait_for_close(shareable__connection *wire) {
  char bytes[256];
  ssize_t count;

  do {
    if (!shareable__connection_wait_for_events(wire->fd, POLLIN, wire->deadline))
      return false;
    count = recv(wire->fd, bytes, sizeof bytes, 0);
  } while (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)));
  return true;
}

/* The handshake: first the manager asks for proof, then we do. */

static bool says(const unsigned char *message, size_t length, const char *text) {
  return length == strlen(text) && memcmp(message, text, length) == 0;
}

static shareable_status await_verdict(shareable__connection *wire) {
  const unsigned char *message;
  size_t length;
  shareable_status status = shareable__connection_receive(wire, SHAREABLE__HANDSHAKE_MAX, &message, &length);

  if (status != SHAREABLE_OK)
    return status;
  if (says(message, length, SHAREABLE__FAILURE))
    return fail_key(wire);
  return says(message, length, SHAREABLE__WELCOME) ? SHAREABLE_OK : fail_strange(wire);
}

static shareable_status show_key(shareable__connection *wire, const shareable__key *key) {
  unsigned char response[SHAREABLE__RESPONSE_MAX];
  const unsigned char *message;
  size_t length;
  shareable_status status = shareable__connection_receive(wire, SHAREABLE__HANDSHAKE_MAX, &message, &length);

  if (status != SHAREABLE_OK)
    return status;
  length = shareable__challenge_answer(key, message, length, response);
  if (length == 0)
    return fail_strange(wire);
  status = send_message(wire, response, length);
  return status == SHAREABLE_OK ? await_verdict(wire) : status;
}

static shareable_status ask_key(shareable__connection *wire, const shareable__key *key) {
  unsigned char nonce[SHAREABLE__NONCE_SIZE], challenge[SHAREABLE__CHALLENGE_SIZE];
  const unsigned char *message;
  size_t length;
  shareable_status status;
  int system = shareable__random(nonce, sizeof nonce);

  if (system != 0)
    return shareable__fail_system(wire->error, system, "cannot ask the manager at %s for its key", wire->where);
  shareable__challenge_write(challenge, nonce);
  status = send_message(wire, challenge, sizeof challenge);
  if (status == SHAREABLE_OK)
    status = shareable__connection_receive(wire, SHAREABLE__HANDSHAKE_MAX, &message, &length);
  if (status != SHAREABLE_OK)
    return status;
  if (shareable__response_is_right(key, challenge, message, length))
    return send_message(wire, SHAREABLE__WELCOME, SHAREABLE__WELCOME_SIZE);
  send_message(wire, SHAREABLE__FAILURE, SHAREABLE__WELCOME_SIZE);
  return fail_key(wire);
}

shareable_status shareable__connection_authenticate(shareable__connection *wire, const shareable__key *key) {
  shareable_status status = show_key(wire, key);

  return status == SHAREABLE_OK ? ask_key(wire, key) : status;
}
