/*
 * managers.c - operations on managers: start, connect, call and shut down, and checks of what may
 * have changed.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manager/manager_call.h"
#include "operations.h"

#define KEY "secret", 6

static shareable_status start_one(world *w) {
  return shareable_manager_start(&w->manager, NULL, NULL, 0, &w->error);
}

static void check_no_child(world *w, shareable_status status) {
  (void)w;
  if (status != SHAREABLE_OK)
    need(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a process remains");
}

static void prepare_manager(world *w) {
  must(start_one(w), w->error.message);
}

static void drop_manager(world *w) {
  shareable_manager_unref(w->manager);
}

static shareable_status shut_down(world *w) {
  return shareable_manager_shutdown(w->manager, &w->error);
}

static shareable_status connect_one(world *w) {
  return shareable_manager_connect(&w->manager, w->address, KEY, &w->error);
}

/*
 * The function connects again until its timeout. If a call is to fail, the timeout is half a second
 * here, because that run would take the usual ten seconds.
 */
static shareable_status connect_by_tcp(world *w) {
  int64_t usual = shareable__manager_timeout_ns;
  shareable_status status;

  if (w->has_failures)
    shareable__manager_timeout_ns = usual / 20;
  status = shareable_manager_connect(&w->manager, w->tcp, KEY, &w->error);
  shareable__manager_timeout_ns = usual;
  return status;
}

/* A handle that did not start the manager: dropping it does not end the manager. */
static void prepare_another(world *w) {
  const void *key;
  size_t size;

  must(shareable_manager_start(&w->another, NULL, NULL, 0, &w->error), w->error.message);
  key = shareable_manager_authkey(w->another, &size);
  must(shareable_manager_connect(&w->manager, shareable_manager_address(w->another), key, size, &w->error),
       w->error.message);
}

static void prepare_killed(world *w) {
  prepare_manager(w);
  kill((pid_t)shareable_manager_pid(w->manager), SIGKILL);
  must(shareable_manager_wait(w->manager, -1, NULL, &w->error), w->error.message);
}

static void remove_control_sockets_in(const char *folder, int64_t pid) {
  DIR *entries = opendir(folder);
  const struct dirent *entry;
  char prefix[40], record[40];

  if (entries == NULL)
    return;
  snprintf(prefix, sizeof prefix, "manager-%" PRId64 "-", pid);
  snprintf(record, sizeof record, "folder-%" PRId64 "-", pid);
  while ((entry = readdir(entries)) != NULL)
    if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 || strncmp(entry->d_name, record, strlen(record)) == 0)
      unlinkat(dirfd(entries), entry->d_name, 0);
  closedir(entries);
  rmdir(folder);
}

/* Removes the sockets by which `shareable manager` finds the manager with that pid, and the records of its folder. */
static void remove_control_sockets(int64_t pid) {
  remove_control_sockets_in("/run/user/0/shareable-managers", pid);
  remove_control_sockets_in("/run/shareable-managers", pid);
  remove_control_sockets_in("/dev/shm/.shareable-0", pid);
}

/* If the shutdown could not remove the sockets, this does. */
static void drop_killed(world *w) {
  char path[200];

  remove_control_sockets(shareable_manager_pid(w->manager));
  snprintf(path, sizeof path, "%s", shareable_manager_address(w->manager));
  drop_manager(w);
  unlink(path);
  *strrchr(path, '/') = '\0';
  rmdir(path);
}

static void drop_another(world *w) {
  drop_manager(w);
  shareable_manager_unref(w->another);
}

/* Runs in a child of fork(): dropping the handle there does not end the manager. */
static shareable_status drop_in_child(world *w) {
  pid_t child = fork();
  int state;

  if (child == 0) {
    shareable_manager_unref(w->manager);
    _exit(0);
  }
  need(waitpid(child, &state, 0) == child && state == 0, "the child failed");
  return SHAREABLE_OK;
}

static void prepare_connection(world *w) {
  must(connect_one(w), w->error.message);
}

static shareable_status manager_memory(world *w) {
  return shareable_manager_create_memory(w->manager, &w->memory, 100, &w->error);
}

static void release_memory(world *w) {
  must(shareable_manager_release(w->manager, shareable_memory_name(w->memory), &w->error), w->error.message);
  shareable_memory_unref(w->memory);
}

static shareable_status manager_list(world *w) {
  fill(w);
  return shareable_manager_create_list(w->manager, &w->list, w->items, ITEMS, 0, &w->error);
}

static void release_list(world *w) {
  must(shareable_manager_release(w->manager, shareable_memory_name(shareable_list_memory(w->list)), &w->error),
       w->error.message);
  shareable_list_unref(w->list);
}

static shareable_status track(world *w) {
  return shareable_manager_track(w->manager, w->name, &w->error);
}

static void untrack(world *w) {
  shareable_manager_release(w->manager, w->name, NULL); /* there is no such block */
}

static void prepare_many_names(world *w) {
  prepare_connection(w);
  for (int i = 0; i < 100; i++)
    must(track(w), w->error.message);
}

static void end_names(world *w) {
  for (int i = 0; i < 100; i++)
    untrack(w);
  drop_manager(w);
}

static shareable_status names(world *w) {
  static char buffer[10000];
  size_t length;

  return shareable_manager_names(w->manager, buffer, sizeof buffer, &length, &w->error);
}

static void prepare_tracked_block(world *w) {
  prepare_connection(w);
  prepare_block(w);
  must(track(w), w->error.message);
}

static shareable_status release(world *w) {
  return shareable_manager_release(w->manager, w->name, &w->error);
}

static void track_again(world *w) {
  recreate_block(w);
  must(track(w), w->error.message);
}

static void end_tracked_block(world *w) {
  untrack(w);
  end_block(w);
  drop_manager(w);
}

pid_t start_manager(const char *address, char listening[200]) {
  int done[2];
  pid_t child;

  if (pipe(done) != 0 || (child = fork()) < 0)
    return -1;
  if (child == 0) {
    shareable_error error;
    shareable_manager *manager;

    /* Without a reaper, this manager has no ownership log, which would remain after each run. */
    setenv("SHAREABLE_REAPER", "/nowhere", 1);
    if (shareable_manager_start(&manager, address, KEY, &error) != SHAREABLE_OK) {
      fprintf(stderr, "%s\n", error.message);
      _exit(1);
    }
    remove_control_sockets(shareable_manager_pid(manager)); /* the directory must be empty after each run */
    snprintf(listening, 200, "%s", shareable_manager_address(manager));
    (void)!write(done[1], listening, 200);
    close(done[0]);
    close(done[1]);
    for (;;)
      pause();
  }
  close(done[1]);
  if (read(done[0], listening, 200) != 200)
    child = -1;
  close(done[0]);
  return child;
}

ANSWERS(starting, E(NOT_FOUND), E(PERMISSION), E(NO_MANAGER), E(NO_MEMORY), E(SYSTEM));
ANSWERS(calling, E(NO_MANAGER), E(PERMISSION), E(TIMED_OUT), E(NO_MEMORY), E(SYSTEM), E(NO_SPACE), E(EXISTS));
ANSWERS(shut, E(NO_MANAGER), E(CLOSED));
ANSWERS(gone, E(NOT_FOUND), E(ABSENT));

#define CALL .finish = drop_manager, .allowed = calling, .leaves = CONNECTS
#define CREATE .finish = drop_manager, .allowed = calling, .leaves = CONNECTS | OWNS

const operation managers_operations[] = {
  {"start a manager", NULL, start_one, .undo = drop_manager, .check = check_no_child, .allowed = starting},
  {"shut down a manager", prepare_manager, shut_down, .finish = drop_manager, .allowed = calling, .leaves = CONNECTS},
  {"shut down a killed manager", prepare_killed, shut_down, .finish = drop_killed, .allowed = calling,
   .leaves = CONNECTS},
  {"shut down a manager of another process", prepare_another, shut_down, .finish = drop_another, .allowed = calling,
   .again = shut, .leaves = CONNECTS},
  {"drop a manager in a child", prepare_manager, drop_in_child, .finish = drop_manager},
  {"connect to a manager by TCP", NULL, connect_by_tcp, .undo = drop_manager, .allowed = calling},
  {"connect to a manager", NULL, connect_one, .undo = drop_manager, .allowed = calling},
  {"create a block of a manager", prepare_connection, manager_memory, CREATE, .undo = release_memory},
  {"create a list of a manager", prepare_connection, manager_list, CREATE, .undo = release_list},
  {"track a name", prepare_connection, track, CALL, .undo = untrack},
  {"release a block", prepare_tracked_block, release, .undo = track_again, .finish = end_tracked_block,
   .allowed = calling, .again = gone, .leaves = CONNECTS | REMOVES},
  {"get many names", prepare_many_names, names, .finish = end_names, .allowed = calling, .leaves = CONNECTS},
  {0}};
