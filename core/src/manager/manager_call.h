/*
 * manager_call.h - calls of a manager's methods.
 */
#ifndef SHAREABLE__MANAGER_CALL_H
#define SHAREABLE__MANAGER_CALL_H

#include "base/error.h"
#include "manager/manager_handle.h"

/* The time that a manager has to reply, or to start, in nanoseconds. Only tests change it. */
extern int64_t shareable__manager_timeout_ns;

/* Starts the timeout for all calls up to _unlock(), and locks the handle. */
shareable_status shareable__manager_lock(shareable_manager *manager, shareable_error *error);
void shareable__manager_unlock(shareable_manager *manager);

/* Reads the value of a reply, while the handle is locked. */
typedef shareable_status shareable__manager_reply_handler(const shareable__pyvalue_arena *arena,
                                                          const shareable__pyvalue *value, void *context,
                                                          shareable_error *error);

/* Calls a method of the manager with one argument, or none if it is NULL. `handler` may be NULL. */
shareable_status shareable__manager_call(shareable_manager *manager, const char *method, const char *argument,
                                         shareable__manager_reply_handler *handler, void *context,
                                         shareable_error *error);

/* As shareable__manager_call(), with the handle locked, also after a shutdown. */
shareable_status shareable__manager_call_locked(shareable_manager *manager, const char *method, const char *argument,
                                                shareable__manager_reply_handler *handler, void *context);

/*
 * Connects, and asks the manager to accept more than one request on the connection. A CPython
 * manager does not know this request and closes the connection.
 */
shareable_status shareable__manager_negotiate_keepalive(shareable_manager *manager);

#endif
