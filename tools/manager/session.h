/*
 * session.h - one client connection: its handshake, its requests and their replies.
 */
#ifndef MANAGER_SESSION_H
#define MANAGER_SESSION_H

#include "peer.h"
#include "server.h"

struct session {
  uv_poll_t poll; /* must be first: the callbacks convert its address to the session */
  struct server *server;
  struct session *older, *newer;
  int socket;
  int state;
  uint64_t deadline; /* by the clock of the loop, in milliseconds; 0: none */
  unsigned char challenge[SHAREABLE__CHALLENGE_SIZE];
  unsigned char *input, *output; /* `output` is NULL if there is nothing to send */
  size_t input_length, input_capacity;
  size_t output_size, output_sent;
  bool is_closing;       /* the session is closed when `output` is sent */
  bool is_authenticated; /* the peer has shown that it has the key */
  struct peer peer;
};

/*
 * Starts a session on an accepted socket: sends the challenge. Closes the socket if the peer is
 * refused.
 */
void session_open(struct server *server, int socket);

/* Closes the socket at once, whatever the state of the session, and frees the session later. */
void session_close(struct session *session);

/* Closes a session whose deadline has passed. */
void session_time_out(struct session *session);

/*
 * Closes the oldest unauthenticated session whose peer is not known to be a process of this user or
 * of root. If there is none and `may_be_own` is true, closes the oldest of the others. Returns
 * whether a session was closed.
 */
bool session_evict_oldest(struct server *server, bool may_be_own);

#endif
