/*
 * dispatch.h - the methods of the manager: a request in, a reply out.
 */
#ifndef MANAGER_DISPATCH_H
#define MANAGER_DISPATCH_H

#include <stdbool.h>

#include "block_registry.h"

/* What the session does after it has sent the reply. */
typedef enum dispatch_after {
  AFTER_NEXT_SOON, /* wait for another request, until the deadline */
  AFTER_KEEPALIVE, /* wait for another request, without a deadline */
  AFTER_PROXY,     /* the same; the next request is a call of a proxy */
  AFTER_CLOSE,     /* close: the message was not a request */
  AFTER_SHUTDOWN   /* stop the manager: its blocks are removed already */
} dispatch_after;

/*
 * Runs the request in the message. *frame receives the encoded reply, which the caller frees, and
 * *size its size; NULL if there is no memory for the reply.
 */
dispatch_after dispatch_request(block_registry *blocks, bool is_proxy, const void *message, size_t length,
                                unsigned char **frame, size_t *size);

#endif
