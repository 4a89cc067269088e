/*
 * connection.c - one peer: its handshake, its requests, its replies.
 *
 * A message is done with before the next one is looked at, and a peer that does not take its reply is not read from.
 */
#include "connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "log.h"
#include "service.h"

/* What the next message is to be. */
enum state { RESPONSE, CHALLENGE, WELCOME, REQUEST, KEPT_REQUEST, PROXY_REQUEST };

/* As much as a handshake needs, and nearly every request. */
#define ROOM 512

static void expect(connection *of);

static void on_closed(uv_handle_t *handle) {
  connection *of = (connection *)handle;

  free(of->in);
  free(of->out);
  free(of);
}

static void unlist(connection *of) {
  *(of->older != NULL ? &of->older->newer : &of->server->oldest) = of->newer;
  *(of->newer != NULL ? &of->newer->older : &of->server->newest) = of->older;
  of->server->connections--;
  of->server->strangers -= of->is_stranger;
}

static void enlist(connection *of) {
  of->older = of->server->newest;
  *(of->older != NULL ? &of->older->newer : &of->server->oldest) = of;
  of->server->newest = of;
  of->server->connections++;
  of->server->strangers += of->is_stranger;
}

void connection_close(connection *of) {
  if (uv_is_closing((uv_handle_t *)&of->poll))
    return;
  unlist(of);
  uv_close((uv_handle_t *)&of->poll, on_closed);
  close(of->socket);
}

static void set_deadline(connection *of, bool has_one) {
  of->deadline = has_one ? uv_now(&of->server->loop) + PEER_TIMEOUT_MS : 0;
  if (has_one)
    server_mind_deadlines(of->server);
}

/* False where the connection is closed by now. */
static bool flush(connection *of) {
  while (of->sent < of->size) {
    ssize_t count = send(of->socket, of->out + of->sent, of->size - of->sent, MSG_NOSIGNAL);

    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0 && errno == EAGAIN)
      return true;
    if (count < 0) {
      connection_close(of);
      return false;
    }
    of->sent += (size_t)count;
  }
  free(of->out);
  of->out = NULL;
  if (of->is_closing)
    connection_close(of);
  return !of->is_closing;
}

/* Sends a frame, which is freed. */
static bool send_frame(connection *of, unsigned char *frame, size_t size) {
  if (frame == NULL) {
    connection_close(of);
    return false;
  }
  of->out = frame;
  of->size = size;
  of->sent = 0;
  return flush(of);
}

static bool send_message(connection *of, const void *message, size_t length) {
  unsigned char *frame = malloc(SHAREABLE__FRAME_HEADER_SIZE + length);

  if (frame != NULL) {
    shareable__frame_write_header(frame, length);
    memcpy(frame + SHAREABLE__FRAME_HEADER_SIZE, message, length);
  }
  return send_frame(of, frame, SHAREABLE__FRAME_HEADER_SIZE + length);
}

static bool send_failure(connection *of) {
  of->is_closing = true;
  return send_message(of, SHAREABLE__FAILURE, SHAREABLE__WELCOME_SIZE);
}

static bool fail(connection *of) {
  log_event(LOG_KEY, "%s failed to authenticate: its response does not fit the key", of->peer.text);
  return send_failure(of);
}

static bool refuse_challenge(connection *of) {
  log_event(LOG_KEY, "%s failed to authenticate: its challenge is not one that is answered", of->peer.text);
  return send_failure(of);
}

static bool take_response(connection *of, const void *message, size_t length) {
  if (!shareable__response_is_right(&of->server->key, of->challenge, message, length))
    return fail(of);
  of->state = CHALLENGE;
  return send_message(of, SHAREABLE__WELCOME, SHAREABLE__WELCOME_SIZE);
}

static bool take_challenge(connection *of, const void *message, size_t length) {
  unsigned char response[SHAREABLE__RESPONSE_MAX];
  size_t size = shareable__challenge_answer(&of->server->key, message, length, response);

  if (size == 0)
    return refuse_challenge(of);
  of->state = WELCOME;
  return send_message(of, response, size);
}

static bool take_welcome(connection *of, const void *message, size_t length) {
  if (length != SHAREABLE__WELCOME_SIZE || memcmp(message, SHAREABLE__WELCOME, length) != 0) {
    log_event(LOG_KEY, "%s failed to authenticate: it does not accept this manager's key", of->peer.text);
    connection_close(of);
    return false;
  }
  of->state = REQUEST;
  of->is_stranger = false;
  of->server->strangers--;
  set_deadline(of, true);
  return true;
}

static bool take_request(connection *of, const void *message, size_t length) {
  bool is_proxy = of->state == PROXY_REQUEST, is_alive;
  unsigned char *frame;
  size_t size;
  service_after after = service_answer(&of->server->blocks, is_proxy, message, length, &frame, &size);

  of->is_closing = after == SERVICE_CLOSE || after == SERVICE_OVER;
  if (after == SERVICE_KEEP)
    of->state = KEPT_REQUEST;
  if (after == SERVICE_PROXY)
    of->state = PROXY_REQUEST;
  server_mind_deadlines(of->server); /* names may have to be recorded, and the tracker may not read */
  is_alive = send_frame(of, frame, size);
  if (after == SERVICE_OVER)
    server_stop(of->server, "a client asked for it");
  else if (is_alive)
    set_deadline(of, of->state == REQUEST || of->out != NULL);
  return is_alive && after != SERVICE_OVER;
}

static bool take(connection *of, const void *message, size_t length) {
  switch (of->state) {
  case RESPONSE:
    return take_response(of, message, length);
  case CHALLENGE:
    return take_challenge(of, message, length);
  case WELCOME:
    return take_welcome(of, message, length);
  default:
    return take_request(of, message, length);
  }
}

/* Room for the whole message that has begun, which is not more than its kind may have. */
static bool grow(connection *of, size_t needed) {
  unsigned char *in;

  if (needed <= of->room)
    return true;
  in = realloc(of->in, needed);
  if (in == NULL)
    return false;
  of->in = in;
  of->room = needed;
  return true;
}

/* Does with all messages that are whole, as long as their replies are taken. */
static void take_all(connection *of) {
  while (of->out == NULL) {
    size_t limit = of->state < REQUEST ? SHAREABLE__HANDSHAKE_MAX : SHAREABLE__REQUEST_MAX, head, length;
    shareable__frame_result framed = shareable__frame_parse(of->in, of->have, limit, &head, &length);

    if (framed == SHAREABLE__FRAME_INVALID || !grow(of, head + length)) {
      if (framed == SHAREABLE__FRAME_INVALID)
        log_event(LOG_PEER, "%s announced a message that is too long: closed", of->peer.text);
      connection_close(of);
      return;
    }
    if (framed == SHAREABLE__FRAME_INCOMPLETE)
      break;
    if (!take(of, of->in + head, length))
      return;
    of->have -= head + length;
    memmove(of->in, of->in + head + length, of->have);
  }
  if (of->deadline == 0 && of->have > 0)
    set_deadline(of, true);
  expect(of);
}

static void receive(connection *of) {
  ssize_t count;

#ifdef TCP_QUICKACK
  /* A stock client sends small messages and waits, which its own side would hold back until this side acknowledges. */
  if (of->server->place.address.any.sa_family == AF_INET)
    setsockopt(of->socket, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
#endif
  count = recv(of->socket, of->in + of->have, of->room - of->have, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (count <= 0) {
    connection_close(of);
    return;
  }
  of->have += (size_t)count;
  take_all(of);
}

static void on_event(uv_poll_t *poll, int status, int events) {
  connection *of = (connection *)poll;

  (void)events;
  if (status < 0)
    connection_close(of);
  else if (of->out == NULL)
    receive(of);
  else if (flush(of) && of->out == NULL) {
    if (of->state >= REQUEST)
      set_deadline(of, of->state == REQUEST);
    take_all(of);
  }
}

static void expect(connection *of) {
  uv_poll_start(&of->poll, of->out != NULL ? UV_WRITABLE : UV_READABLE, on_event);
}

static connection *make(server *of, int socket, const peer *who) {
  connection *made = calloc(1, sizeof *made);

  if (made == NULL)
    return NULL;
  made->server = of;
  made->socket = socket;
  made->peer = *who;
  made->is_stranger = true;
  made->room = ROOM;
  made->in = malloc(ROOM);
  if (made->in != NULL && uv_poll_init(&of->loop, &made->poll, socket) == 0)
    return made;
  free(made->in);
  free(made);
  return NULL;
}

static connection *oldest_stranger(const server *of, bool is_own) {
  connection *each = of->oldest;

  while (each != NULL && !(each->is_stranger && each->peer.is_own == is_own))
    each = each->newer;
  return each;
}

bool connection_drop_stranger(server *of, bool may_be_own) {
  connection *dropped = oldest_stranger(of, false);

  if (dropped == NULL && may_be_own)
    dropped = oldest_stranger(of, true);
  if (dropped == NULL)
    return false;
  log_event(LOG_LIMIT, "too many connections without a handshake (%u): the oldest, of %s, is closed", of->strangers,
            dropped->peer.text);
  connection_close(dropped);
  return true;
}

void connection_time_out(connection *of) {
  if (of->is_stranger)
    log_event(LOG_KEY, "%s failed to authenticate: no handshake within %d seconds", of->peer.text,
              PEER_TIMEOUT_MS / 1000);
  connection_close(of);
}

static bool is_full(const server *of) {
  return of->strangers >= of->strangers_most || of->connections >= of->connections_most;
}

/* A peer that may not connect takes the place of no other peer. */
static bool is_accepted(server *of, const peer *who) {
  if (!who->may_connect) {
    log_event(LOG_PEER, "%s was refused: only this user and root may connect", who->text);
    return false;
  }
  if (is_full(of))
    connection_drop_stranger(of, who->is_own);
  if (!is_full(of))
    return true;
  if (of->connections >= of->connections_most)
    log_event(LOG_LIMIT, "all %u connections are in use: %s was refused", of->connections_most, who->text);
  else
    log_event(LOG_LIMIT, "processes of this user have all %u connections without a handshake: %s was refused",
              of->strangers_most, who->text);
  return false;
}

static void challenge(connection *made, const unsigned char nonce[SHAREABLE__NONCE_SIZE]) {
  enlist(made);
  if (made->server->place.address.any.sa_family == AF_INET)
    setsockopt(made->socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  set_deadline(made, true);
  shareable__challenge_write(made->challenge, nonce);
  if (send_message(made, made->challenge, sizeof made->challenge))
    expect(made);
}

/* A flood consists of connections that are closed at once: they cost one call each, and no place. */
static connection *take_peer(server *of, int socket) {
  unsigned char nonce[SHAREABLE__NONCE_SIZE];
  connection *made = NULL;
  peer who;

  if (peer_is_gone(socket))
    return NULL;
  peer_identify(&who, socket, of->diag);
  if (is_accepted(of, &who) && getrandom(nonce, sizeof nonce, 0) == sizeof nonce)
    made = make(of, socket, &who);
  if (made != NULL)
    challenge(made, nonce);
  return made;
}

void connection_open(server *of, int socket) {
  if (take_peer(of, socket) == NULL)
    close(socket);
  server_mind_deadlines(of); /* log lines may be suppressed */
}
