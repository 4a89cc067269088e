/*
 * manager.c - the public handle of a manager: its one connection, and what is asked through it.
 */
#include "manager.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "error.h"
#include "list.h"
#include "name.h"
#include "patience.h"

/* How long it may take to end when it is asked to, in nanoseconds. */
#define END_NS INT64_C(1000000000)
/* Of a key that is made here. */
#define KEY_SIZE 32
/* Of a reply that is not a long list. */
#define FEW_NODES 64

int64_t shareable__manager_patience = INT64_C(10000000000);

/* What a reply is, and what it was read from. */
typedef struct reply {
  shareable__plains in;
  const shareable__plain *kind, *value;
  shareable__plain few[FEW_NODES];
} reply;

static void end_reply(reply *of) {
  if (of->in.nodes != of->few)
    free(of->in.nodes);
}

/* One request, on a connection that is open. */

static shareable_status fail_strange(shareable_manager *manager) {
  return shareable__fail(manager->wire.error, SHAREABLE_E_PROTOCOL, 0, "what the manager at %s answers is no reply",
                         manager->text);
}

static shareable_status fail_memory(shareable_error *error) {
  return shareable__fail(error, SHAREABLE_E_NO_MEMORY, 0, "no memory for a manager");
}

static bool grow(reply *of) {
  uint32_t size = 4 * of->in.size;
  shareable__plain *nodes = reallocarray(NULL, size, sizeof *nodes);

  end_reply(of);
  of->in = nodes == NULL ? shareable__plains_in(of->few, FEW_NODES) : shareable__plains_in(nodes, size);
  return nodes != NULL;
}

static shareable_status read_reply(shareable_manager *manager, const unsigned char *message, size_t length, reply *of) {
  shareable__unpickled unpickled;
  uint32_t root;
  size_t at;

  while ((unpickled = shareable__unpickle(&of->in, message, length, &root, &at)) == SHAREABLE__NO_ROOM)
    if (!grow(of))
      return fail_memory(manager->wire.error);
  if (unpickled != SHAREABLE__UNPICKLED || !shareable__reply_read(&of->in, root, &of->kind, &of->value))
    return fail_strange(manager);
  return SHAREABLE_OK;
}

static bool is_return(const reply *of) {
  return shareable__plain_is(of->kind, SHAREABLE__RETURN);
}

/* The answer to a request, whatever it is. */
static shareable_status exchange(shareable_manager *manager, const char *method, const char *argument, reply *of) {
  shareable__plain nodes[SHAREABLE__REQUEST_NODES];
  shareable__plains in = shareable__plains_in(nodes, SHAREABLE__REQUEST_NODES);
  unsigned char frame[512];
  size_t size = shareable__frame(&in, shareable__request_make(&in, method, argument), frame, sizeof frame), length;
  const unsigned char *message;
  shareable_status status = shareable__wire_send(&manager->wire, frame, size);

  of->in = shareable__plains_in(of->few, FEW_NODES);
  if (status == SHAREABLE_OK)
    status = shareable__wire_receive(&manager->wire, SHAREABLE__REPLY_MAX, &message, &length);
  return status == SHAREABLE_OK ? read_reply(manager, message, length, of) : status;
}

/* The connection. */

static shareable_status connect_once(shareable_manager *manager) {
  shareable_status status;

  shareable__wire_close(&manager->wire);
  status = shareable__wire_connect(&manager->wire, &manager->address);
  return status == SHAREABLE_OK ? shareable__wire_greet(&manager->wire, &manager->key) : status;
}

/*
 * Connects, and asks whether the connection is kept for more requests. A manager of CPython's does not know the question, and
 * closes.
 */
static shareable_status connect_and_keep(shareable_manager *manager) {
  shareable_status status = connect_once(manager);
  reply of;

  if (status != SHAREABLE_OK)
    return status;
  status = exchange(manager, "keep_connection", NULL, &of);
  manager->keeps = status == SHAREABLE_OK && is_return(&of);
  end_reply(&of);
  if (!manager->keeps)
    shareable__wire_close(&manager->wire);
  return status;
}

/* A connection on which a request can be made. */
static shareable_status need_connection(shareable_manager *manager) {
  shareable_status status = SHAREABLE_OK;

  if (manager->wire.fd >= 0 && shareable__wire_is_quiet(&manager->wire))
    return SHAREABLE_OK;
  if (manager->keeps)
    status = connect_and_keep(manager);
  if (status == SHAREABLE_OK && !manager->keeps)
    status = connect_once(manager);
  return status;
}

/* The last line of a traceback, which says what went wrong. */
static void last_line(const shareable__plain *text, const char **line, int *length) {
  size_t end = text->type == SHAREABLE__PLAIN_STR ? text->length : 0, start;

  while (end > 0 && text->text[end - 1] == '\n')
    end--;
  for (start = end; start > 0 && text->text[start - 1] != '\n';)
    start--;
  *line = text->text + start;
  *length = end - start > 300 ? 300 : (int)(end - start);
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

static shareable_status ask_locked(shareable_manager *manager, const char *method, const char *argument, reply *of) {
  shareable_status status = need_connection(manager);

  of->in.nodes = of->few;
  if (status == SHAREABLE_OK)
    status = exchange(manager, method, argument, of);
  if (status != SHAREABLE_OK)
    shareable__wire_close(&manager->wire);
  return status == SHAREABLE_OK && !is_return(of) ? fail_remote(manager, of) : status;
}

/* After a fork, the connection is the parent's, and who held the lock there may not be here. One thread sees to that. */
static void take_over(shareable_manager *manager) {
  pid_t self = getpid(), user = atomic_load(&manager->user);

  while (user != self) {
    if (user != 0 && atomic_compare_exchange_strong(&manager->user, &user, 0)) {
      pthread_mutex_init(&manager->lock, NULL);
      shareable__wire_close(&manager->wire);
      atomic_store(&manager->user, self);
    } else {
      sched_yield();
    }
    user = atomic_load(&manager->user);
  }
}

static shareable_status lock(shareable_manager *manager, int64_t timeout, shareable_error *error) {
  if (manager == NULL)
    return shareable__fail(error, SHAREABLE_E_CLOSED, 0, "there is no handle");
  take_over(manager);
  pthread_mutex_lock(&manager->lock);
  manager->wire.error = error;
  manager->wire.deadline = shareable__deadline(timeout);
  return SHAREABLE_OK;
}

static void unlock(shareable_manager *manager) {
  if (!manager->keeps)
    shareable__wire_close(&manager->wire);
  manager->wire.error = NULL;
  pthread_mutex_unlock(&manager->lock);
}

/* What came back is looked at before the connection is anybody else's. */
typedef shareable_status look(const reply *of, void *into, shareable_error *error);

static shareable_status ask(shareable_manager *manager, const char *method, const char *argument, look *then,
                            void *into, shareable_error *error) {
  shareable_status status = lock(manager, shareable__manager_patience, error);
  reply of;

  if (status != SHAREABLE_OK)
    return status;
  if (manager->is_down) {
    status = shareable__fail(error, SHAREABLE_E_CLOSED, 0, "the manager at %s was shut down", manager->text);
  } else {
    status = ask_locked(manager, method, argument, &of);
    if (status == SHAREABLE_OK && then != NULL)
      status = then(&of, into, error);
    end_reply(&of);
  }
  unlock(manager);
  return status;
}

/* The handle. */

static void dispose(shareable_manager *manager) {
  shareable__wire_close(&manager->wire);
  if (manager->key.bytes != NULL)
    explicit_bzero((void *)manager->key.bytes, manager->key.size);
  free((void *)manager->key.bytes);
  pthread_mutex_destroy(&manager->lock);
  free(manager);
}

static bool make_key(shareable_manager *manager, const void *bytes, size_t size) {
  void *copy;

  if (bytes == NULL)
    size = KEY_SIZE;
  copy = malloc(size + 1);
  if (copy == NULL)
    return false;
  manager->key = (shareable__key){copy, size, true};
  if (bytes == NULL)
    return getrandom(copy, size, 0) == (ssize_t)size;
  memcpy(copy, bytes, size);
  return true;
}

static shareable_status allocate(shareable_manager **result, const void *authkey, size_t size, shareable_error *error) {
  shareable_manager *manager;

  if (size > SHAREABLE__KEY_MAX)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "a key of %zu bytes; the most is %d", size,
                           SHAREABLE__KEY_MAX);
  manager = calloc(1, sizeof *manager);
  if (manager == NULL)
    return fail_memory(error);
  atomic_init(&manager->references, 1);
  atomic_init(&manager->user, getpid());
  pthread_mutex_init(&manager->lock, NULL);
  manager->wire.fd = manager->spawned.lifeline = -1;
  manager->wire.where = manager->text;
  manager->keeps = true;
  if (!make_key(manager, authkey, size)) {
    dispose(manager);
    return fail_memory(error);
  }
  *result = manager;
  return SHAREABLE_OK;
}

static shareable_status read_address(shareable__address *address, const char *text, shareable_error *error) {
  if (shareable__address_read(address, text))
    return SHAREABLE_OK;
  return shareable__fail(
    error, SHAREABLE_E_ARGUMENT, 0,
    "'%s' is no address: a path of up to 107 bytes with a '/', @NAME, or HOST:PORT with an IPv4 address", text);
}

shareable_status shareable_manager_start(shareable_manager **result, const char *address, const void *authkey,
                                         size_t authkey_size, shareable_error *error) {
  shareable_status status = SHAREABLE_OK;
  shareable__address asked;
  shareable_manager *manager;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no place was given for the handle");
  if (address != NULL)
    status = read_address(&asked, address, error);
  if (status == SHAREABLE_OK)
    status = allocate(&manager, authkey, authkey_size, error);
  if (status != SHAREABLE_OK)
    return status;
  status = shareable__manager_spawn(&manager->spawned, address, &manager->key,
                                    shareable__deadline(shareable__manager_patience), &manager->address, error);
  if (status != SHAREABLE_OK) {
    dispose(manager);
    return status;
  }
  shareable__address_write(&manager->address, manager->text);
  *result = manager;
  return SHAREABLE_OK;
}

static shareable_status connect_first(shareable_manager *manager, shareable_error *error) {
  shareable_status status = lock(manager, shareable__manager_patience, error);

  if (status == SHAREABLE_OK)
    status = connect_and_keep(manager);
  unlock(manager);
  return status;
}

shareable_status shareable_manager_connect(shareable_manager **result, const char *address, const void *authkey,
                                           size_t authkey_size, shareable_error *error) {
  shareable__address where;
  shareable_manager *manager;
  shareable_status status;

  if (result == NULL || address == NULL || authkey == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no %s given",
                           result == NULL    ? "place for the handle was"
                           : address == NULL ? "address was"
                                             : "key was");
  status = read_address(&where, address, error);
  if (status == SHAREABLE_OK)
    status = allocate(&manager, authkey, authkey_size, error);
  if (status != SHAREABLE_OK)
    return status;
  manager->address = where;
  strcpy(manager->text, address);
  status = connect_first(manager, error);
  if (status == SHAREABLE_OK)
    *result = manager;
  else
    dispose(manager);
  return status;
}

const char *shareable_manager_address(const shareable_manager *manager) {
  return manager == NULL ? NULL : manager->text;
}

const void *shareable_manager_authkey(const shareable_manager *manager, size_t *size) {
  if (size != NULL)
    *size = manager == NULL ? 0 : manager->key.size;
  return manager == NULL ? NULL : manager->key.bytes;
}

/* Blocks. */

static shareable_status ask_of_name(shareable_manager *manager, const char *method, const char *name,
                                    shareable_error *error) {
  const char *bare = shareable__name_bare(name);

  if (bare == NULL || !shareable__is_utf8(bare, strlen(bare)))
    return shareable__fail(error, SHAREABLE_E_NAME, 0, "%s, and a manager's is UTF-8",
                           shareable_status_text(SHAREABLE_E_NAME));
  return ask(manager, method, bare, NULL, NULL, error);
}

shareable_status shareable_manager_track(shareable_manager *manager, const char *name, shareable_error *error) {
  return ask_of_name(manager, "track_segment", name, error);
}

shareable_status shareable_manager_release(shareable_manager *manager, const char *name, shareable_error *error) {
  return ask_of_name(manager, "release_segment", name, error);
}

shareable_status shareable_manager_create_memory(shareable_manager *manager, shareable_memory **result, uint64_t size,
                                                 shareable_error *error) {
  shareable_memory *memory;
  shareable_status status;

  if (manager == NULL || result == NULL)
    return shareable__fail(error, manager == NULL ? SHAREABLE_E_CLOSED : SHAREABLE_E_ARGUMENT, 0,
                           "no manager, or no place for the handle, was given");
  status = shareable_memory_create(&memory, NULL, size, 0, 0, error);
  if (status != SHAREABLE_OK)
    return status;
  status = shareable_manager_track(manager, shareable_memory_name(memory), error);
  if (status != SHAREABLE_OK) {
    shareable_memory_unlink(memory, NULL);
    shareable_memory_unref(memory);
    return status;
  }
  *result = memory;
  return SHAREABLE_OK;
}

shareable_status shareable_manager_create_list(shareable_manager *manager, shareable_list **result,
                                               const shareable_value *values, size_t count, uint32_t flags,
                                               shareable_error *error) {
  shareable_list *list;
  shareable_status status;

  if (manager == NULL || result == NULL)
    return shareable__fail(error, manager == NULL ? SHAREABLE_E_CLOSED : SHAREABLE_E_ARGUMENT, 0,
                           "no manager, or no place for the handle, was given");
  status = shareable_list_create(&list, NULL, values, count, flags, 0, error);
  if (status != SHAREABLE_OK)
    return status;
  status = shareable_manager_track(manager, shareable_memory_name(shareable_list_memory(list)), error);
  if (status != SHAREABLE_OK) {
    shareable_list_unlink(list, NULL);
    shareable_list_unref(list);
    return status;
  }
  *result = list;
  return SHAREABLE_OK;
}

/* Where the names go. */
typedef struct names {
  char *buffer;
  size_t size, length;
} names;

static shareable_status fill(const reply *of, void *into, shareable_error *error) {
  names *to = into;

  if (of->value->type != SHAREABLE__PLAIN_LIST)
    return shareable__fail(error, SHAREABLE_E_PROTOCOL, 0, "the manager answers no list of names");
  for (uint32_t i = of->value->first; i != 0; i = of->in.nodes[i].next) {
    const shareable__plain *name = &of->in.nodes[i];

    if (name->type != SHAREABLE__PLAIN_STR)
      return shareable__fail(error, SHAREABLE_E_PROTOCOL, 0, "the manager answers a name that is no str");
    if (to->length < to->size && name->length < to->size - to->length) {
      memcpy(to->buffer + to->length, name->text, name->length);
      to->buffer[to->length + name->length] = '\0';
    }
    to->length += name->length + 1;
  }
  if (to->length > to->size)
    return shareable__fail(error, SHAREABLE_E_BUFFER, 0, "the names take %zu bytes, the buffer has %zu", to->length,
                           to->size);
  return SHAREABLE_OK;
}

shareable_status shareable_manager_names(shareable_manager *manager, char *buffer, size_t size, size_t *length,
                                         shareable_error *error) {
  names to = {buffer, size, 0};
  shareable_status status;

  if (buffer == NULL && size > 0)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no buffer was given");
  status = ask(manager, "list_segments", NULL, fill, &to, error);
  if (length != NULL && (status == SHAREABLE_OK || status == SHAREABLE_E_BUFFER))
    *length = to.length;
  return status;
}

/* The end. */

static bool is_ours(const shareable_manager *manager) {
  return manager->spawned.process != 0 && manager->spawned.owner == getpid();
}

/* Of a process of ours: gone it will be, whatever it answers. */
static shareable_status end_process(shareable_manager *manager, shareable_error *error) {
  shareable__wire_close(&manager->wire);
  if (shareable__manager_reap(&manager->spawned, END_NS))
    return SHAREABLE_OK;
  return shareable__fail(error, SHAREABLE_E_TIMED_OUT, 0,
                         "the manager at %s did not end, and was killed: blocks of its may be left", manager->text);
}

static shareable_status shut_down(shareable_manager *manager, shareable_error *error) {
  shareable_status status;
  reply of;

  if (is_ours(manager)) {
    manager->wire.error = NULL;
    manager->wire.deadline = shareable__deadline(END_NS);
  }
  status = ask_locked(manager, "shutdown", NULL, &of);
  end_reply(&of);
  if (is_ours(manager))
    return end_process(manager, error);
  if (status == SHAREABLE_OK) {
    manager->wire.deadline = shareable__deadline(END_NS);
    shareable__wire_await_end(&manager->wire);
  }
  shareable__wire_close(&manager->wire);
  return status;
}

shareable_status shareable_manager_shutdown(shareable_manager *manager, shareable_error *error) {
  shareable_status status = lock(manager, shareable__manager_patience, error);

  if (status != SHAREABLE_OK)
    return status;
  if (!manager->is_down)
    status = shut_down(manager, error);
  if (status == SHAREABLE_OK || manager->spawned.owner == getpid())
    manager->is_down = true;
  unlock(manager);
  return status;
}

shareable_manager *shareable_manager_ref(shareable_manager *manager) {
  if (manager != NULL)
    atomic_fetch_add(&manager->references, 1);
  return manager;
}

void shareable_manager_unref(shareable_manager *manager) {
  if (manager == NULL || atomic_fetch_sub(&manager->references, 1) != 1)
    return;
  if (is_ours(manager))
    shareable_manager_shutdown(manager, NULL);
  if (manager->spawned.lifeline >= 0)
    close(manager->spawned.lifeline);
  dispose(manager);
}
