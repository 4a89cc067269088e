/*
 * socket_folder.h - the folder that a manager created for the socket of its clients: its record, and
 * its removal after the manager was killed.
 *
 * The record is a symbolic link beside the manager's control socket (control_socket.h): for the
 * socket manager-PID-NUMBER, folder-PID-NUMBER. Its target is the path of the folder. The link is
 * read, and never followed.
 */
#ifndef SHAREABLE__SOCKET_FOLDER_H
#define SHAREABLE__SOCKET_FOLDER_H

#include <stdbool.h>

#include "shm/control_directory.h"

#define SHAREABLE__SOCKET_FOLDER_PREFIX "folder-"

/* The name of the clients' socket in the folder. */
#define SHAREABLE__SOCKET_FOLDER_SOCKET "manager"

/* Returns whether the file is a socket of that user on which no process listens. */
bool shareable__socket_is_refused(int directory, const char *name, int type, uid_t user);

/*
 * Removes the recorded folder with its socket, and the record. Keeps the folder if it does not
 * belong to the user of the directory, if its mode is not 0700, or if a process listens on the socket.
 */
void shareable__socket_folder_remove(const shareable__control_directory *directory, const char *control);

#endif
