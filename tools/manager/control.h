/*
 * control.h - the socket through which `shareable manager` finds, examines and stops this manager.
 *
 * It is independent of the socket that clients connect to, and needs no key: only this user and
 * root can enter the directory that contains it. control_message.h describes the messages.
 */
#ifndef MANAGER_CONTROL_H
#define MANAGER_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "shm/control_directory.h"

#define CONTROL_NAME_SIZE 48

struct server;
struct control_session;

/* All zero: it is not open. */
struct control {
  uv_poll_t poll;
  bool is_open;
  int socket;
  shareable__control_directory directory;
  char name[CONTROL_NAME_SIZE]; /* of the socket in the directory */
  struct control_session *sessions;
};

/*
 * Listens on a new socket, and removes the sockets of managers that have ended. Changes the working
 * directory. If this fails, logs a warning: then the manager serves its clients, but cannot be
 * listed.
 */
void control_open(struct server *server);

/* Accepts connections again after the server ran out of descriptors or memory. */
void control_resume(struct server *server);

/*
 * Removes and closes the socket. Connections stay open, and the kernel closes them when the process
 * ends.
 */
void control_close(struct server *server);

/* Sends the replies to the requests to stop. `removed` is the number of blocks that were removed. */
void control_confirm_stop(struct server *server, uint64_t removed);

#endif
