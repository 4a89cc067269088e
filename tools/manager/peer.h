/*
 * peer.h - which process or user a peer is, as far as the kernel reports it.
 */
#ifndef MANAGER_PEER_H
#define MANAGER_PEER_H

#include <stdbool.h>

#define PEER_TEXT_SIZE 64

struct peer {
  char text[PEER_TEXT_SIZE]; /* for the log: no byte of it comes from the peer */
  bool may_connect;          /* on a local socket, only processes of this user and of root may */
  bool is_own;               /* it is a process of this user or of root, for certain */
};

/* Identifies the peer of an accepted socket. `diag` is a descriptor of peer_open_diag(), or -1. */
void peer_identify(struct peer *result, int socket, int diag);

/* Returns whether the peer has closed its end and sent nothing before. */
bool peer_is_gone(int socket);

/*
 * Opens a sock_diag(7) socket, with which the kernel reports the user of a TCP peer on this
 * machine. Returns a descriptor, or -1 if the kernel has no such sockets: then no TCP peer is known
 * to be one of this user.
 */
int peer_open_diag(void);

#endif
