/*
 * manager_find.c - finds the running managers, and asks each for its status.
 */
#include "manager_find.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../manager/absolute_address.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "shm/control_directory.h"
#include "shm/control_socket.h"

/* The time that all managers together have to reply. */
#define REPLY_NS INT64_C(2000000000)
/* The number of sockets of one other user that root examines: that user may create any number. */
#define FOREIGN_MAX 256
/* A manager that closes so many connections without a reply does not respond. */
#define TRIES 100

/* Each manager needs two descriptors. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void warn_shortage(int errnum) {
  static bool has_warned;

  if ((errnum != EMFILE && errnum != ENFILE && errnum != ENOMEM && errnum != ENOBUFS) || has_warned)
    return;
  cli_warn("some managers are not listed: %s: raise the limit of open files (ulimit -n)", strerror(errnum));
  has_warned = true;
}

static int connect_to(int file) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), errnum;

  if (connection < 0)
    return -1;
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", file);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0)
    return connection;
  errnum = errno;
  close(connection);
  errno = errnum;
  return -1;
}

/* Gets the process that listens. Returns false if its user is not that of the directory. */
static bool identify(manager *found) {
  struct ucred process;
  socklen_t size = sizeof process;

  if (getsockopt(found->connection, SOL_SOCKET, SO_PEERCRED, &process, &size) != 0 || process.uid != found->uid)
    return false;
  found->pid = process.pid;
  return true;
}

bool manager_request(int connection, uint64_t command) {
  const control_request request = {CONTROL_MAGIC, command};

  return send(connection, &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof request;
}

int manager_connect(const manager *found) {
  manager again = {.uid = found->uid, .connection = connect_to(found->file)};

  if (again.connection < 0 || identify(&again))
    return again.connection;
  close(again.connection);
  errno = ECONNREFUSED;
  return -1;
}

static void close_descriptors(const manager *found) {
  if (found->connection >= 0)
    close(found->connection);
  if (found->file >= 0)
    close(found->file);
}

/*
 * Returns false if the socket is not that of a running manager. A full queue refuses with EAGAIN. If
 * the manager has closed the connection already, receive() notices that.
 */
static bool ask(manager *found) {
  found->connection = connect_to(found->file);
  found->tries++;
  if (found->connection < 0) {
    warn_shortage(errno);
    return errno == EAGAIN;
  }
  manager_request(found->connection, CONTROL_STATUS);
  return identify(found);
}

static void add(managers *found, const manager *next) {
  if (found->count == found->capacity) {
    found->capacity = found->capacity == 0 ? 16 : 2 * found->capacity;
    found->managers = cli_allocate(found->managers, found->capacity, sizeof *found->managers);
  }
  found->managers[found->count++] = *next;
}

/* The age of the file is used only if the manager does not state its own. */
static void visit_socket(managers *found, const shareable__control_directory *directory, const char *name) {
  manager next = {.state = MANAGER_SILENT, .uid = directory->user, .file = -1, .connection = -1};
  struct stat file;

  next.file = shareable__openat(directory->fd, name, O_PATH | O_NOFOLLOW, 0);
  if (next.file < 0) {
    warn_shortage(errno);
    return;
  }
  if (fstat(next.file, &file) == 0 && S_ISSOCK(file.st_mode) && file.st_uid == directory->user) {
    next.age = time(NULL) - file.st_mtim.tv_sec;
    if (ask(&next)) {
      add(found, &next);
      return;
    }
  }
  close_descriptors(&next);
}

static bool is_control_socket(const struct dirent *entry) {
  return (entry->d_type == DT_SOCK || entry->d_type == DT_UNKNOWN) &&
         strncmp(entry->d_name, SHAREABLE__CONTROL_SOCKET_PREFIX, sizeof SHAREABLE__CONTROL_SOCKET_PREFIX - 1) == 0;
}

static void visit_directory(const shareable__control_directory *directory, void *context) {
  DIR *list = shareable__opendirat(directory->fd, ".");
  size_t limit = directory->user == geteuid() ? SIZE_MAX : FOREIGN_MAX;
  const struct dirent *entry;

  if (list == NULL)
    cli_warn("cannot read %s: its managers are not listed: %s", directory->path, strerror(errno));
  while (list != NULL && (entry = readdir(list)) != NULL)
    if (is_control_socket(entry)) {
      if (limit-- == 0) {
        cli_warn("%s has more than %d sockets: some managers are not listed", directory->path, FOREIGN_MAX);
        break;
      }
      visit_socket(context, directory, entry->d_name);
    }
  if (list != NULL)
    closedir(list);
}

/* Returns false if the manager has closed the connection without a reply. */
static bool receive(manager *found) {
  ssize_t size = recv(found->connection, &found->status, sizeof found->status, MSG_DONTWAIT | MSG_TRUNC);

  if (size <= 0)
    return false;
  found->state = MANAGER_UNKNOWN;
  if (size != (ssize_t)sizeof found->status || found->status.magic != CONTROL_MAGIC)
    return true;
  found->status.address[sizeof found->status.address - 1] = '\0';
  found->state = MANAGER_RUNNING;
  found->age = found->status.uptime / 1000000000;
  return true;
}

/* Forgets the manager at the index: the last one takes its place. */
static void drop(managers *found, size_t i) {
  close_descriptors(&found->managers[i]);
  found->managers[i] = found->managers[--found->count];
}

/*
 * Returns false if the manager has ended. A manager that has too many connections closes some: then
 * asks it again.
 */
static bool receive_or_ask(manager *found) {
  bool is_received = receive(found);

  close(found->connection);
  found->connection = -1;
  return is_received || found->tries >= TRIES || ask(found);
}

/* Receives the replies that have arrived. */
static void receive_all(managers *found, const struct pollfd *events) {
  for (size_t i = found->count; i-- > 0;)
    if (found->managers[i].connection >= 0 && events[i].revents != 0 && !receive_or_ask(&found->managers[i]))
      drop(found, i);
}

static size_t wait_for(const managers *found, struct pollfd *events) {
  size_t pending = 0;

  for (size_t i = 0; i < found->count; i++) {
    events[i] = (struct pollfd){.fd = found->managers[i].connection, .events = POLLIN};
    pending += found->managers[i].connection >= 0;
  }
  return pending;
}

static void receive_replies(managers *found, int64_t left) {
  struct pollfd *events = cli_allocate(NULL, found->count, sizeof *events);
  int64_t deadline = shareable__now() + left;

  while (left > 0 && wait_for(found, events) > 0) {
    if (poll(events, found->count, (int)(left / 1000000) + 1) > 0)
      receive_all(found, events);
    left = deadline - shareable__now();
  }
  free(events);
}

static int by_user_and_pid(const void *a, const void *b) {
  const manager *first = a, *second = b;

  if (first->uid != second->uid)
    return first->uid < second->uid ? -1 : 1;
  return first->pid < second->pid ? -1 : first->pid > second->pid;
}

void managers_find(managers *found, int64_t timeout) {
  int errnum;

  *found = (managers){0};
  raise_descriptor_limit();
  if (access("/proc/self/fd", X_OK) != 0)
    cli_die("cannot find managers: /proc is not mounted");
  errnum = shareable__control_directory_foreach(visit_directory, found);
  if (errnum != 0)
    cli_warn("cannot read all of /run and /dev/shm: some managers may not be listed: %s", strerror(errnum));
  receive_replies(found, timeout < REPLY_NS ? timeout : REPLY_NS);
  if (found->count > 0)
    qsort(found->managers, found->count, sizeof *found->managers, by_user_and_pid);
}

void managers_free(managers *found) {
  for (size_t i = 0; i < found->count; i++)
    close_descriptors(&found->managers[i]);
  free(found->managers);
}

static bool has_address(const manager *found, const char *text) {
  char absolute[SHAREABLE__ADDRESS_TEXT];

  if (found->state != MANAGER_RUNNING || text[0] == '\0')
    return false;
  return strcmp(found->status.address, text) == 0 ||
         (absolute_address(text, absolute) && strcmp(found->status.address, absolute) == 0);
}

bool manager_matches(const manager *found, const char *text) {
  int64_t pid;

  if (cli_parse_integer(text, &pid))
    return pid > 0 && found->pid == pid;
  return has_address(found, text);
}

bool managers_are_ambiguous(const managers *found, const char *text) {
  char *pids = cli_format("%s", "");
  size_t count = 0;

  for (size_t i = 0; i < found->count; i++) {
    const manager *next = &found->managers[i];
    char *before = pids;

    if (!has_address(next, text))
      continue;
    if (next->pid == 0)
      pids = cli_format("%s%s?", before, count == 0 ? "" : ", ");
    else
      pids = cli_format("%s%s%" PRId64, before, count == 0 ? "" : ", ", next->pid);
    free(before);
    count++;
  }
  if (count > 1)
    cli_warn("'%s' is the address of several managers: give one of their PIDs: %s", text, pids);
  free(pids);
  return count > 1;
}

/* The state is after the name of the program, which is in parentheses and may contain any bytes. */
bool manager_is_suspended(const manager *found) {
  char path[40], line[512] = "";
  const char *end;
  FILE *file;

  snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", found->pid);
  file = found->pid == 0 ? NULL : shareable__fopen(path);
  if (file == NULL)
    return false;
  end = fgets(line, sizeof line, file) == NULL ? NULL : strrchr(line, ')');
  fclose(file);
  return end != NULL && end[1] == ' ' && (end[2] == 'T' || end[2] == 't');
}

char *manager_problem(const manager *found) {
  if (found->state == MANAGER_RUNNING)
    return NULL;
  if (found->state == MANAGER_UNKNOWN)
    return cli_format("it does not speak the protocol of this version of shareable");
  if (!manager_is_suspended(found))
    return cli_format("it does not respond");
  return cli_format("it does not respond, because a signal has stopped it: 'kill -CONT %" PRId64 "' continues it",
                    found->pid);
}
