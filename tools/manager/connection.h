/*
 * connection.h - one peer: its handshake, its requests, its replies.
 */
#ifndef MANAGER_CONNECTION_H
#define MANAGER_CONNECTION_H

#include "peer.h"
#include "server.h"

struct connection {
  uv_poll_t poll; /* first: what the loop gives back is the connection */
  server *server;
  connection *older, *newer;
  int socket;
  int state;
  uint64_t deadline; /* by the loop's clock, in milliseconds; 0: none */
  unsigned char challenge[SHAREABLE__CHALLENGE_SIZE];
  unsigned char *in, *out;
  size_t have, room; /* of `in` */
  size_t size, sent; /* of `out`, where there is one */
  bool is_closing;   /* once `out` is sent */
  bool is_stranger;  /* it has not shown its key */
  peer peer;
};

/* Takes a socket that was accepted, and challenges the peer. */
void connection_open(server *of, int socket);

/* Forgets the peer, in the midst of whatever it does. */
void connection_close(connection *of);

/* Closes a connection whose deadline has passed. */
void connection_time_out(connection *of);

/*
 * Closes the oldest connection that has not shown the key and that is not known to be of a process of this user or root; if
 * there is none and `may_be_own`, the oldest of those. Returns whether there was one.
 */
bool connection_drop_stranger(server *of, bool may_be_own);

#endif
