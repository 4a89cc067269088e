/*
 * service.h - what the manager does when it is asked: a request in, a reply out.
 */
#ifndef MANAGER_SERVICE_H
#define MANAGER_SERVICE_H

#include <stdbool.h>

#include "registry.h"

/* What becomes of the connection once it has its reply. */
typedef enum service_after {
  SERVICE_GO_ON, /* the next request may come, soon */
  SERVICE_KEEP,  /* the next request may come whenever it likes */
  SERVICE_PROXY, /* the same, and it will be one for an object */
  SERVICE_CLOSE, /* it was no request */
  SERVICE_OVER   /* the manager is to end; its blocks are gone */
} service_after;

/*
 * Does what the message asks. *frame receives the reply, to be freed, and *size its bytes; NULL where there is no memory for
 * it.
 */
service_after service_answer(registry *blocks, bool is_proxy, const void *message, size_t length, unsigned char **frame,
                             size_t *size);

#endif
