/*
 * manager_call.c - the one connection of a manager's handle, and what is asked through it.
 */
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "manager/manager.h"

/* Of a reply that is not a long list. */
#define FEW_NODES 64
/* How long to wait at first, and at most, before another connection is tried after one that was closed in the handshake. */
#define FIRST_PAUSE_US 1000
#define LAST_PAUSE_US 100000

/* What a reply is, and what it was read from. */
typedef struct reply {
  shareable__pyvalue_arena in;
  const shareable__pyvalue *kind, *value;
  shareable__pyvalue few[FEW_NODES];
} reply;

static void end_reply(reply *of) {
  if (of->in.nodes != of->few)
    free(of->in.nodes);
}

static shareable_status fail_strange(shareable_manager *manager) {
  return shareable__fail(manager->wire.error, SHAREABLE_E_PROTOCOL, 0, "what the manager at %s answers is no reply",
                         manager->text);
}

static bool grow(reply *of) {
  uint32_t size = 4 * of->in.size;
  shareable__pyvalue *nodes = reallocarray(NULL, size, sizeof *nodes);

  end_reply(of);
  of->in = nodes == NULL ? shareable__pyvalue_arena_in(of->few, FEW_NODES) : shareable__pyvalue_arena_in(nodes, size);
  return nodes != NULL;
}

static shareable_status read_reply(shareable_manager *manager, const unsigned char *message, size_t length, reply *of) {
  shareable__pickle_result unpickled;
  uint32_t root;
  size_t at;

  while ((unpickled = shareable__pickle_decode(&of->in, message, length, &root, &at)) == SHAREABLE__PICKLE_NO_SPACE)
    if (!grow(of))
      return shareable__manager_fail_memory(manager->wire.error);
  if (unpickled != SHAREABLE__PICKLE_OK || !shareable__reply_read(&of->in, root, &of->kind, &of->value))
    return fail_strange(manager);
  return SHAREABLE_OK;
}

static bool is_return(const reply *of) {
  return shareable__pyvalue_is_text(of->kind, SHAREABLE__RETURN);
}

/* The answer to a request, whatever it is. */
static shareable_status exchange(shareable_manager *manager, const char *method, const char *argument, reply *of) {
  shareable__pyvalue nodes[SHAREABLE__REQUEST_NODES];
  shareable__pyvalue_arena in = shareable__pyvalue_arena_in(nodes, SHAREABLE__REQUEST_NODES);
  unsigned char frame[512];
  size_t size = shareable__frame(&in, shareable__request_make(&in, method, argument), frame, sizeof frame), length;
  const unsigned char *message;
  shareable_status status = shareable__connection_send(&manager->wire, frame, size);

  of->in = shareable__pyvalue_arena_in(of->few, FEW_NODES);
  if (status == SHAREABLE_OK)
    status = shareable__connection_receive(&manager->wire, SHAREABLE__REPLY_MAX, &message, &length);
  return status == SHAREABLE_OK ? read_reply(manager, message, length, of) : status;
}

/* The connection. */

static shareable_status connect_once(shareable_manager *manager) {
  shareable_status status;

  shareable__connection_close(&manager->wire);
  status = shareable__connection_open(&manager->wire, &manager->address);
  return status == SHAREABLE_OK ? shareable__connection_authenticate(&manager->wire, &manager->key) : status;
}

static shareable_status fail_cut_off(shareable_manager *manager) {
  return shareable__fail(manager->wire.error, SHAREABLE_E_NO_MANAGER, 0,
                         "the manager at %s closes connections before the handshake is complete: it may have too many",
                         manager->text);
}

/* Shows the key, and asks whether the connection is kept. */
static shareable_status greet_and_keep(shareable_manager *manager) {
  shareable_status status = shareable__connection_authenticate(&manager->wire, &manager->key);
  reply of;

  if (status != SHAREABLE_OK)
    return status;
  status = exchange(manager, "keep_connection", NULL, &of);
  manager->keeps = status == SHAREABLE_OK && is_return(&of);
  end_reply(&of);
  return status;
}

/* *is_cut_off receives whether there was a connection, and the other end closed it. */
static shareable_status keep_once(shareable_manager *manager, bool *is_cut_off) {
  shareable_status status;

  shareable__connection_close(&manager->wire);
  status = shareable__connection_open(&manager->wire, &manager->address);
  *is_cut_off = false;
  if (status != SHAREABLE_OK)
    return status;
  status = greet_and_keep(manager);
  *is_cut_off = status == SHAREABLE_E_NO_MANAGER;
  return status;
}

/*
 * A manager with too many strangers may close the connection of a client before it knows that the client has the key. On local
 * sockets, other users do not get as far.
 */
static shareable_status keep_in_time(shareable_manager *manager) {
  useconds_t pause = FIRST_PAUSE_US;
  bool is_cut_off, was_cut_off = false;
  shareable_status status = keep_once(manager, &is_cut_off);

  while (is_cut_off && manager->address.any.sa_family == AF_INET && shareable__now() < manager->wire.deadline) {
    usleep(pause);
    pause = 2 * pause < LAST_PAUSE_US ? 2 * pause : LAST_PAUSE_US;
    status = keep_once(manager, &is_cut_off);
    was_cut_off = true;
  }
  if (status != SHAREABLE_OK && was_cut_off && shareable__now() >= manager->wire.deadline)
    return fail_cut_off(manager);
  return status;
}

shareable_status shareable__manager_negotiate_keepalive(shareable_manager *manager) {
  shareable_status status = keep_in_time(manager);

  if (status != SHAREABLE_OK || !manager->keeps)
    shareable__connection_close(&manager->wire);
  return status;
}

/* A connection on which a request can be made. */
static shareable_status need_connection(shareable_manager *manager) {
  shareable_status status = SHAREABLE_OK;

  if (manager->wire.fd >= 0 && shareable__connection_is_idle(&manager->wire))
    return SHAREABLE_OK;
  if (manager->keeps)
    status = shareable__manager_negotiate_keepalive(manager);
  if (status == SHAREABLE_OK && !manager->keeps)
    status = connect_once(manager);
  return status;
}

/* More than a sentence has room for. */
#define MOST_OF_A_LINE 1000

/* The last line of a traceback, which says what went wrong; nothing of what is none. */
static void last_line(const shareable__pyvalue *text, const char **line, int *length) {
  const char *all = text->type == SHAREABLE__PY_STR ? text->text : "";
  size_t end = text->type == SHAREABLE__PY_STR ? text->length : 0, start;

  while (end > 0 && all[end - 1] == '\n')
    end--;
  for (start = end; start > 0 && all[start - 1] != '\n';)
    start--;
  *line = all + start;
  *length = end - start > MOST_OF_A_LINE ? MOST_OF_A_LINE : (int)(end - start);
}

static bool begins(const char *line, int length, const char *start) {
  return (size_t)length >= strlen(start) && memcmp(line, start, strlen(start)) == 0;
}

static shareable_status fail_remote(shareable_manager *manager, const reply *of) {
  shareable_status status = SHAREABLE_E_REMOTE;
  const char *line;
  int length;

  last_line(of->value, &line, &length);
  if (begins(line, length, "FileNotFoundError"))
    status = SHAREABLE_E_NOT_FOUND;
  else if (begins(line, length, "ValueError: list.remove"))
    status = SHAREABLE_E_ABSENT;
  return shareable__fail(manager->wire.error, status, 0, "the manager at %s answers: %.*s", manager->text, length,
                         line);
}

shareable_status shareable__manager_call_locked(shareable_manager *manager, const char *method, const char *argument,
                                                shareable__manager_reply_handler *look, void *into) {
  shareable_status status = need_connection(manager);
  reply of;

  if (status != SHAREABLE_OK) {
    shareable__connection_close(&manager->wire);
    return status;
  }
  status = exchange(manager, method, argument, &of);
  if (status != SHAREABLE_OK)
    shareable__connection_close(&manager->wire);
  else if (!is_return(&of))
    status = fail_remote(manager, &of);
  else if (look != NULL)
    status = look(&of.in, of.value, into, manager->wire.error);
  end_reply(&of);
  return status;
}

/* How many turns give the processor away; each one after them sleeps. */
#define YIELDING_TURNS 64
#define NAP_NS INT64_C(50000)

/* Waits for the thread that takes over. One of a higher real-time priority would get its processor back at each yield. */
static void pause_a_turn(unsigned turn) {
  if (turn < YIELDING_TURNS)
    sched_yield();
  else
    shareable__sleep(NAP_NS);
}

/* After a fork, the connection is the parent's, and who held the lock there may not be here. One thread sees to that. */
static void steal_lock(shareable_manager *manager) {
  pid_t self = getpid(), user = atomic_load(&manager->user);
  unsigned turn = 0;

  while (user != self) {
    if (user != 0 && atomic_compare_exchange_strong(&manager->user, &user, 0)) {
      pthread_mutex_init(&manager->lock, NULL);
      shareable__connection_close(&manager->wire);
      atomic_store(&manager->user, self);
    } else {
      pause_a_turn(turn++);
    }
    user = atomic_load(&manager->user);
  }
}

shareable_status shareable__manager_lock(shareable_manager *manager, shareable_error *error) {
  int cancel_state;

  if (manager == NULL)
    return shareable__fail(error, SHAREABLE_E_CLOSED, 0, "there is no handle");
  steal_lock(manager);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state); /* a cancelled thread would keep the lock */
  pthread_mutex_lock(&manager->lock);
  manager->cancel_state = cancel_state;
  manager->wire.error = error;
  manager->wire.deadline = shareable__deadline(shareable__manager_timeout_ns);
  return SHAREABLE_OK;
}

void shareable__manager_unlock(shareable_manager *manager) {
  int cancel_state = manager->cancel_state;

  if (!manager->keeps)
    shareable__connection_close(&manager->wire);
  manager->wire.error = NULL;
  pthread_mutex_unlock(&manager->lock);
  pthread_setcancelstate(cancel_state, NULL);
}

shareable_status shareable__manager_call(shareable_manager *manager, const char *method, const char *argument,
                                         shareable__manager_reply_handler *look, void *into, shareable_error *error) {
  shareable_status status = shareable__manager_lock(manager, error);

  if (status != SHAREABLE_OK)
    return status;
  if (manager->is_down)
    status = shareable__fail(error, SHAREABLE_E_CLOSED, 0, "the manager at %s was shut down", manager->text);
  else
    status = shareable__manager_call_locked(manager, method, argument, look, into);
  shareable__manager_unlock(manager);
  return status;
}
