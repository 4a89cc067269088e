/*
 * wire.h - a client's connection to a manager: whole messages in and out, none of them later than a deadline.
 */
#ifndef SHAREABLE__WIRE_H
#define SHAREABLE__WIRE_H

#include "base/clock.h"
#include "base/descriptor.h"
#include "protocol/address.h"
#include "protocol/protocol.h"

typedef struct shareable__wire {
  int fd;                 /* -1: not connected */
  shareable__file_id id;  /* of the socket: the program may close it and open another file in its place */
  const char *where;      /* the address, for the words of a failure */
  int64_t deadline;       /* by shareable__now() */
  shareable_error *error; /* or NULL */
  unsigned char *bytes;   /* what has come; the message that was received last is in front */
  size_t have, room;
  size_t done; /* of `bytes`: that message, which the next one removes */
} shareable__wire;

/* Connects, and sees that the other side is a process of this user's or root's, where the kernel knows. E_NO_MANAGER. */
shareable_status shareable__wire_connect(shareable__wire *wire, const shareable__address *address);

/* Shows the key to the other side, and sees that it has it too. E_AUTH where it has not. */
shareable_status shareable__wire_greet(shareable__wire *wire, const shareable__key *key);

/* Sends bytes that are a whole frame. Whatever fails, here and below, is for closing the wire. */
shareable_status shareable__wire_send(shareable__wire *wire, const void *frame, size_t size);

/* Receives a message of at most `limit` bytes: *message is good until the next one. */
shareable_status shareable__wire_receive(shareable__wire *wire, size_t limit, const unsigned char **message,
                                         size_t *length);

/* Whether nothing has come, nor the end, and the descriptor is still the socket: the connection can be used. */
bool shareable__wire_is_quiet(const shareable__wire *wire);

/* Waits until the other side has closed its end; false where it did not before the deadline. */
bool shareable__wire_await_end(shareable__wire *wire);

/* Closes it, for another connection or for good. A descriptor that is another file's by now is left alone. */
void shareable__wire_close(shareable__wire *wire);

/* Waits until a descriptor has one of the events; false where the deadline comes first. */
bool shareable__wire_await(int fd, short events, int64_t deadline);

#endif
