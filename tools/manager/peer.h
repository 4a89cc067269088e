/*
 * peer.h - the process or user of a peer, if the kernel reports it.
 */
#ifndef MANAGER_PEER_H
#define MANAGER_PEER_H

#include <stdbool.h>

#define PEER_TEXT_SIZE 64

struct peer {
  char text[PEER_TEXT_SIZE]; /* for the log: no byte of it comes from the peer */
  bool may_connect;          /* on local sockets, only processes of this user and of root */
  bool is_own;               /* the kernel reports that it is a process of this user or of root */
};

/* Identifies the peer of an accepted socket. `diag` is a descriptor of peer_open_diag(), or -1. */
void peer_identify(struct peer *result, int socket, int diag);

/* Returns whether the peer has closed its end without sending data. */
bool peer_is_gone(int socket);

/*
 * Opens a sock_diag(7) socket, through which the kernel reports the user of a TCP peer on this
 * machine. Returns -1 if the kernel does not support it: then no TCP peer counts as a process of
 * this user.
 */
int peer_open_diag(void);

#endif
