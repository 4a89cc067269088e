/*
 * manager_handle.h - the members of a manager's handle.
 */
#ifndef SHAREABLE__MANAGER_HANDLE_H
#define SHAREABLE__MANAGER_HANDLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "manager/connection.h"
#include "manager/manager_spawn.h"

struct shareable_manager {
  atomic_uint references;
  _Atomic pid_t connection_pid; /* the process that uses the connection; 0: a fork's child resets it */
  pthread_mutex_t lock;         /* protects the members below */
  shareable__connection connection;
  bool keepalive; /* the manager accepts several requests on a connection; true until it refuses */
  bool is_shut_down;
  bool has_own_directory; /* the program created the directory of its socket */
  int cancel_state;       /* the cancel state that the thread had before it took the lock */
  shareable__spawned spawned;
  shareable__address address;
  char text[SHAREABLE__ADDRESS_TEXT]; /* the address as text */
  shareable__key key;
};

#endif
