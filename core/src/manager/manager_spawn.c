/*
 * manager_spawn.c - the process of a manager that this process starts.
 */
#include "manager/manager_spawn.h"

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
#include "base/program.h"
#include "base/spawn.h"
#include "manager/connection.h"

/* The numbers of the descriptors in the program. */
#define KEY_FD 0
#define ADDRESS_FD 1
#define LIFELINE_FD 3

#define RETRY_MIN_US 50
#define RETRY_MAX_US 5000

/*
 * The pipes between the processes. Element 0 is the end of this process, element 1 the end of the
 * program.
 */
struct pipes {
  int key[2], address[2], lifeline[2];
};

static void close_end(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static void close_pair(int pair[2]) {
  close_end(&pair[0]);
  close_end(&pair[1]);
}

static void close_pipes(struct pipes *pipes) {
  close_pair(pipes->key);
  close_pair(pipes->address);
  close_pair(pipes->lifeline);
}

/*
 * Moves the descriptor above those of the program, because this process may have closed its
 * standard streams.
 */
static bool move_above_stdio(int *fd) {
  int moved;

  if (*fd > LIFELINE_FD)
    return true;
  moved = fcntl(*fd, F_DUPFD_CLOEXEC, LIFELINE_FD + 1);
  if (moved < 0)
    return false;
  close(*fd);
  *fd = moved;
  return true;
}

static bool move_pair_above_stdio(int pair[2]) {
  return move_above_stdio(&pair[0]) && move_above_stdio(&pair[1]);
}

static bool open_pipe(int pair[2]) {
  return pipe2(pair, O_CLOEXEC) == 0 && move_pair_above_stdio(pair);
}

/* The key goes through a socket: if the program has died, send() fails without raising SIGPIPE. */
static bool open_pipes(struct pipes *pipes) {
  int write_end;

  *pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipes->key) != 0 || !move_pair_above_stdio(pipes->key) ||
      !open_pipe(pipes->address) || !open_pipe(pipes->lifeline))
    return false;
  write_end = pipes->lifeline[1];
  pipes->lifeline[1] = pipes->lifeline[0];
  pipes->lifeline[0] = write_end;
  return true;
}

#if SHAREABLE__CLOSEFROM
static int add_close_others(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
#else
/*
 * Closes the descriptors that are open now. The program inherits one that another thread opens
 * later without O_CLOEXEC.
 */
static int add_close_others(posix_spawn_file_actions_t *actions, int first) {
  DIR *directory = shareable__opendirat(AT_FDCWD, "/dev/fd");
  const struct dirent *entry;
  int result = 0;

  if (directory == NULL)
    return errno;
  while (result == 0 && (entry = readdir(directory)) != NULL) {
    int fd = atoi(entry->d_name);

    if (fd >= first && fd != dirfd(directory))
      result = posix_spawn_file_actions_addclose(actions, fd);
  }
  closedir(directory);
  return result;
}
#endif

static int add_actions(posix_spawn_file_actions_t *actions, const struct pipes *pipes) {
  int result = posix_spawn_file_actions_adddup2(actions, pipes->key[1], KEY_FD);

  if (result == 0)
    result = posix_spawn_file_actions_adddup2(actions, pipes->address[1], ADDRESS_FD);
  if (result == 0)
    result = posix_spawn_file_actions_adddup2(actions, pipes->lifeline[1], LIFELINE_FD);
  if (result == 0)
    result = add_close_others(actions, LIFELINE_FD + 1);
  return result;
}

static const char *program(void) {
  return shareable__program_path(SHAREABLE__MANAGER);
}

/* Returns 0 or an errno. */
static int spawn(pid_t *pid, const char *address, const struct pipes *pipes) {
  char key[12], address_fd[12], lifeline[12], owner[24];
  const char *arguments[] = {
    "shareable-manager", "--authkey-fd", key,         "--address-fd", address_fd, "--lifeline-fd", lifeline,
    "--owner",           owner,          "--address", address,        NULL};
  posix_spawn_file_actions_t actions;
  int result;

  snprintf(key, sizeof key, "%d", KEY_FD);
  snprintf(address_fd, sizeof address_fd, "%d", ADDRESS_FD);
  snprintf(lifeline, sizeof lifeline, "%d", LIFELINE_FD);
  snprintf(owner, sizeof owner, "%ld", (long)getpid());
  if (address == NULL)
    arguments[9] = NULL;
  if (posix_spawn_file_actions_init(&actions) != 0)
    return ENOMEM;
  result = add_actions(&actions, pipes);
  if (result == 0)
    result = shareable__spawn(pid, program(), &actions, arguments, environ);
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

/* Receives a part of the frame that contains the address. */
static bool receive_some(int fd, int64_t deadline, unsigned char *bytes, size_t *received, size_t size) {
  ssize_t count;

  if (!shareable__connection_wait_for_events(fd, POLLIN, deadline))
    return false;
  count = read(fd, bytes + *received, size - *received);
  *received += count > 0 ? (size_t)count : 0;
  return count > 0 || (count < 0 && errno == EINTR);
}

/* Returns false if the program exits, misses the deadline, or sends something else. */
static bool receive_address(int fd, int64_t deadline, shareable__address *listen_address) {
  shareable__pyvalue nodes[8];
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, 8);
  unsigned char bytes[SHAREABLE__HANDSHAKE_MAX];
  size_t received = 0, header_size, length, bad_offset;
  uint32_t root;

  /* cppcheck-suppress uninitvar; only the first `received` bytes are read */
  while (shareable__frame_parse(bytes, received, sizeof bytes - SHAREABLE__FRAME_HEADER_MAX, &header_size, &length) ==
         SHAREABLE__FRAME_INCOMPLETE)
    if (!receive_some(fd, deadline, bytes, &received, sizeof bytes))
      return false;
  return header_size > 0 &&
         shareable__pickle_decode(&arena, bytes + header_size, length, &root, &bad_offset) == SHAREABLE__PICKLE_OK &&
         shareable__address_from_pyvalue(listen_address, &arena, root);
}

/* Sends the key to the program, and receives the address that it listens at. */
static bool handshake(struct pipes *pipes, const shareable__key *key, int64_t deadline,
                      shareable__address *listen_address) {
  bool is_sent = send_key(pipes->key[0], key);

  close_end(&pipes->key[0]);
  return is_sent && receive_address(pipes->address[0], deadline, listen_address);
}

static shareable_status start(shareable__spawned *spawned, const char *text, struct pipes *pipes,
                              const shareable__key *key, int64_t deadline, shareable__address *listen_address,
                              shareable_error *error) {
  int result = spawn(&spawned->pid, text, pipes);

  close_end(&pipes->key[1]);
  close_end(&pipes->address[1]);
  if (result != 0) {
    spawned->pid = 0;
    return shareable__fail_errno(error, result, "cannot start '%s'%s", program(),
                                 shareable__program_advice(SHAREABLE__MANAGER, result));
  }
  if (handshake(pipes, key, deadline, listen_address))
    return SHAREABLE_OK;
  kill(spawned->pid, SIGTERM);
  shareable__manager_reap(spawned, 0);
  return shareable__fail(error, SHAREABLE_E_NO_MANAGER, 0,
                         "'%s' did not start to listen: its standard error has the reason%s", program(),
                         shareable__program_advice(SHAREABLE__MANAGER, ENOEXEC));
}

shareable_status shareable__manager_spawn(shareable__spawned *spawned, const char *text, const shareable__key *key,
                                          int64_t deadline, shareable__address *listen_address,
                                          shareable_error *error) {
  shareable_status status;
  struct pipes pipes;

  if (!open_pipes(&pipes) || !shareable__file_id_of(pipes.lifeline[0], &spawned->lifeline_id)) {
    status = shareable__fail_errno(error, errno, "cannot create pipes to a manager");
  } else {
    status = start(spawned, text, &pipes, key, deadline, listen_address, error);
    if (status == SHAREABLE_OK) {
      spawned->parent = getpid();
      spawned->lifeline = pipes.lifeline[0];
      pipes.lifeline[0] = -1;
    }
  }
  close_pipes(&pipes);
  return status;
}

void shareable__manager_close_lifeline(shareable__spawned *spawned) {
  shareable__descriptor_close(&spawned->lifeline, &spawned->lifeline_id);
}

/*
 * The process has also ended if other code has waited for it (ECHILD). A process that has ended is
 * not waited for again, because another process may have its pid.
 */
bool shareable__manager_wait_for_end(shareable__spawned *spawned, int64_t deadline) {
  useconds_t pause = RETRY_MIN_US;
  int wait_status = 0;
  pid_t result;

  while (!spawned->has_ended) {
    result = waitpid(spawned->pid, &wait_status, WNOHANG);
    if (result > 0)
      spawned->wait_status = wait_status;
    spawned->has_ended = result > 0 || (result < 0 && errno != EINTR);
    if (spawned->has_ended)
      break;
    if (shareable__now() >= deadline)
      return false;
    usleep(pause);
    pause = 2 * pause < RETRY_MAX_US ? 2 * pause : RETRY_MAX_US;
  }
  return true;
}

bool shareable__manager_reap(shareable__spawned *spawned, int64_t timeout_ns) {
  bool was_killed = false;

  shareable__manager_close_lifeline(spawned);
  if (!shareable__manager_wait_for_end(spawned, shareable__deadline(timeout_ns))) {
    kill(spawned->pid, SIGTERM);
    was_killed = !shareable__manager_wait_for_end(
      spawned, shareable__deadline(timeout_ns == 0 ? INT64_C(1000000000) : timeout_ns));
  }
  if (was_killed) {
    kill(spawned->pid, SIGKILL);
    shareable__manager_wait_for_end(spawned, INT64_MAX);
  }
  return !was_killed;
}
