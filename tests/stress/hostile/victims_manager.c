/*
 * victims_manager.c - processes that start a manager and use it while attackers connect to its
 * socket.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "board.h"
#include "victims.h"

/*
 * A client with the key must succeed within two seconds, although the manager has few descriptors
 * and many other peers.
 */
enum { MANAGER_LIMIT = 2, DESCRIPTORS = 40 };

static shareable_status use_manager(const char *address, const void *key, size_t key_size, shareable_error *error) {
  shareable_manager *client = NULL;
  shareable_memory *block = NULL;
  shareable_status status = shareable_manager_connect(&client, address, key, key_size, error);

  if (status == SHAREABLE_OK)
    status = shareable_manager_create_memory(client, &block, 4096, error);
  if (status == SHAREABLE_OK)
    status = shareable_manager_release(client, shareable_memory_name(block), error);
  shareable_memory_unref(block);
  shareable_manager_unref(client);
  return status;
}

/* A client that is rejected tries again until the limit. */
static void try_manager(const char *address, const void *key, size_t key_size) {
  shareable_error error = {0};
  shareable_status status;
  uint64_t begun = clock_now();
  char action[60];

  snprintf(action, sizeof action, "using the manager at %s", address);
  call_begin(action, MANAGER_LIMIT);
  while ((status = use_manager(address, key, key_size, &error)) != SHAREABLE_OK && status != SHAREABLE_E_NO_SPACE &&
         clock_now() - begun < MANAGER_LIMIT * UINT64_C(1000000000))
    sleep_us(10000);
  call_end();
  expect(status, action, &error);
}

/*
 * If this process was killed before, its old manager may still use the address for up to a second.
 */
static shareable_manager *start_manager(const char *address) {
  shareable_manager *manager = NULL;
  shareable_error error = {0};
  shareable_status status;
  uint64_t begun = clock_now();

  do
    status = shareable_manager_start(&manager, address, NULL, 0, &error);
  while (status == SHAREABLE_E_NO_MANAGER && clock_now() - begun < 5 * UINT64_C(1000000000));
  expect(status, "starting a manager", &error);
  return manager;
}

static void use_managers(const char *address) {
  const struct rlimit few = {DESCRIPTORS, DESCRIPTORS};
  shareable_manager *manager;
  size_t key_size;
  const void *key;

  setrlimit(RLIMIT_NOFILE, &few);
  manager = start_manager(address);
  key = shareable_manager_authkey(manager, &key_size);
  while (manager != NULL && !shared->stop) {
    try_manager(address, key, key_size);
    sleep_us(random_below(20000));
  }
  shareable_manager_unref(manager);
}

void use_abstract_manager(void) {
  use_managers(ABSTRACT_ADDRESS);
}

void use_tcp_manager(void) {
  use_managers(TCP_ADDRESS);
}
