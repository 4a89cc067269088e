/*
 * manager_spawn.c - the process of a manager: how it is started, and how it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/platform.h"
#include "base/spawn.h"
#include "manager/manager.h"

/* Where the program finds its descriptors. */
#define KEY_FD 0
#define ADDRESS_FD 1
#define LIFELINE_FD 3

#define FIRST_PAUSE_US 50
#define LAST_PAUSE_US 5000

/* The two ends of what is between the processes: ours first. */
typedef struct pipes {
  int key[2], address[2], lifeline[2];
} pipes;

static void close_end(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static void close_pair(int pair[2]) {
  close_end(&pair[0]);
  close_end(&pair[1]);
}

static void close_pipes(pipes *of) {
  close_pair(of->key);
  close_pair(of->address);
  close_pair(of->lifeline);
}

/* Above those that the program is to find: this process may have closed its standard streams. */
static bool raise_end(int *fd) {
  int raised;

  if (*fd > LIFELINE_FD)
    return true;
  raised = fcntl(*fd, F_DUPFD_CLOEXEC, LIFELINE_FD + 1);
  if (raised < 0)
    return false;
  close(*fd);
  *fd = raised;
  return true;
}

static bool raise_pair(int pair[2]) {
  return raise_end(&pair[0]) && raise_end(&pair[1]);
}

static bool open_pipe(int pair[2]) {
  return pipe2(pair, O_CLOEXEC) == 0 && raise_pair(pair);
}

/* The key's are sockets, so that to send it to somebody who has died is no signal. */
static bool open_pipes(pipes *of) {
  int ours;

  *of = (pipes){{-1, -1}, {-1, -1}, {-1, -1}};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, of->key) != 0 || !raise_pair(of->key) ||
      !open_pipe(of->address) || !open_pipe(of->lifeline))
    return false;
  ours = of->lifeline[1]; /* the one that is written to */
  of->lifeline[1] = of->lifeline[0];
  of->lifeline[0] = ours;
  return true;
}

#if SHAREABLE__CLOSEFROM
static int close_others(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
#else
/* Each that is open now: one that another thread opens meanwhile, without O_CLOEXEC, is the program's too. */
static int close_others(posix_spawn_file_actions_t *actions, int first) {
  DIR *open_ones = shareable__opendirat(AT_FDCWD, "/dev/fd");
  const struct dirent *entry;
  int result = 0;

  if (open_ones == NULL)
    return errno;
  while (result == 0 && (entry = readdir(open_ones)) != NULL) {
    int fd = atoi(entry->d_name);

    if (fd >= first && fd != dirfd(open_ones))
      result = posix_spawn_file_actions_addclose(actions, fd);
  }
  closedir(open_ones);
  return result;
}
#endif

static int add_actions(posix_spawn_file_actions_t *actions, const pipes *of) {
  int result = posix_spawn_file_actions_adddup2(actions, of->key[1], KEY_FD);

  if (result == 0)
    result = posix_spawn_file_actions_adddup2(actions, of->address[1], ADDRESS_FD);
  if (result == 0)
    result = posix_spawn_file_actions_adddup2(actions, of->lifeline[1], LIFELINE_FD);
  if (result == 0)
    result = close_others(actions, LIFELINE_FD + 1);
  return result;
}

static const char *program(void) {
  return shareable__spawn_path("SHAREABLE_MANAGER", SHAREABLE_MANAGER_PROGRAM);
}

/* An errno. */
static int spawn(pid_t *process, const char *address, const pipes *of) {
  char key[12], told[12], lifeline[12], owner[24];
  const char *arguments[] = {
    "shareable-manager", "--authkey-fd", key,         "--address-fd", told, "--lifeline-fd", lifeline,
    "--owner",           owner,          "--address", address,        NULL};
  posix_spawn_file_actions_t actions;
  int result;

  snprintf(key, sizeof key, "%d", KEY_FD);
  snprintf(told, sizeof told, "%d", ADDRESS_FD);
  snprintf(lifeline, sizeof lifeline, "%d", LIFELINE_FD);
  snprintf(owner, sizeof owner, "%ld", (long)getpid());
  if (address == NULL)
    arguments[9] = NULL;
  if (posix_spawn_file_actions_init(&actions) != 0)
    return ENOMEM;
  result = add_actions(&actions, of);
  if (result == 0)
    result = shareable__spawn(process, program(), &actions, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

static bool send_key(int fd, const shareable__key *key) {
  const char *bytes = key->bytes;
  size_t left = key->size;

  while (left > 0) {
    ssize_t count = send(fd, bytes, left, MSG_NOSIGNAL);

    if (count < 0 && errno != EINTR)
      return false;
    bytes += count < 0 ? 0 : count;
    left -= count < 0 ? 0 : (size_t)count;
  }
  return true;
}

/* More of the frame that says where it listens. */
static bool receive_some(int fd, int64_t deadline, unsigned char *bytes, size_t *have, size_t size) {
  ssize_t count;

  if (!shareable__connection_wait_for_events(fd, POLLIN, deadline))
    return false;
  count = read(fd, bytes + *have, size - *have);
  *have += count > 0 ? (size_t)count : 0;
  return count > 0 || (count < 0 && errno == EINTR);
}

/* False where the program ends, or is late, or says something else. */
static bool receive_address(int fd, int64_t deadline, shareable__address *where) {
  shareable__pyvalue nodes[8];
  shareable__pyvalue_arena in = shareable__pyvalue_arena_in(nodes, 8);
  unsigned char bytes[SHAREABLE__HANDSHAKE_MAX];
  size_t have = 0, head, length, at;
  uint32_t root;

  /* cppcheck-suppress uninitvar; none of the bytes is looked at but the first `have` */
  while (shareable__frame_parse(bytes, have, sizeof bytes - SHAREABLE__FRAME_HEADER_MAX, &head, &length) ==
         SHAREABLE__FRAME_INCOMPLETE)
    if (!receive_some(fd, deadline, bytes, &have, sizeof bytes))
      return false;
  return head > 0 && shareable__pickle_decode(&in, bytes + head, length, &root, &at) == SHAREABLE__PICKLE_OK &&
         shareable__address_from_pyvalue(where, &in, root);
}

/* Gives the program, which runs by now, its key, and has it say where it listens. */
static bool introduce(pipes *between, const shareable__key *key, int64_t deadline, shareable__address *where) {
  bool is_sent = send_key(between->key[0], key);

  close_end(&between->key[0]);
  return is_sent && receive_address(between->address[0], deadline, where);
}

static shareable_status start(shareable__spawned *spawned, const char *text, pipes *between, const shareable__key *key,
                              int64_t deadline, shareable__address *where, shareable_error *error) {
  int result = spawn(&spawned->process, text, between);

  close_end(&between->key[1]);
  close_end(&between->address[1]);
  if (result != 0) {
    spawned->process = 0;
    return shareable__fail_system(error, result, "cannot start %s", program());
  }
  if (introduce(between, key, deadline, where))
    return SHAREABLE_OK;
  kill(spawned->process, SIGTERM);
  shareable__manager_reap(spawned, 0);
  return shareable__fail(error, SHAREABLE_E_NO_MANAGER, 0, "%s did not begin to listen: it says why on standard error",
                         program());
}

shareable_status shareable__manager_spawn(shareable__spawned *spawned, const char *text, const shareable__key *key,
                                          int64_t deadline, shareable__address *where, shareable_error *error) {
  shareable_status status;
  pipes between;

  if (!open_pipes(&between) || !shareable__file_id_of(between.lifeline[0], &spawned->lifeline_id)) {
    status = shareable__fail_system(error, errno, "pipes to a manager");
  } else {
    status = start(spawned, text, &between, key, deadline, where, error);
    if (status == SHAREABLE_OK) {
      spawned->owner = getpid();
      spawned->lifeline = between.lifeline[0];
      between.lifeline[0] = -1;
    }
  }
  close_pipes(&between);
  return status;
}

void shareable__manager_drop_lifeline(shareable__spawned *spawned) {
  shareable__descriptor_close(&spawned->lifeline, &spawned->lifeline_id);
}

/* Whether it has ended by the deadline; if this process waits for any child elsewhere, that may have been told already. */
static bool has_ended(pid_t process, int64_t deadline) {
  useconds_t pause = FIRST_PAUSE_US;
  pid_t result;

  while ((result = waitpid(process, NULL, WNOHANG)) == 0 || (result < 0 && errno == EINTR)) {
    if (shareable__now() >= deadline)
      return false;
    usleep(pause);
    pause = 2 * pause < LAST_PAUSE_US ? 2 * pause : LAST_PAUSE_US;
  }
  return true;
}

bool shareable__manager_reap(shareable__spawned *spawned, int64_t patience) {
  pid_t process = spawned->process;
  bool was_killed = false;

  shareable__manager_drop_lifeline(spawned);
  if (!has_ended(process, shareable__deadline(patience))) {
    kill(process, SIGTERM);
    was_killed = !has_ended(process, shareable__deadline(patience == 0 ? INT64_C(1000000000) : patience));
  }
  if (was_killed) {
    kill(process, SIGKILL);
    has_ended(process, INT64_MAX);
  }
  spawned->process = 0;
  return !was_killed;
}
