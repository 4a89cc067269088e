/*
 * connection.c - a client's connection to a manager: sends and receives whole messages before a
 * deadline.
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

/* The initial size of the input buffer: enough for nearly every message. */
#define INITIAL_CAPACITY 1024
/*
 * The first and the maximum time between attempts to connect while the queue of the manager is
 * full.
 */
#define RETRY_MIN_US 200
#define RETRY_MAX_US 20000

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

static shareable_status fail_timeout(shareable__connection *connection) {
  return shareable__fail(connection->error, SHAREABLE_E_TIMED_OUT, 0,
                         "timed out: the manager at %s did not answer within %lld ms", connection->address_text,
                         (long long)(connection->timeout_ns / 1000000));
}

static shareable_status fail_disconnected(shareable__connection *connection, int errnum) {
  if (errnum == ENOMEM || errnum == ENOBUFS)
    return shareable__fail_errno(connection->error, errnum, "cannot communicate with the manager at %s",
                                 connection->address_text);
  return shareable__fail(connection->error, SHAREABLE_E_NO_MANAGER, errnum,
                         "the manager at %s closed the connection: it may have ended", connection->address_text);
}

static shareable_status fail_protocol(shareable__connection *connection) {
  return shareable__fail(connection->error, SHAREABLE_E_PROTOCOL, 0,
                         "the program at %s does not use the protocol of a manager: check the address",
                         connection->address_text);
}

static shareable_status fail_authentication(shareable__connection *connection) {
  return shareable__fail(connection->error, SHAREABLE_E_AUTH, 0,
                         "authentication failed: the manager at %s has another key", connection->address_text);
}

/* Connecting. */

static shareable_status fail_connect(shareable__connection *connection, int errnum) {
  switch (errnum) {
  case ENOENT:
  case ECONNREFUSED:
  case ECONNRESET:
  case EHOSTUNREACH:
  case ENETUNREACH:
  case ETIMEDOUT:
    return shareable__fail(connection->error, SHAREABLE_E_NO_MANAGER, errnum, "no manager at %s: %s",
                           connection->address_text, shareable__errno_text(errnum));
  default:
    return shareable__fail_errno(connection->error, errnum, "cannot connect to %s", connection->address_text);
  }
}

/* Waits for a connect() that is in progress. Returns 0 or an errno. */
static int connect_result(const shareable__connection *connection) {
  int result = 0;
  socklen_t size = sizeof result;

  if (!shareable__connection_wait_for_events(connection->fd, POLLOUT, connection->deadline))
    return ETIMEDOUT;
  return getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &result, &size) == 0 ? result : errno;
}

/* Connects, again if the queue of a local socket is full (EAGAIN). Returns 0 or an errno. */
static int start_connect(const shareable__connection *connection, const shareable__address *address) {
  useconds_t pause = RETRY_MIN_US;

  while (connect(connection->fd, &address->any, address->length) != 0) {
    if (errno == EINPROGRESS || errno == EINTR)
      return connect_result(connection);
    if (errno != EAGAIN)
      return errno;
    if (shareable__now() >= connection->deadline)
      return ETIMEDOUT;
    usleep(pause);
    pause = 2 * pause < RETRY_MAX_US ? 2 * pause : RETRY_MAX_US;
  }
  return 0;
}

/*
 * Another user's program at the address would learn that this process has the key, and the names of
 * its blocks.
 */
static shareable_status check_peer_user(shareable__connection *connection, const shareable__address *address) {
  struct ucred peer;
  socklen_t size = sizeof peer;

  if (address->any.sa_family != AF_UNIX)
    return SHAREABLE_OK;
  if (getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return shareable__fail_errno(connection->error, errno, "cannot get the user of the manager at %s",
                                 connection->address_text);
  if (peer.uid == geteuid() || peer.uid == 0)
    return SHAREABLE_OK;
  return shareable__fail(connection->error, SHAREABLE_E_PERMISSION, 0,
                         "the manager at %s belongs to user %ld: only managers of this user or of root are trusted",
                         connection->address_text, (long)peer.uid);
}

/* Opens a socket whose descriptor is above 2, and stores its file id. Returns 0 or an errno. */
static int open_socket(shareable__connection *connection, int family) {
  int errnum;

  connection->fd = shareable__descriptor_raise(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connection->fd >= 0 && shareable__file_id_of(connection->fd, &connection->id))
    return 0;
  errnum = errno;
  if (connection->fd >= 0)
    close(connection->fd);
  connection->fd = -1;
  return errnum;
}

shareable_status shareable__connection_open(shareable__connection *connection, const shareable__address *address) {
  int result = open_socket(connection, address->any.sa_family);

  if (result != 0)
    return shareable__fail_errno(connection->error, result, "cannot create a socket for the manager at %s",
                                 connection->address_text);
  if (address->any.sa_family == AF_INET)
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  result = start_connect(connection, address);
  return result == 0 ? check_peer_user(connection, address) : fail_connect(connection, result);
}

void shareable__connection_close(shareable__connection *connection) {
  shareable__descriptor_close(&connection->fd, &connection->id);
  free(connection->bytes);
  connection->bytes = NULL;
  connection->length = connection->capacity = connection->consumed = 0;
}

/* Messages. */

shareable_status shareable__connection_send(shareable__connection *connection, const void *frame, size_t size) {
  const unsigned char *bytes = frame;

  while (size > 0) {
    ssize_t count = send(connection->fd, bytes, size, MSG_NOSIGNAL);

    if (count < 0 && errno == EAGAIN &&
        !shareable__connection_wait_for_events(connection->fd, POLLOUT, connection->deadline))
      return fail_timeout(connection);
    if (count < 0 && errno != EAGAIN && errno != EINTR)
      return fail_disconnected(connection, errno);
    if (count > 0) {
      bytes += count;
      size -= (size_t)count;
    }
  }
  return SHAREABLE_OK;
}

static shareable_status send_message(shareable__connection *connection, const void *message, size_t length) {
  unsigned char frame[SHAREABLE__FRAME_HEADER_SIZE + SHAREABLE__HANDSHAKE_MAX];

  shareable__frame_write_header(frame, length);
  memcpy(frame + SHAREABLE__FRAME_HEADER_SIZE, message, length);
  return shareable__connection_send(connection, frame, SHAREABLE__FRAME_HEADER_SIZE + length);
}

/*
 * Doubles a buffer that is full. The buffer grows with the received bytes, not with the length that
 * the peer declares.
 */
static bool grow(shareable__connection *connection) {
  size_t room = connection->capacity == 0 ? INITIAL_CAPACITY : 2 * connection->capacity;
  unsigned char *bytes;

  if (connection->length < connection->capacity)
    return true;
  bytes = realloc(connection->bytes, room);
  if (bytes == NULL)
    return false;
  connection->bytes = bytes;
  connection->capacity = room;
  return true;
}

/* Tries recv() before it waits: most replies arrive sooner than a sleep would end. */
static shareable_status receive_some(shareable__connection *connection) {
  ssize_t count;

  if (!grow(connection))
    return shareable__fail(connection->error, SHAREABLE_E_NO_MEMORY, 0, "no memory for a message of the manager at %s",
                           connection->address_text);
  count = recv(connection->fd, connection->bytes + connection->length, connection->capacity - connection->length, 0);
  if (count < 0 && errno == EAGAIN)
    return shareable__connection_wait_for_events(connection->fd, POLLIN, connection->deadline)
             ? SHAREABLE_OK
             : fail_timeout(connection);
  if (count < 0 && errno == EINTR)
    return SHAREABLE_OK;
  if (count <= 0)
    return fail_disconnected(connection, count < 0 ? errno : 0);
  connection->length += (size_t)count;
  return SHAREABLE_OK;
}

shareable_status shareable__connection_receive(shareable__connection *connection, size_t limit,
                                               const unsigned char **message, size_t *length) {
  shareable__frame_result result;
  size_t header_size;

  connection->length -= connection->consumed;
  if (connection->consumed > 0)
    memmove(connection->bytes, connection->bytes + connection->consumed, connection->length);
  connection->consumed = 0;
  while ((result = shareable__frame_parse(connection->bytes, connection->length, limit, &header_size, length)) ==
         SHAREABLE__FRAME_INCOMPLETE) {
    shareable_status status = receive_some(connection);

    if (status != SHAREABLE_OK)
      return status;
  }
  if (result == SHAREABLE__FRAME_INVALID)
    return fail_protocol(connection);
  *message = connection->bytes + header_size;
  connection->consumed = header_size + *length;
  return SHAREABLE_OK;
}

bool shareable__connection_is_idle(const shareable__connection *connection) {
  char byte;

  return connection->length == connection->consumed && shareable__descriptor_is(connection->fd, &connection->id) &&
         recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool shareable__connection_wait_for_close(shareable__connection *connection) {
  char bytes[256];
  ssize_t count;

  do {
    if (!shareable__connection_wait_for_events(connection->fd, POLLIN, connection->deadline))
      return false;
    count = recv(connection->fd, bytes, sizeof bytes, 0);
  } while (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)));
  return true;
}

/* The handshake: first the manager sends a challenge, then the client does. */

static bool message_equals(const unsigned char *message, size_t length, const char *text) {
  return length == strlen(text) && memcmp(message, text, length) == 0;
}

static shareable_status read_welcome(shareable__connection *connection) {
  const unsigned char *message;
  size_t length;
  shareable_status status = shareable__connection_receive(connection, SHAREABLE__HANDSHAKE_MAX, &message, &length);

  if (status != SHAREABLE_OK)
    return status;
  if (message_equals(message, length, SHAREABLE__FAILURE))
    return fail_authentication(connection);
  return message_equals(message, length, SHAREABLE__WELCOME) ? SHAREABLE_OK : fail_protocol(connection);
}

static shareable_status answer_challenge(shareable__connection *connection, const shareable__key *key) {
  unsigned char response[SHAREABLE__RESPONSE_MAX];
  const unsigned char *message;
  size_t length;
  shareable_status status = shareable__connection_receive(connection, SHAREABLE__HANDSHAKE_MAX, &message, &length);

  if (status != SHAREABLE_OK)
    return status;
  length = shareable__challenge_answer(key, message, length, response);
  if (length == 0)
    return fail_protocol(connection);
  status = send_message(connection, response, length);
  return status == SHAREABLE_OK ? read_welcome(connection) : status;
}

static shareable_status send_challenge(shareable__connection *connection, const shareable__key *key) {
  unsigned char nonce[SHAREABLE__NONCE_SIZE], challenge[SHAREABLE__CHALLENGE_SIZE];
  const unsigned char *message;
  size_t length;
  shareable_status status;
  int errnum = shareable__random(nonce, sizeof nonce);

  if (errnum != 0)
    return shareable__fail_errno(connection->error, errnum, "cannot generate a challenge for the manager at %s",
                                 connection->address_text);
  shareable__challenge_build(challenge, nonce);
  status = send_message(connection, challenge, sizeof challenge);
  if (status == SHAREABLE_OK)
    status = shareable__connection_receive(connection, SHAREABLE__HANDSHAKE_MAX, &message, &length);
  if (status != SHAREABLE_OK)
    return status;
  if (shareable__response_verify(key, challenge, message, length))
    return send_message(connection, SHAREABLE__WELCOME, SHAREABLE__WELCOME_SIZE);
  send_message(connection, SHAREABLE__FAILURE, SHAREABLE__WELCOME_SIZE);
  return fail_authentication(connection);
}

shareable_status shareable__connection_authenticate(shareable__connection *connection, const shareable__key *key) {
  shareable_status status = answer_challenge(connection, key);

  return status == SHAREABLE_OK ? send_challenge(connection, key) : status;
}
