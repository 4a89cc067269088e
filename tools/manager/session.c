/*
 * session.c - one client connection: its handshake, its requests and their replies.
 *
 * A session handles one message at a time. It does not read the next one until the peer has
 * accepted the reply.
 */
#include "session.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "dispatch.h"
#include "log.h"

/* The message that the session expects next. */
enum state { RESPONSE, CHALLENGE, WELCOME, REQUEST, KEEPALIVE_REQUEST, PROXY_REQUEST };

/* Enough for a handshake and for nearly every request. */
#define INPUT_SIZE 512

static void poll_events(struct session *session);

static void on_closed(uv_handle_t *handle) {
  struct session *session = (struct session *)handle;

  free(session->input);
  free(session->output);
  free(session);
}

static void unlink_session(struct session *session) {
  *(session->older != NULL ? &session->older->newer : &session->server->oldest) = session->newer;
  *(session->newer != NULL ? &session->newer->older : &session->server->newest) = session->older;
  session->server->sessions--;
  session->server->unauthenticated -= !session->is_authenticated;
}

static void link_session(struct session *session) {
  session->older = session->server->newest;
  *(session->older != NULL ? &session->older->newer : &session->server->oldest) = session;
  session->server->newest = session;
  session->server->sessions++;
  session->server->unauthenticated += !session->is_authenticated;
}

void session_close(struct session *session) {
  if (uv_is_closing((uv_handle_t *)&session->poll))
    return;
  log_event(LOG_DEBUG, "%s is disconnected", session->peer.text);
  unlink_session(session);
  uv_close((uv_handle_t *)&session->poll, on_closed);
  close(session->socket);
}

static void set_deadline(struct session *session, bool has_deadline) {
  session->deadline = has_deadline ? uv_now(&session->server->loop) + PEER_TIMEOUT_MS : 0;
  if (has_deadline)
    server_arm_timer(session->server);
}

/* Sends as much as the peer accepts. Returns false if it has closed the session. */
static bool flush(struct session *session) {
  while (session->output_sent < session->output_size) {
    ssize_t count = send(session->socket, session->output + session->output_sent,
                         session->output_size - session->output_sent, MSG_NOSIGNAL);

    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0 && errno == EAGAIN)
      return true;
    if (count < 0) {
      session_close(session);
      return false;
    }
    session->output_sent += (size_t)count;
  }
  free(session->output);
  session->output = NULL;
  if (session->is_closing)
    session_close(session);
  return !session->is_closing;
}

/*
 * Sends a frame and frees it. NULL closes the session. Returns false if it has closed the session.
 */
static bool send_frame(struct session *session, unsigned char *frame, size_t size) {
  if (frame == NULL) {
    session_close(session);
    return false;
  }
  session->output = frame;
  session->output_size = size;
  session->output_sent = 0;
  return flush(session);
}

static bool send_message(struct session *session, const void *message, size_t length) {
  unsigned char *frame = malloc(SHAREABLE__FRAME_HEADER_SIZE + length);

  if (frame != NULL) {
    shareable__frame_write_header(frame, length);
    memcpy(frame + SHAREABLE__FRAME_HEADER_SIZE, message, length);
  }
  return send_frame(session, frame, SHAREABLE__FRAME_HEADER_SIZE + length);
}

static bool send_failure(struct session *session) {
  session->is_closing = true;
  return send_message(session, SHAREABLE__FAILURE, SHAREABLE__WELCOME_SIZE);
}

static bool reject_response(struct session *session) {
  session->server->counts.refused_keys++;
  log_event(LOG_KEY, "%s failed to authenticate: its response does not match the key", session->peer.text);
  return send_failure(session);
}

static bool reject_challenge(struct session *session) {
  session->server->counts.refused_keys++;
  log_event(LOG_KEY, "%s failed to authenticate: its challenge is malformed or needs MD5, which --no-md5 disables",
            session->peer.text);
  return send_failure(session);
}

static bool on_response(struct session *session, const void *message, size_t length) {
  if (!shareable__response_verify(&session->server->key, session->challenge, message, length))
    return reject_response(session);
  session->state = CHALLENGE;
  return send_message(session, SHAREABLE__WELCOME, SHAREABLE__WELCOME_SIZE);
}

static bool on_challenge(struct session *session, const void *message, size_t length) {
  unsigned char response[SHAREABLE__RESPONSE_MAX];
  size_t size = shareable__challenge_answer(&session->server->key, message, length, response);

  if (size == 0)
    return reject_challenge(session);
  session->state = WELCOME;
  return send_message(session, response, size);
}

static bool on_welcome(struct session *session, const void *message, size_t length) {
  if (length != SHAREABLE__WELCOME_SIZE || memcmp(message, SHAREABLE__WELCOME, length) != 0) {
    session->server->counts.refused_keys++;
    log_event(LOG_KEY, "%s failed to authenticate: it does not accept this manager's key", session->peer.text);
    session_close(session);
    return false;
  }
  session->state = REQUEST;
  session->is_authenticated = true;
  session->server->unauthenticated--;
  session->server->counts.clients++;
  log_event(LOG_DEBUG, "%s is authenticated", session->peer.text);
  set_deadline(session, true);
  return true;
}

static bool on_request(struct session *session, const void *message, size_t length) {
  bool is_proxy = session->state == PROXY_REQUEST, is_alive;
  unsigned char *frame;
  size_t size;
  dispatch_after after = dispatch_request(&session->server->blocks, is_proxy, message, length, &frame, &size);

  session->is_closing = after == AFTER_CLOSE || after == AFTER_SHUTDOWN;
  if (after == AFTER_KEEPALIVE)
    session->state = KEEPALIVE_REQUEST;
  if (after == AFTER_PROXY)
    session->state = PROXY_REQUEST;
  server_arm_timer(session->server); /* for unrecorded names and the tracker */
  is_alive = send_frame(session, frame, size);
  if (after == AFTER_SHUTDOWN)
    server_stop(session->server, "a client requested it");
  else if (is_alive)
    set_deadline(session, session->state == REQUEST || session->output != NULL);
  return is_alive && after != AFTER_SHUTDOWN;
}

static bool on_message(struct session *session, const void *message, size_t length) {
  switch (session->state) {
  case RESPONSE:
    return on_response(session, message, length);
  case CHALLENGE:
    return on_challenge(session, message, length);
  case WELCOME:
    return on_welcome(session, message, length);
  default:
    return on_request(session, message, length);
  }
}

/* Makes room for the whole message, whose length is within its limit already. */
static bool grow(struct session *session, size_t needed) {
  unsigned char *input;

  if (needed <= session->input_capacity)
    return true;
  input = realloc(session->input, needed);
  if (input == NULL)
    return false;
  session->input = input;
  session->input_capacity = needed;
  return true;
}

/*
 * Handles the complete messages in the input, until one has a reply that the peer does not accept
 * at once.
 */
static void process_input(struct session *session) {
  while (session->output == NULL) {
    size_t limit = session->state < REQUEST ? SHAREABLE__HANDSHAKE_MAX : SHAREABLE__REQUEST_MAX, header_size, length;
    shareable__frame_result frame_result =
      shareable__frame_parse(session->input, session->input_length, limit, &header_size, &length);

    if (frame_result == SHAREABLE__FRAME_INVALID || !grow(session, header_size + length)) {
      if (frame_result == SHAREABLE__FRAME_INVALID) {
        session->server->counts.refused_peers++;
        log_event(LOG_PEER, "%s announced a message of more than %zu bytes: closed", session->peer.text, limit);
      }
      session_close(session);
      return;
    }
    if (frame_result == SHAREABLE__FRAME_INCOMPLETE)
      break;
    if (!on_message(session, session->input + header_size, length))
      return;
    session->input_length -= header_size + length;
    memmove(session->input, session->input + header_size + length, session->input_length);
  }
  if (session->deadline == 0 && session->input_length > 0)
    set_deadline(session, true);
  poll_events(session);
}

static void receive(struct session *session) {
  ssize_t count;

#ifdef TCP_QUICKACK
  /*
   * A CPython client waits after small messages, and its kernel holds them back until this side
   * acknowledges.
   */
  if (session->server->listener.address.any.sa_family == AF_INET)
    setsockopt(session->socket, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
#endif
  count =
    recv(session->socket, session->input + session->input_length, session->input_capacity - session->input_length, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (count <= 0) {
    session_close(session);
    return;
  }
  session->input_length += (size_t)count;
  process_input(session);
}

static void on_event(uv_poll_t *poll, int status, int events) {
  struct session *session = (struct session *)poll;

  (void)events;
  if (status < 0)
    session_close(session);
  else if (session->output == NULL)
    receive(session);
  else if (flush(session) && session->output == NULL) {
    if (session->state >= REQUEST)
      set_deadline(session, session->state == REQUEST);
    process_input(session);
  }
}

static void poll_events(struct session *session) {
  uv_poll_start(&session->poll, session->output != NULL ? UV_WRITABLE : UV_READABLE, on_event);
}

static struct session *new_session(struct server *server, int socket, const struct peer *peer) {
  struct session *session = calloc(1, sizeof *session);

  if (session == NULL)
    return NULL;
  session->server = server;
  session->socket = socket;
  session->peer = *peer;
  session->input_capacity = INPUT_SIZE;
  session->input = malloc(INPUT_SIZE);
  if (session->input != NULL && uv_poll_init(&server->loop, &session->poll, socket) == 0)
    return session;
  free(session->input);
  free(session);
  return NULL;
}

static struct session *oldest_unauthenticated(const struct server *server, bool is_own) {
  struct session *session = server->oldest;

  while (session != NULL && (session->is_authenticated || session->peer.is_own != is_own))
    session = session->newer;
  return session;
}

bool session_evict_oldest(struct server *server, bool may_be_own) {
  struct session *evicted = oldest_unauthenticated(server, false);

  if (evicted == NULL && may_be_own)
    evicted = oldest_unauthenticated(server, true);
  if (evicted == NULL)
    return false;
  server->counts.refused_by_limits++;
  log_event(LOG_LIMIT, "too many connections without a handshake (%u): the oldest, of %s, is closed",
            server->unauthenticated, evicted->peer.text);
  session_close(evicted);
  return true;
}

void session_time_out(struct session *session) {
  if (!session->is_authenticated) {
    session->server->counts.refused_keys++;
    log_event(LOG_KEY, "%s failed to authenticate: no handshake within %d seconds", session->peer.text,
              PEER_TIMEOUT_MS / 1000);
  }
  session_close(session);
}

static bool is_full(const struct server *server) {
  return server->unauthenticated >= server->unauthenticated_max || server->sessions >= server->sessions_max;
}

/* A peer that may not connect never causes another session to be closed. */
static bool peer_allowed(struct server *server, const struct peer *peer) {
  if (!peer->may_connect) {
    server->counts.refused_peers++;
    log_event(LOG_PEER, "%s was refused: only this user and root may connect", peer->text);
    return false;
  }
  if (is_full(server))
    session_evict_oldest(server, peer->is_own);
  if (!is_full(server))
    return true;
  server->counts.refused_by_limits++;
  if (server->sessions >= server->sessions_max)
    log_event(LOG_LIMIT, "the limit of %u connections is reached: %s was refused", server->sessions_max, peer->text);
  else
    log_event(LOG_LIMIT,
              "processes of this user hold all %u connections that may be without a handshake: %s was refused",
              server->unauthenticated_max, peer->text);
  return false;
}

static void send_challenge(struct session *session, const unsigned char nonce[SHAREABLE__NONCE_SIZE]) {
  link_session(session);
  log_event(LOG_DEBUG, "%s is connected", session->peer.text);
  if (session->server->listener.address.any.sa_family == AF_INET)
    setsockopt(session->socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  set_deadline(session, true);
  shareable__challenge_build(session->challenge, nonce);
  if (send_message(session, session->challenge, sizeof session->challenge))
    poll_events(session);
}

/*
 * A flood consists of connections that are closed at once: each costs one system call and does not
 * evict a session.
 */
static struct session *admit_peer(struct server *server, int socket) {
  unsigned char nonce[SHAREABLE__NONCE_SIZE];
  struct session *session = NULL;
  struct peer peer;

  if (peer_is_gone(socket))
    return NULL;
  peer_identify(&peer, socket, server->diag);
  if (peer_allowed(server, &peer) && getrandom(nonce, sizeof nonce, 0) == sizeof nonce)
    session = new_session(server, socket, &peer);
  if (session != NULL)
    send_challenge(session, nonce);
  return session;
}

void session_open(struct server *server, int socket) {
  if (admit_peer(server, socket) == NULL)
    close(socket);
  server_arm_timer(server); /* suppressed log lines may be pending */
}
