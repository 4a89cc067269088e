/*
 * connection.h - a client's connection to a manager: sends and receives whole messages before a
 * deadline.
 */
#ifndef SHAREABLE__CONNECTION_H
#define SHAREABLE__CONNECTION_H

#include "base/clock.h"
#include "base/descriptor.h"
#include "protocol/address.h"
#include "protocol/message.h"

typedef struct shareable__connection {
  int fd;                   /* -1: not connected */
  shareable__file_id id;    /* of the socket: another file may get the descriptor's number */
  const char *address_text; /* for error messages */
  int64_t deadline;         /* by shareable__now() */
  int64_t timeout_ns;       /* the time up to the deadline, for error messages */
  shareable_error *error;   /* or NULL */
  unsigned char *bytes;     /* the input buffer, which starts with the last received message */
  size_t length, capacity;  /* of `bytes` */
  size_t consumed;          /* the size of the last message, which the next receive removes */
} shareable__connection;

/*
 * Connects. On a local socket, also checks that the manager is a process of this user or of root:
 * E_PERMISSION. Returns E_NO_MANAGER if no manager listens there.
 */
shareable_status shareable__connection_open(shareable__connection *connection, const shareable__address *address);

/*
 * Proves to the manager that this process has the key, and checks that the manager has it. Returns
 * E_AUTH if it has not.
 */
shareable_status shareable__connection_authenticate(shareable__connection *connection, const shareable__key *key);

/* Sends a whole frame. If this or a function below fails, the caller must close the connection. */
shareable_status shareable__connection_send(shareable__connection *connection, const void *frame, size_t size);

/*
 * Receives a message of at most `limit` bytes. *message is valid until the next message is
 * received.
 */
shareable_status shareable__connection_receive(shareable__connection *connection, size_t limit,
                                               const unsigned char **message, size_t *length);

/*
 * Returns whether the descriptor is still the socket, and neither data nor the end of the stream
 * has arrived.
 */
bool shareable__connection_is_idle(const shareable__connection *connection);

/* Waits until the manager has closed its end. Returns false at the deadline. */
bool shareable__connection_wait_for_close(shareable__connection *connection);

/*
 * Closes the connection, which may be opened again. Does not close the descriptor if it refers to
 * another file.
 */
void shareable__connection_close(shareable__connection *connection);

/* Waits until a descriptor has one of the events. Returns false at the deadline. */
bool shareable__connection_wait_for_events(int fd, short events, int64_t deadline);

#endif
