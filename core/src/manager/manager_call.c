/*
 * manager_call.c - calls of a manager's methods, on the connection of the handle.
 */
#include "manager/manager_call.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

/* Enough nodes for every reply but a long list. */
#define STATIC_NODES 64
/*
 * The first and the maximum time before another attempt if the manager closes the connection during
 * the handshake.
 */
#define RETRY_MIN_US 1000
#define RETRY_MAX_US 100000

int64_t shareable__manager_timeout_ns = INT64_C(10000000000);

struct reply {
  shareable__pyvalue_arena arena;
  const shareable__pyvalue *kind, *value;
  shareable__pyvalue static_nodes[STATIC_NODES];
};

static void free_reply(struct reply *reply) {
  if (reply->arena.nodes != reply->static_nodes)
    free(reply->arena.nodes);
}

static shareable_status fail_protocol(shareable_manager *manager, size_t length) {
  return shareable__fail(manager->connection.error, SHAREABLE_E_PROTOCOL, 0,
                         "the manager at %s sent a malformed reply of %zu bytes", manager->text, length);
}

static bool grow(struct reply *reply) {
  uint32_t size = 4 * reply->arena.size;
  shareable__pyvalue *nodes = reallocarray(NULL, size, sizeof *nodes);

  free_reply(reply);
  reply->arena = nodes == NULL ? shareable__pyvalue_arena_init(reply->static_nodes, STATIC_NODES)
                               : shareable__pyvalue_arena_init(nodes, size);
  return nodes != NULL;
}

static shareable_status decode_reply(shareable_manager *manager, const unsigned char *message, size_t length,
                                     struct reply *reply) {
  shareable__pickle_result result;
  uint32_t root;
  size_t bad_offset;

  while ((result = shareable__pickle_decode(&reply->arena, message, length, &root, &bad_offset)) ==
         SHAREABLE__PICKLE_NO_SPACE)
    if (!grow(reply))
      return shareable__fail(manager->connection.error, SHAREABLE_E_NO_MEMORY, 0,
                             "no memory for the reply of the manager at %s", manager->text);
  if (result != SHAREABLE__PICKLE_OK || !shareable__reply_parse(&reply->arena, root, &reply->kind, &reply->value))
    return fail_protocol(manager, length);
  return SHAREABLE_OK;
}

static bool is_return(const struct reply *reply) {
  return shareable__pyvalue_is_text(reply->kind, SHAREABLE__RETURN);
}

/* Sends a request and receives the reply, which may be an error. */
static shareable_status exchange(shareable_manager *manager, const char *method, const char *argument,
                                 struct reply *reply) {
  shareable__pyvalue nodes[SHAREABLE__REQUEST_NODES];
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, SHAREABLE__REQUEST_NODES);
  unsigned char frame[512];
  uint32_t request = shareable__request_build(&arena, method, argument);
  size_t size = shareable__frame_encode(&arena, request, frame, sizeof frame), length;
  const unsigned char *message;
  shareable_status status = shareable__connection_send(&manager->connection, frame, size);

  reply->arena = shareable__pyvalue_arena_init(reply->static_nodes, STATIC_NODES);
  if (status == SHAREABLE_OK)
    status = shareable__connection_receive(&manager->connection, SHAREABLE__REPLY_MAX, &message, &length);
  return status == SHAREABLE_OK ? decode_reply(manager, message, length, reply) : status;
}

/* The connection. */

static shareable_status connect_once(shareable_manager *manager) {
  shareable_status status;

  shareable__connection_close(&manager->connection);
  status = shareable__connection_open(&manager->connection, &manager->address);
  return status == SHAREABLE_OK ? shareable__connection_authenticate(&manager->connection, &manager->key) : status;
}

static shareable_status fail_early_close(shareable_manager *manager) {
  return shareable__fail(
    manager->connection.error, SHAREABLE_E_NO_MANAGER, 0,
    "timed out: the manager at %s closes connections before the handshake is complete: it may have too many",
    manager->text);
}

/* Authenticates, and asks the manager to accept more than one request on the connection. */
static shareable_status authenticate_and_negotiate(shareable_manager *manager) {
  shareable_status status = shareable__connection_authenticate(&manager->connection, &manager->key);
  struct reply reply;

  if (status != SHAREABLE_OK)
    return status;
  status = exchange(manager, "keep_connection", NULL, &reply);
  manager->keepalive = status == SHAREABLE_OK && is_return(&reply);
  free_reply(&reply);
  return status;
}

/*
 * *is_closed_early receives whether the manager accepted the connection and closed it during the
 * handshake.
 */
static shareable_status negotiate_once(shareable_manager *manager, bool *is_closed_early) {
  shareable_status status;

  shareable__connection_close(&manager->connection);
  status = shareable__connection_open(&manager->connection, &manager->address);
  *is_closed_early = false;
  if (status != SHAREABLE_OK)
    return status;
  status = authenticate_and_negotiate(manager);
  *is_closed_early = status == SHAREABLE_E_NO_MANAGER;
  return status;
}

/*
 * A manager with too many unauthenticated sessions may close this connection before the handshake
 * is complete. Tries again until the deadline. On local sockets, other users cannot cause that.
 */
static shareable_status negotiate_until_deadline(shareable_manager *manager) {
  useconds_t pause = RETRY_MIN_US;
  bool is_closed_early, was_closed_early = false;
  shareable_status status = negotiate_once(manager, &is_closed_early);

  while (is_closed_early && manager->address.any.sa_family == AF_INET &&
         shareable__now() < manager->connection.deadline) {
    usleep(pause);
    pause = 2 * pause < RETRY_MAX_US ? 2 * pause : RETRY_MAX_US;
    status = negotiate_once(manager, &is_closed_early);
    was_closed_early = true;
  }
  if (status != SHAREABLE_OK && was_closed_early && shareable__now() >= manager->connection.deadline)
    return fail_early_close(manager);
  return status;
}

shareable_status shareable__manager_negotiate_keepalive(shareable_manager *manager) {
  shareable_status status = negotiate_until_deadline(manager);

  if (status != SHAREABLE_OK || !manager->keepalive)
    shareable__connection_close(&manager->connection);
  return status;
}

/* Makes the connection ready for a request: reuses it if it is idle, or connects. */
static shareable_status ensure_connection(shareable_manager *manager) {
  shareable_status status = SHAREABLE_OK;

  if (manager->connection.fd >= 0 && shareable__connection_is_idle(&manager->connection))
    return SHAREABLE_OK;
  if (manager->keepalive)
    status = shareable__manager_negotiate_keepalive(manager);
  if (status == SHAREABLE_OK && !manager->keepalive)
    status = connect_once(manager);
  return status;
}

/* The maximum length of a manager's error text in an error message. */
#define ERROR_LINE_MAX 1000

/*
 * Finds the last line of a traceback, which has the error. The line is empty if the value is not a
 * str.
 */
static void last_line(const shareable__pyvalue *text, const char **line, int *length) {
  const char *traceback = text->type == SHAREABLE__PY_STR ? text->text : "";
  size_t end = text->type == SHAREABLE__PY_STR ? text->length : 0, start;

  while (end > 0 && traceback[end - 1] == '\n')
    end--;
  for (start = end; start > 0 && traceback[start - 1] != '\n';)
    start--;
  *line = traceback + start;
  *length = end - start > ERROR_LINE_MAX ? ERROR_LINE_MAX : (int)(end - start);
}

static bool starts_with(const char *line, int length, const char *start) {
  return (size_t)length >= strlen(start) && memcmp(line, start, strlen(start)) == 0;
}

static shareable_status fail_remote(shareable_manager *manager, const struct reply *reply) {
  shareable_status status = SHAREABLE_E_REMOTE;
  const char *line;
  int length;

  last_line(reply->value, &line, &length);
  if (starts_with(line, length, "FileNotFoundError"))
    status = SHAREABLE_E_NOT_FOUND;
  else if (starts_with(line, length, "ValueError: list.remove"))
    status = SHAREABLE_E_ABSENT;
  return shareable__fail(manager->connection.error, status, 0, "the manager at %s reports: %.*s", manager->text, length,
                         line);
}

shareable_status shareable__manager_call_locked(shareable_manager *manager, const char *method, const char *argument,
                                                shareable__manager_reply_handler *handler, void *context) {
  shareable_status status = ensure_connection(manager);
  struct reply reply;

  if (status != SHAREABLE_OK) {
    shareable__connection_close(&manager->connection);
    return status;
  }
  status = exchange(manager, method, argument, &reply);
  if (status != SHAREABLE_OK)
    shareable__connection_close(&manager->connection);
  else if (!is_return(&reply))
    status = fail_remote(manager, &reply);
  else if (handler != NULL)
    status = handler(&reply.arena, reply.value, context, manager->connection.error);
  free_reply(&reply);
  return status;
}

/* The number of times that a waiter yields the processor before it sleeps. */
#define YIELD_COUNT 64
#define SLEEP_NS INT64_C(50000)

/*
 * Waits for the thread that resets the handle. Sleeps after some yields, because a thread of a
 * higher real-time priority gets its processor back at each yield.
 */
static void yield_or_sleep(unsigned waits) {
  if (waits < YIELD_COUNT)
    sched_yield();
  else
    shareable__sleep(SLEEP_NS);
}

/*
 * In a child of a fork, the connection is the parent's, and the lock may belong to a thread that
 * does not exist here. One thread of the child resets both; the others wait for it.
 */
static void reset_after_fork(shareable_manager *manager) {
  pid_t self = getpid(), connection_pid = atomic_load(&manager->connection_pid);
  unsigned waits = 0;

  while (connection_pid != self) {
    if (connection_pid != 0 && atomic_compare_exchange_strong(&manager->connection_pid, &connection_pid, 0)) {
      pthread_mutex_init(&manager->lock, NULL);
      shareable__connection_close(&manager->connection);
      atomic_store(&manager->connection_pid, self);
    } else {
      yield_or_sleep(waits++);
    }
    connection_pid = atomic_load(&manager->connection_pid);
  }
}

/*
 * The time limit of a call includes the time that it waits for calls of other threads. If the manager
 * is stopped, all of them end when the first one does.
 */
shareable_status shareable__manager_lock(shareable_manager *manager, shareable_error *error) {
  const int64_t deadline = shareable__deadline(shareable__manager_timeout_ns);
  int cancel_state;

  if (manager == NULL)
    return shareable__fail(error, SHAREABLE_E_CLOSED, 0, "the handle is NULL");
  reset_after_fork(manager);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state); /* cancelling must not keep the lock */
  pthread_mutex_lock(&manager->lock);
  manager->cancel_state = cancel_state;
  manager->connection.error = error;
  manager->connection.timeout_ns = shareable__manager_timeout_ns;
  manager->connection.deadline = deadline;
  return SHAREABLE_OK;
}

void shareable__manager_unlock(shareable_manager *manager) {
  int cancel_state = manager->cancel_state;

  if (!manager->keepalive)
    shareable__connection_close(&manager->connection);
  manager->connection.error = NULL;
  pthread_mutex_unlock(&manager->lock);
  pthread_setcancelstate(cancel_state, NULL);
}

shareable_status shareable__manager_call(shareable_manager *manager, const char *method, const char *argument,
                                         shareable__manager_reply_handler *handler, void *context,
                                         shareable_error *error) {
  shareable_status status = shareable__manager_lock(manager, error);

  if (status != SHAREABLE_OK)
    return status;
  if (manager->is_shut_down)
    status = shareable__fail(error, SHAREABLE_E_CLOSED, 0, "the manager at %s was shut down", manager->text);
  else
    status = shareable__manager_call_locked(manager, method, argument, handler, context);
  shareable__manager_unlock(manager);
  return status;
}
