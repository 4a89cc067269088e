/*
 * control.c - the socket through which `shareable manager` finds, examines and stops this manager.
 */
#include "control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "control_message.h"
#include "log.h"
#include "server.h"
#include "shm/control_socket.h"
#include "shm/socket_folder.h"

/* At most this number of sessions: one more replaces the oldest that waits for nothing. */
#define SESSIONS_LIMIT 4
/* The directory may be removed between two calls. */
#define TRIES 100

struct control_session {
  uv_poll_t poll; /* must be first: the callbacks convert its address to the session */
  struct server *server;
  struct control_session *next; /* an older one */
  int socket;
  bool waits_for_end;
  control_reply reply; /* if waits_for_end */
};

/* The replies. */

static void fill_reply(const struct server *server, control_reply *reply) {
  block_registry_size size = block_registry_measure(&server->blocks);

  *reply = (control_reply){.magic = CONTROL_MAGIC,
                           .pid = getpid(),
                           .owner = server->owner_pid,
                           .uptime = shareable__now() - server->start,
                           .names = server->blocks.count,
                           .blocks = size.blocks,
                           .bytes = size.bytes,
                           .used = size.used,
                           .clients = server->sessions - server->unauthenticated,
                           .unauthenticated = server->unauthenticated,
                           .clients_total = server->counts.clients,
                           .refused_peers = server->counts.refused_peers,
                           .refused_keys = server->counts.refused_keys,
                           .refused_by_limits = server->counts.refused_by_limits,
                           .log_level = log_current_level()};
  strcpy(reply->address, server->listener.text);
}

static bool send_reply(const struct control_session *session, const control_reply *reply) {
  return send(session->socket, reply, sizeof *reply, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof *reply;
}

void control_confirm_stop(struct server *server, uint64_t removed) {
  for (struct control_session *session = server->control.sessions; session != NULL; session = session->next)
    if (session->waits_for_end) {
      session->reply.removed = removed;
      send_reply(session, &session->reply);
    }
}

/* Sessions. */

static void on_closed(uv_handle_t *handle) {
  free(handle);
}

static void close_session(struct control_session *session) {
  struct control_session **link = &session->server->control.sessions;

  while (*link != session)
    link = &(*link)->next;
  *link = session->next;
  uv_close((uv_handle_t *)&session->poll, on_closed);
  close(session->socket);
}

/* Returns false if the request is not valid, or the reply cannot be sent. */
static bool handle_request(struct control_session *session, const control_request *request) {
  control_reply reply;

  if (request->magic != CONTROL_MAGIC)
    return false;
  if (request->command == CONTROL_STATUS) {
    fill_reply(session->server, &reply);
    return send_reply(session, &reply);
  }
  if (request->command != CONTROL_STOP)
    return false;
  fill_reply(session->server, &session->reply);
  session->waits_for_end = true;
  server_stop(session->server, "shareable manager stop");
  return true;
}

static void on_request(uv_poll_t *poll, int status, int events) {
  struct control_session *session = (struct control_session *)poll;
  control_request request;
  ssize_t size;

  (void)events;
  size = status < 0 ? 0 : recv(session->socket, &request, sizeof request, MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (size != (ssize_t)sizeof request || !handle_request(session, &request))
    close_session(session);
}

/* Returns whether the peer has sent something that was not read yet. */
static bool has_input(const struct control_session *session) {
  char byte;

  return recv(session->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Closes the oldest session that waits for nothing, if there are too many. */
static void limit_sessions(const struct control *control) {
  struct control_session *oldest = NULL;
  unsigned count = 0;

  for (struct control_session *session = control->sessions; session != NULL; session = session->next) {
    count++;
    if (!session->waits_for_end && !has_input(session))
      oldest = session;
  }
  if (count >= SESSIONS_LIMIT && oldest != NULL)
    close_session(oldest);
}

static void open_session(struct server *server, int socket) {
  struct control_session *session = calloc(1, sizeof *session);

  if (session == NULL || uv_poll_init(&server->loop, &session->poll, socket) != 0) {
    free(session);
    close(socket);
    return;
  }
  session->server = server;
  session->socket = socket;
  session->next = server->control.sessions;
  server->control.sessions = session;
  uv_poll_start(&session->poll, UV_READABLE, on_request);
}

static void on_control(uv_poll_t *poll, int status, int events) {
  struct server *server = poll->data;
  int socket;

  (void)status;
  (void)events;
  limit_sessions(&server->control);
  socket = accept4(server->control.socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket >= 0) {
    open_session(server, socket);
  } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
    uv_poll_stop(poll);
    server_arm_timer(server);
  }
}

void control_resume(struct server *server) {
  if (server->control.is_open)
    uv_poll_start(&server->control.poll, UV_READABLE, on_control);
}

/* Opening and closing. */

/* The directory must be the working directory. Returns 0 or an errno. */
static int bind_private(int socket, const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  mode_t mask = umask(0077);
  int result;

  snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
  result = bind(socket, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
  umask(mask);
  return result;
}

/* The socket gets its final name when it listens. Returns 0 or an errno. */
static int listen_in(struct control *control, uint32_t number) {
  const shareable__control_directory *directory = &control->directory;
  char starting[CONTROL_NAME_SIZE];
  int result;

  snprintf(starting, sizeof starting, SHAREABLE__CONTROL_SOCKET_STARTING "%08" PRIx32, number);
  snprintf(control->name, sizeof control->name, SHAREABLE__CONTROL_SOCKET_PREFIX "%ld-%08" PRIx32, (long)getpid(),
           number);
  result = bind_private(control->socket, starting);
  if (result != 0)
    return result;
  if (listen(control->socket, SOMAXCONN) == 0 && renameat(directory->fd, starting, directory->fd, control->name) == 0)
    return 0;
  result = errno;
  unlinkat(directory->fd, starting, 0);
  return result;
}

/* Returns 0 or an errno. Keeps the directory open if it returns 0. */
static int open_in_directory(struct control *control) {
  uint32_t number;
  int result = getrandom(&number, sizeof number, 0) == sizeof number ? 0 : EIO;

  if (result == 0)
    result = shareable__control_directory_create(&control->directory);
  if (result != 0)
    return result;
  result = fchdir(control->directory.fd) == 0 ? 0 : errno;
  if (result == 0)
    result = listen_in(control, number);
  if (result != 0)
    shareable__control_directory_close(&control->directory);
  return result;
}

/* Returns 0 or an errno. */
static int start(struct control *control) {
  int result = ENOENT;

  control->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (control->socket < 0)
    return errno;
  shareable__control_socket_remove_stale(geteuid(), 0);
  for (int tries = 0; tries < TRIES && (result == ENOENT || result == EADDRINUSE); tries++)
    result = open_in_directory(control);
  if (result != 0)
    close(control->socket);
  return result;
}

/* The record of the folder of the clients' socket (socket_folder.h) has the number of the control socket. */
static void record_name(const struct control *control, char name[CONTROL_NAME_SIZE]) {
  snprintf(name, CONTROL_NAME_SIZE, SHAREABLE__SOCKET_FOLDER_PREFIX "%s",
           control->name + sizeof SHAREABLE__CONTROL_SOCKET_PREFIX - 1);
}

/* Without the record, the folder remains if the manager is killed. */
static void record_folder(const struct control *control, const char *folder) {
  char name[CONTROL_NAME_SIZE];

  record_name(control, name);
  (void)!symlinkat(folder, control->directory.fd, name);
}

static void remove_record(const struct control *control) {
  char name[CONTROL_NAME_SIZE];

  record_name(control, name);
  unlinkat(control->directory.fd, name, 0);
}

static void remove_socket(struct control *control) {
  remove_record(control);
  unlinkat(control->directory.fd, control->name, 0);
  shareable__control_directory_remove(&control->directory);
  shareable__control_directory_close(&control->directory);
  close(control->socket);
}

void control_open(struct server *server) {
  struct control *control = &server->control;
  int result = start(control);

  if (result == 0) {
    if (server->listener.directory[0] != '\0')
      record_folder(control, server->listener.directory);
    control->poll.data = server;
    control->is_open = uv_poll_init(&server->loop, &control->poll, control->socket) == 0;
    if (!control->is_open)
      remove_socket(control);
    result = control->is_open ? 0 : ENOMEM;
  }
  if (result == 0)
    control_resume(server);
  else
    log_event(LOG_WARNING, "this manager is not listed by 'shareable manager': no socket in /run or /dev/shm: %s",
              strerror(result));
}

void control_close(struct server *server) {
  struct control *control = &server->control;

  if (!control->is_open)
    return;
  control->is_open = false;
  uv_close((uv_handle_t *)&control->poll, NULL);
  remove_socket(control);
}
