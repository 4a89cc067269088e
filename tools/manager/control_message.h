/*
 * control_message.h - the messages between a running manager and the command `shareable manager`.
 *
 * Each manager listens on a socket in its user's directory in /dev/shm, which only this user and
 * root can enter (shm/control_directory.h).
 *
 * The socket keeps the boundaries of messages (SOCK_SEQPACKET): a request and a reply are one
 * message each. A manager that is asked to stop replies when it has removed its blocks, and the
 * kernel closes the connection when the process has ended.
 */
#ifndef MANAGER_CONTROL_MESSAGE_H
#define MANAGER_CONTROL_MESSAGE_H

#include <stdint.h>

#include "protocol/address.h"

/* "shrctl", and the number of the version of both messages. */
#define CONTROL_MAGIC UINT64_C(0x016c746372687301)

enum control_command { CONTROL_STATUS = 1, CONTROL_STOP };

typedef struct control_request {
  uint64_t magic;
  uint64_t command; /* CONTROL_STATUS, ... */
} control_request;

/* A reply to CONTROL_STOP states what the manager had before it removed its blocks. */
typedef struct control_reply {
  uint64_t magic;
  int64_t pid;                           /* of the manager, in its own pid namespace */
  int64_t owner;                         /* the process whose end ends the manager, in that namespace; or 0 */
  int64_t uptime;                        /* in nanoseconds */
  uint64_t names;                        /* that the manager tracks */
  uint64_t blocks;                       /* that have these names and that this user may remove */
  uint64_t bytes, used;                  /* the sum of their sizes, and the memory that they take */
  uint64_t removed;                      /* number of blocks; only in a reply to CONTROL_STOP */
  uint64_t clients;                      /* that are connected and authenticated */
  uint64_t unauthenticated;              /* connections without a complete handshake */
  uint64_t clients_total;                /* that were authenticated since the start */
  uint64_t refused_peers;                /* other users, and too long messages */
  uint64_t refused_keys;                 /* failed authentications */
  uint64_t refused_by_limits;            /* connections beyond a limit */
  uint64_t log_level;                    /* LOG_LEVEL_ERROR, ... */
  char address[SHAREABLE__ADDRESS_TEXT]; /* ends with NUL; "": it has no text form */
} control_reply;

_Static_assert(sizeof(control_reply) == 16 * 8 + SHAREABLE__ADDRESS_TEXT, "without padding");

#endif
