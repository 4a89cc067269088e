/*
 * control_socket.h - the names of the sockets through which `shareable manager` finds managers, and
 * the removal of those whose manager was killed.
 *
 * The sockets are in the directories of control_directory.h. A socket is called manager-PID-NUMBER,
 * and gets this name when the manager listens. So a socket with such a name that refuses a
 * connection belongs to a manager that has ended.
 */
#ifndef SHAREABLE__CONTROL_SOCKET_H
#define SHAREABLE__CONTROL_SOCKET_H

#include <stdint.h>
#include <sys/types.h>

#define SHAREABLE__CONTROL_SOCKET_PREFIX "manager-"
/* The name of a socket begins with this until the manager listens. */
#define SHAREABLE__CONTROL_SOCKET_STARTING "starting-"

/*
 * Removes the sockets of managers of that user, or SHAREABLE__ANY_USER (moved.h), that have ended, the folders that these managers
 * created, and the directories of the sockets that are then empty. If `pid` is not 0, only sockets
 * with this pid in their names. Does not connect to the socket of a process that is visible and
 * running.
 */
void shareable__control_socket_remove_stale(uid_t user, int64_t pid);

#endif
