/*
 * manager.c - the public handle of a manager, from its start to its end.
 */
#include "manager/manager.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"

/* How long it may take to end when it is asked to, in nanoseconds. */
#define END_NS INT64_C(1000000000)
/* Of a key that is made here. */
#define KEY_SIZE 32

int64_t shareable__manager_timeout_ns = INT64_C(10000000000);

static void dispose(shareable_manager *manager) {
  shareable__connection_close(&manager->wire);
  if (manager->key.bytes != NULL)
    explicit_bzero((void *)manager->key.bytes, manager->key.size);
  free((void *)manager->key.bytes);
  pthread_mutex_destroy(&manager->lock);
  free(manager);
}

/* An errno. */
static int make_key(shareable_manager *manager, const void *bytes, size_t size) {
  void *copy;

  if (bytes == NULL)
    size = KEY_SIZE;
  copy = malloc(size + 1);
  if (copy == NULL)
    return ENOMEM;
  manager->key = (shareable__key){copy, size, true};
  if (bytes == NULL)
    return shareable__random(copy, size);
  memcpy(copy, bytes, size);
  /* cppcheck-suppress memleak; the key has it */
  return 0;
}

static shareable_status allocate(shareable_manager **result, const void *authkey, size_t size, shareable_error *error) {
  shareable_manager *manager;
  int system;

  if (size > SHAREABLE__KEY_MAX)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "a key of %zu bytes; the most is %d", size,
                           SHAREABLE__KEY_MAX);
  if (authkey != NULL && size == 0)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "an empty key: a key has at least one byte");
  manager = calloc(1, sizeof *manager);
  if (manager == NULL)
    return shareable__manager_fail_memory(error);
  atomic_init(&manager->references, 1);
  atomic_init(&manager->user, getpid());
  pthread_mutex_init(&manager->lock, NULL);
  manager->wire.fd = manager->spawned.lifeline = -1;
  manager->wire.where = manager->text;
  manager->keeps = true;
  system = make_key(manager, authkey, size);
  if (system != 0) {
    dispose(manager);
    return shareable__fail_system(error, system, "cannot make a manager's key");
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
  int cancel_state;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no place was given for the handle");
  if (address != NULL)
    status = read_address(&asked, address, error);
  if (status == SHAREABLE_OK)
    status = allocate(&manager, authkey, authkey_size, error);
  if (status != SHAREABLE_OK)
    return status;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
  status = shareable__manager_spawn(&manager->spawned, address, &manager->key,
                                    shareable__deadline(shareable__manager_timeout_ns), &manager->address, error);
  pthread_setcancelstate(cancel_state, NULL);
  if (status != SHAREABLE_OK) {
    dispose(manager);
    return status;
  }
  shareable__address_write(&manager->address, manager->text);
  *result = manager;
  return SHAREABLE_OK;
}

static shareable_status connect_first(shareable_manager *manager, shareable_error *error) {
  shareable_status status = shareable__manager_lock(manager, error);

  if (status == SHAREABLE_OK)
    status = shareable__manager_negotiate_keepalive(manager);
  shareable__manager_unlock(manager);
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

/* The end. */

static bool is_ours(const shareable_manager *manager) {
  return manager->spawned.process != 0 && manager->spawned.owner == getpid();
}

/* Of a process of ours: gone it will be, whatever it answers. */
static shareable_status end_process(shareable_manager *manager, shareable_error *error) {
  shareable__connection_close(&manager->wire);
  if (shareable__manager_reap(&manager->spawned, END_NS))
    return SHAREABLE_OK;
  return shareable__fail(error, SHAREABLE_E_TIMED_OUT, 0,
                         "the manager at %s did not end, and was killed: blocks of its may be left", manager->text);
}

static shareable_status shut_down(shareable_manager *manager, shareable_error *error) {
  shareable_status status;

  if (is_ours(manager)) {
    manager->wire.error = NULL;
    manager->wire.deadline = shareable__deadline(END_NS);
  }
  status = shareable__manager_call_locked(manager, "shutdown", NULL, NULL, NULL);
  if (is_ours(manager))
    return end_process(manager, error);
  if (status == SHAREABLE_OK) {
    manager->wire.deadline = shareable__deadline(END_NS);
    shareable__connection_wait_for_close(&manager->wire);
  }
  shareable__connection_close(&manager->wire);
  return status;
}

shareable_status shareable_manager_shutdown(shareable_manager *manager, shareable_error *error) {
  shareable_status status = shareable__manager_lock(manager, error);

  if (status != SHAREABLE_OK)
    return status;
  if (!manager->is_down)
    status = shut_down(manager, error);
  if (status == SHAREABLE_OK || manager->spawned.owner == getpid())
    manager->is_down = true;
  shareable__manager_unlock(manager);
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
  shareable__manager_drop_lifeline(&manager->spawned);
  dispose(manager);
}
