/*
 * connection.h - a client's connection to a manager: whole messages in and out, none of them later than a deadline.
 */
#ifndef SHAREABLE__CONNECTION_H
#define SHAREABLE__CONNECTION_H

#include "base/clock.h"
#include "base/descriptor.h"
#include "protocol/address.h"
#include "protocol/message.h"

typedef struct shareable__connection {
  int fd;                 /* -1: not connected */
  shareable__file_id id;  /* of the socket: the program may close it and open another file in its place */
  const char *where;      /* the address, for the words of a failure */
  int64_t deadline;       /* by shareable__now() */
  shareable_error *error; /* or NULL */
  unsigned char *bytes;   /* what has come; the message that was received last is in front */
  size_t have, room;
  size_t done; /* of `bytes`: that message, which the next one removes */
} shareable__connection;

/* Connects, and sees that the other side is a process of this user's or root's, where the kernel knows. E_NO_MANAGER. */
shareable_status shareable__connection_open(shareable__connection *wire, const shareable__address *address);

/* Shows the key to the other side, and sees that it has it too. E_AUTH where it has not. */
shareable_status shareable__connection_authenticate(shareable__connection *wire, const shareable__key *key);

/* Sends bytes that are a whole frame. Whatever fails, here and below, is for closing the wire. */
shareable_status shareable__connection_send(shareable__connection *wire, const void *frame, size_t size);

/* Receives a message of at most `limit` bytes: *message is good until the next one. */
shareable_status shareable__connection_receive(shareable__connection *wire, size_t limit, const unsigned char **message,
                                               size_t *length);

/* Whether nothing has come, nor the end, and the descriptor is still the socket: the connection can be used. */
bool shareable__connection_is_idle(const shareable__connection *wire);

/* Waits until the other side has closed its end; false where it did not before the deadline. */
bool shareable__connection_wait_for_close(shareable__connection *wire);

/* Closes it, for another connection or for good. A descriptor that is another file's by now is left alone. */
void shareable__connection_close(shareable__connection *wire);

/* Waits until a descriptor has one of the events; false where the deadline comes first. */
bool shareable__connection_wait_for_events(int fd, short events, int64_t deadline);

#endif
