/*
 * place.h - the socket that the manager listens at, and what of it is in the file system.
 */
#ifndef MANAGER_PLACE_H
#define MANAGER_PLACE_H

#include <sys/types.h>

#include "folder.h"
#include "protocol/address.h"

typedef struct place {
  int socket;
  shareable__address address; /* as the system gave it */
  char directory[80];         /* that was made for it, or "" */
  parent_folder parent;       /* of the socket's file, if there is one */
  dev_t device;               /* of the socket's file */
  ino_t inode;
} place;

/*
 * Listens at the address or, if that is NULL, in a new directory that only this user can enter. A socket of this user's that
 * no process listens at any more is replaced; any other file is left alone. Returns false after a message.
 */
bool place_open(place *of, const char *address);

/* Closes it, and removes its file and directory, if they are still the ones that it made. */
void place_close(place *of);

#endif
