/*
 * server.c - the running manager: its event loop, its limits and its end.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "log.h"
#include "session.h"
#include "shm/owner.h"

/* The interval of the deadline timer, in milliseconds. */
#define TICK_MS 250
/* If there is a tracker, new names are recorded after this number of ticks: two seconds. */
#define RECORD_TICKS 8
/*
 * Descriptors that are not sessions: those that are always open, and those that removing a block
 * needs.
 */
#define OWN_DESCRIPTORS 48
#define SPARE_DESCRIPTORS 10
/*
 * The maximum number of peers that one event accepts, so that handshakes continue during a flood.
 */
#define ACCEPTS_MAX 16
/* A limit below this number of sessions is logged. */
#define FEW_SESSIONS 64

static void on_listener(uv_poll_t *poll, int status, int events);

/* Records new names when it is time. Returns whether unrecorded names are left. */
static bool record_names(struct server *server) {
  if (server->blocks.unrecorded > 0 && ++server->unrecorded_ticks < RECORD_TICKS)
    return true;
  block_registry_record(&server->blocks);
  server->unrecorded_ticks = 0;
  return false;
}

static void on_deadline_timer(uv_timer_t *timer) {
  struct server *server = timer->data;
  uint64_t now = uv_now(&server->loop);
  bool is_needed = false;

  for (struct session *session = server->oldest, *next; session != NULL; session = next) {
    next = session->newer;
    if (session->deadline != 0 && session->deadline <= now)
      session_time_out(session);
    else if (session->deadline != 0)
      is_needed = true;
  }
  is_needed |= record_names(server);
  is_needed |= log_report();
  is_needed |= tracker_flush(&server->blocks.tracker);
  uv_poll_start(&server->accept_poll, UV_READABLE, on_listener);
  control_resume(server);
  if (!is_needed)
    uv_timer_stop(timer);
}

void server_arm_timer(struct server *server) {
  if (!server->is_stopping && !uv_is_active((uv_handle_t *)&server->deadline_timer))
    uv_timer_start(&server->deadline_timer, on_deadline_timer, TICK_MS, TICK_MS);
}

/* Stops accepting until the next tick: peers wait in the queue of the socket. */
static void pause_listening(struct server *server) {
  log_event(LOG_LIMIT, "out of descriptors or memory: new connections wait until some are free");
  uv_poll_stop(&server->accept_poll);
  server_arm_timer(server);
}

static int accept_peer(const struct server *server) {
  int socket;

  do
    socket = accept4(server->listener.socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (socket < 0 && (errno == EINTR || errno == ECONNABORTED));
  return socket;
}

static int open_reserve(void) {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/*
 * Accepts a peer with the reserved descriptor and closes its socket. Otherwise the peer would wait
 * for a free descriptor.
 */
static bool refuse_peer(struct server *server) {
  int socket;

  if (server->reserve < 0)
    return false;
  close(server->reserve);
  socket = accept_peer(server);
  if (socket >= 0)
    close(socket);
  server->reserve = open_reserve();
  server->counts.refused_by_limits += socket >= 0;
  log_event(LOG_LIMIT, "all descriptors are in use: a peer was refused; raise the limit of open files (ulimit -n)");
  return socket >= 0;
}

static bool is_out_of_descriptors(int errnum) {
  return errnum == EMFILE || errnum == ENFILE;
}

static void on_listener(uv_poll_t *poll, int status, int events) {
  struct server *server = poll->data;
  int socket = 0;

  (void)status;
  (void)events;
  for (int i = 0; i < ACCEPTS_MAX && socket >= 0; i++) {
    socket = accept_peer(server);
    if (socket >= 0)
      session_open(server, socket);
    else if (is_out_of_descriptors(errno) && (session_evict_oldest(server, true) || refuse_peer(server)))
      socket = 0;
  }
  if (socket < 0 && (is_out_of_descriptors(errno) || errno == ENOMEM || errno == ENOBUFS))
    pause_listening(server);
}

static void on_signal(uv_signal_t *signal, int number) {
  server_stop(signal->data, number == SIGINT ? "SIGINT" : "SIGTERM");
}

static void stop_on(struct server *server, uv_signal_t *signal, int number) {
  uv_signal_init(&server->loop, signal);
  signal->data = server;
  uv_signal_start(signal, on_signal, number);
}

/* The descriptor is readable if the other end is closed, or if it has data, which are discarded. */
static void on_lifeline(uv_poll_t *lifeline, int status, int events) {
  char bytes[256];
  int fd;

  (void)events;
  if (status == 0 && uv_fileno((uv_handle_t *)lifeline, &fd) == 0 && read(fd, bytes, sizeof bytes) > 0)
    return;
  server_stop(lifeline->data, "the lifeline was closed");
}

static void on_owner(uv_poll_t *owner, int status, int events) {
  (void)status;
  (void)events;
  server_stop(owner->data, "the owner has ended");
}

static bool watch(struct server *server, uv_poll_t *poll, int fd, uv_poll_cb callback) {
  int result = uv_poll_init(&server->loop, poll, fd);

  poll->data = server;
  if (result == 0)
    result = uv_poll_start(poll, UV_READABLE, callback);
  if (result != 0)
    log_event(LOG_ERROR, "cannot watch descriptor %d: %s", fd, uv_strerror(result));
  return result == 0;
}

/* Raises the soft limit of open files to what SESSIONS_MAX needs, or to the hard limit. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  rlim_t wanted = SESSIONS_MAX + OWN_DESCRIPTORS + SPARE_DESCRIPTORS;

  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
    return;
  limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* The number of descriptors below the limit that are not open. */
static unsigned count_free(unsigned limit) {
  unsigned count = 0;

  for (unsigned fd = 0; fd < limit; fd++)
    count += fcntl((int)fd, F_GETFD) < 0;
  return count;
}

static unsigned clamp(unsigned value, unsigned min, unsigned max) {
  return value < min ? min : value > max ? max : value;
}

/* Sets the maximum numbers of sessions. All other descriptors must be open already. */
static void limit_sessions(struct server *server) {
  unsigned wanted = SESSIONS_MAX + OWN_DESCRIPTORS + SPARE_DESCRIPTORS, available;
  struct rlimit limit;

  server->reserve = open_reserve();
  if (server->listener.address.any.sa_family == AF_INET)
    server->diag = peer_open_diag();
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted)
    wanted = (unsigned)limit.rlim_cur;
  available = count_free(wanted);
  server->sessions_max = clamp(available, SPARE_DESCRIPTORS + 2, SESSIONS_MAX + SPARE_DESCRIPTORS) - SPARE_DESCRIPTORS;
  server->unauthenticated_max = server->sessions_max / 2;
  if (server->sessions_max < FEW_SESSIONS)
    log_event(LOG_LIMIT, "few descriptors are left: at most %u connections, %u of them without a handshake",
              server->sessions_max, server->unauthenticated_max);
}

/* Installs the signal handlers before it creates files, so that a signal always removes them. */
bool server_open(struct server *server, const char *address) {
  server->reserve = server->diag = -1;
  raise_descriptor_limit();
  uv_loop_init(&server->loop);
  uv_timer_init(&server->loop, &server->deadline_timer);
  server->deadline_timer.data = server;
  server->start = shareable__now();
  stop_on(server, &server->terminate, SIGTERM);
  if (server->is_interruptible)
    stop_on(server, &server->interrupt, SIGINT);
  if (!listener_open(&server->listener, address))
    return false;
  if (watch(server, &server->accept_poll, server->listener.socket, on_listener)) {
    if (server->is_listed)
      control_open(server);
    limit_sessions(server);
    return true;
  }
  listener_close(&server->listener);
  return false;
}

bool server_watch(struct server *server, int lifeline, pid_t owner) {
  int fd;

  if (lifeline >= 0 && !watch(server, &server->lifeline, lifeline, on_lifeline))
    return false;
  if (owner <= 0)
    return true;
  server->owner_pid = owner;
  fd = (int)syscall(SYS_pidfd_open, owner, 0);
  if (fd < 0 && errno == ESRCH)
    server_stop(server, "the owner has ended");
  if (fd < 0)
    return true; /* no pidfd_open() before Linux 5.3: the lifeline must suffice */
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return watch(server, &server->owner, fd, on_owner);
}

void server_stop(struct server *server, const char *reason) {
  if (!server->is_stopping)
    server->reason = reason;
  server->is_stopping = true;
  uv_stop(&server->loop);
}

static void close_handle(uv_handle_t *handle, void *unused) {
  (void)unused;
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static void close_own(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

void server_run(struct server *server) {
  size_t removed;

  if (!server->is_stopping)
    uv_run(&server->loop, UV_RUN_DEFAULT);
  control_close(server);
  removed = block_registry_clear(&server->blocks);
  shareable__owner_unlink_unused(); /* after a shutdown, nothing is left in /dev/shm, even for a moment */
  listener_close(&server->listener);
  control_confirm_stop(server, removed);
  while (server->oldest != NULL)
    session_close(server->oldest);
  uv_walk(&server->loop, close_handle, NULL);
  uv_run(&server->loop, UV_RUN_DEFAULT);
  uv_loop_close(&server->loop);
  close_own(&server->reserve);
  close_own(&server->diag);
}
