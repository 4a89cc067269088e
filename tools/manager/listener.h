/*
 * listener.h - the socket that the manager listens on, and its file and directory.
 */
#ifndef MANAGER_LISTENER_H
#define MANAGER_LISTENER_H

#include <sys/types.h>

#include "parent_directory.h"
#include "protocol/address.h"

struct listener {
  int socket;
  shareable__address address; /* the bound address, as getsockname() returns it */
  /* As text, with an absolute path, unless that is too long; "" if it has no text form: */
  char text[SHAREABLE__ADDRESS_TEXT];
  char directory[80];      /* the directory that was created for the socket, or "" */
  parent_directory parent; /* the directory of the socket's file, if it has a file */
  dev_t device;            /* of the socket's file */
  ino_t inode;             /* of the socket's file; 0: none was created */
};

/*
 * Listens at the address or, if it is NULL, in a new directory that only this user can enter. A
 * socket file of this user is replaced if no process listens on it; any other file is kept. Returns
 * false after logging an error.
 */
bool listener_open(struct listener *listener, const char *address);

/*
 * Closes the socket. Removes its file and its directory, if they are still the ones that
 * listener_open() created.
 */
void listener_close(struct listener *listener);

#endif
