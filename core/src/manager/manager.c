/*
 * manager.c - creates, connects, shuts down and frees a manager's handle.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "manager/manager_call.h"
#include "shm/control_socket.h"

/* The time that a manager has to exit after a shutdown, in nanoseconds. */
#define SHUTDOWN_TIMEOUT_NS INT64_C(1000000000)
#define KEY_MAX 65536
/* The size of a generated key. */
#define GENERATED_KEY_SIZE 32

static void dispose(shareable_manager *manager) {
  shareable__connection_close(&manager->connection);
  if (manager->key.bytes != NULL)
    explicit_bzero((void *)manager->key.bytes, manager->key.size);
  free((void *)manager->key.bytes);
  pthread_mutex_destroy(&manager->lock);
  free(manager);
}

/* Returns 0 or an errno. */
static int copy_or_generate_key(shareable_manager *manager, const void *bytes, size_t size) {
  void *copy;

  if (bytes == NULL)
    size = GENERATED_KEY_SIZE;
  copy = malloc(size + 1);
  if (copy == NULL)
    return ENOMEM;
  manager->key = (shareable__key){copy, size, true};
  if (bytes == NULL)
    return shareable__random(copy, size);
  memcpy(copy, bytes, size);
  /* cppcheck-suppress memleak; the key owns the copy */
  return 0;
}

static shareable_status allocate(shareable_manager **result, const void *authkey, size_t size, shareable_error *error) {
  shareable_manager *manager;
  int errnum;

  if (size > KEY_MAX)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the key has %zu bytes: the maximum is %d", size, KEY_MAX);
  if (authkey != NULL && size == 0)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the key is empty: it must have at least 1 byte");
  manager = calloc(1, sizeof *manager);
  if (manager == NULL)
    return shareable__fail(error, SHAREABLE_E_NO_MEMORY, 0, "no memory for a manager handle");
  atomic_init(&manager->references, 1);
  atomic_init(&manager->connection_pid, getpid());
  pthread_mutex_init(&manager->lock, NULL);
  manager->connection.fd = manager->spawned.lifeline = -1;
  manager->connection.address_text = manager->text;
  manager->keepalive = true;
  errnum = copy_or_generate_key(manager, authkey, size);
  if (errnum != 0) {
    dispose(manager);
    return shareable__fail_errno(error, errnum, "cannot create the key of a manager");
  }
  *result = manager;
  return SHAREABLE_OK;
}

static shareable_status parse_address(shareable__address *address, const char *text, shareable_error *error) {
  if (shareable__address_parse(address, text))
    return SHAREABLE_OK;
  return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0,
                         "'%s' is not an address: use a path of up to 107 bytes that contains a '/', @NAME, or "
                         "HOST:PORT with an IPv4 address",
                         text);
}

shareable_status shareable_manager_start(shareable_manager **result, const char *address, const void *authkey,
                                         size_t authkey_size, shareable_error *error) {
  shareable_status status = SHAREABLE_OK;
  shareable__address parsed;
  shareable_manager *manager;
  int cancel_state;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the pointer for the handle is NULL");
  if (address != NULL)
    status = parse_address(&parsed, address, error);
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
  shareable__address_format(&manager->address, manager->text);
  manager->has_own_directory = address == NULL;
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
  shareable__address parsed;
  shareable_manager *manager;
  shareable_status status;

  if (result == NULL || address == NULL || authkey == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "the %s is NULL",
                           result == NULL    ? "pointer for the handle"
                           : address == NULL ? "address"
                                             : "key");
  status = parse_address(&parsed, address, error);
  if (status == SHAREABLE_OK)
    status = allocate(&manager, authkey, authkey_size, error);
  if (status != SHAREABLE_OK)
    return status;
  manager->address = parsed;
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

/* Shutting down. */

static bool is_own_child(const shareable_manager *manager) {
  return manager->spawned.pid != 0 && manager->spawned.parent == getpid();
}

/* Removes the sockets that a killed manager left, and the directory that it created. */
static void remove_sockets(shareable_manager *manager) {
  char path[SHAREABLE__ADDRESS_TEXT];

  if (!WIFSIGNALED(manager->spawned.wait_status))
    return;
  shareable__control_socket_remove_stale(geteuid(), manager->spawned.pid);
  if (!manager->has_own_directory)
    return;
  strcpy(path, manager->text);
  unlink(path);
  *strrchr(path, '/') = '\0';
  rmdir(path);
}

/* Waits for a manager that this process started, and kills it if it does not exit. */
static shareable_status reap_process(shareable_manager *manager, shareable_error *error) {
  bool has_exited;

  shareable__connection_close(&manager->connection);
  has_exited = shareable__manager_reap(&manager->spawned, SHUTDOWN_TIMEOUT_NS);
  remove_sockets(manager);
  if (has_exited)
    return SHAREABLE_OK;
  return shareable__fail(
    error, SHAREABLE_E_TIMED_OUT, 0,
    "the manager at %s did not exit within %d s of SIGTERM and was killed: its blocks may be left, see 'shareable gc'",
    manager->text, (int)(SHUTDOWN_TIMEOUT_NS / 1000000000));
}

/* Does not call a manager that has ended: another one may have its address. */
static shareable_status shut_down(shareable_manager *manager, shareable_error *error) {
  shareable_status status;

  if (is_own_child(manager) && shareable__manager_wait_for_end(&manager->spawned, 0))
    return reap_process(manager, error);
  if (is_own_child(manager)) {
    manager->connection.error = NULL;
    manager->connection.deadline = shareable__deadline(SHUTDOWN_TIMEOUT_NS);
  }
  status = shareable__manager_call_locked(manager, "shutdown", NULL, NULL, NULL);
  if (is_own_child(manager))
    return reap_process(manager, error);
  if (status == SHAREABLE_OK) {
    manager->connection.deadline = shareable__deadline(SHUTDOWN_TIMEOUT_NS);
    shareable__connection_wait_for_close(&manager->connection);
  }
  shareable__connection_close(&manager->connection);
  return status;
}

shareable_status shareable_manager_shutdown(shareable_manager *manager, shareable_error *error) {
  shareable_status status = shareable__manager_lock(manager, error);

  if (status != SHAREABLE_OK)
    return status;
  if (!manager->is_shut_down)
    status = shut_down(manager, error);
  if (status == SHAREABLE_OK || manager->spawned.parent == getpid())
    manager->is_shut_down = true;
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
  if (is_own_child(manager))
    shareable_manager_shutdown(manager, NULL);
  shareable__manager_close_lifeline(&manager->spawned);
  dispose(manager);
}
