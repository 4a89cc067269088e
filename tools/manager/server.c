/*
 * server.c - the manager while it runs.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "connection.h"
#include "log.h"

/* How often deadlines are looked at, in milliseconds. */
#define SWEEP_MS 250
/* The sweeps until new names are recorded, if a tracker watches over their blocks: two seconds. */
#define RECORD_SWEEPS 8
/* Descriptors that are not connections: those that are open all the time, and those that removing a block takes. */
#define OWN_DESCRIPTORS 48
#define SPARE_DESCRIPTORS 10
/* The most peers that are accepted before other events are looked at: handshakes go on during a flood. */
#define ACCEPTS_MAX 16
/* So few connections are worth a line in the log. */
#define FEW_CONNECTIONS 64

static void on_listener(uv_poll_t *listener, int status, int events);

/* Returns whether names remain to be recorded. */
static bool record_names(server *of) {
  if (of->blocks.unrecorded > 0 && ++of->sweeps < RECORD_SWEEPS)
    return true;
  registry_record(&of->blocks);
  of->sweeps = 0;
  return false;
}

static void on_sweep(uv_timer_t *sweep) {
  server *of = sweep->data;
  uint64_t now = uv_now(&of->loop);
  bool is_needed = false;

  for (connection *each = of->oldest, *next; each != NULL; each = next) {
    next = each->newer;
    if (each->deadline != 0 && each->deadline <= now)
      connection_time_out(each);
    else if (each->deadline != 0)
      is_needed = true;
  }
  is_needed |= record_names(of);
  is_needed |= log_report();
  is_needed |= tracker_flush(&of->blocks.tracker);
  uv_poll_start(&of->listener, UV_READABLE, on_listener);
  if (!is_needed)
    uv_timer_stop(sweep);
}

void server_mind_deadlines(server *of) {
  if (!of->is_over && !uv_is_active((uv_handle_t *)&of->sweep))
    uv_timer_start(&of->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

/* If the machine has no more descriptors, peers wait in the queue of the socket. */
static void pause_listening(server *of) {
  log_event(LOG_LIMIT, "out of descriptors or memory: new connections wait");
  uv_poll_stop(&of->listener);
  server_mind_deadlines(of);
}

static int accept_peer(const server *of) {
  int socket;

  do
    socket = accept4(of->place.socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (socket < 0 && (errno == EINTR || errno == ECONNABORTED));
  return socket;
}

static int open_reserve(void) {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Without this, a peer in the queue would wait for as long as all descriptors are in use, without learning why. */
static bool refuse_peer(server *of) {
  int socket;

  if (of->reserve < 0)
    return false;
  close(of->reserve);
  socket = accept_peer(of);
  if (socket >= 0)
    close(socket);
  of->reserve = open_reserve();
  log_event(LOG_LIMIT, "all descriptors are in use: a peer was refused");
  return socket >= 0;
}

static bool is_out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE;
}

static void on_listener(uv_poll_t *listener, int status, int events) {
  server *of = listener->data;
  int socket = 0;

  (void)status;
  (void)events;
  for (int i = 0; i < ACCEPTS_MAX && socket >= 0; i++) {
    socket = accept_peer(of);
    if (socket >= 0)
      connection_open(of, socket);
    else if (is_out_of_descriptors(errno) && (connection_drop_stranger(of, true) || refuse_peer(of)))
      socket = 0;
  }
  if (socket < 0 && (is_out_of_descriptors(errno) || errno == ENOMEM || errno == ENOBUFS))
    pause_listening(of);
}

static void on_terminate(uv_signal_t *signal, int number) {
  (void)number;
  server_stop(signal->data, "SIGTERM");
}

/* The other end is closed, unless something can be read: that is taken out of the way. */
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

static bool watch(server *of, uv_poll_t *poll, int fd, uv_poll_cb then) {
  int result = uv_poll_init(&of->loop, poll, fd);

  poll->data = of;
  if (result == 0)
    result = uv_poll_start(poll, UV_READABLE, then);
  if (result != 0)
    log_event(LOG_STATE, "cannot watch descriptor %d: %s", fd, uv_strerror(result));
  return result == 0;
}

/* As far as the system lets this process. */
static void raise_limit(void) {
  struct rlimit limit;
  rlim_t wanted = CONNECTIONS_MAX + OWN_DESCRIPTORS + SPARE_DESCRIPTORS;

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

static unsigned clamp(unsigned value, unsigned least, unsigned most) {
  return value < least ? least : value > most ? most : value;
}

/* How many connections there may be, now that all other descriptors are open. */
static void limit_connections(server *of) {
  unsigned wanted = CONNECTIONS_MAX + OWN_DESCRIPTORS + SPARE_DESCRIPTORS, available;
  struct rlimit limit;

  of->reserve = open_reserve();
  if (of->place.address.any.sa_family == AF_INET)
    of->diag = peer_open_diag();
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted)
    wanted = (unsigned)limit.rlim_cur;
  available = count_free(wanted);
  of->connections_most =
    clamp(available, SPARE_DESCRIPTORS + 2, CONNECTIONS_MAX + SPARE_DESCRIPTORS) - SPARE_DESCRIPTORS;
  of->strangers_most = of->connections_most / 2;
  if (of->connections_most < FEW_CONNECTIONS)
    log_event(LOG_LIMIT, "few descriptors are left: at most %u connections, and %u without a handshake",
              of->connections_most, of->strangers_most);
}

/* Signals first: from the moment that something is in the file system, SIGTERM removes it. */
bool server_open(server *of, const char *address) {
  of->reserve = of->diag = -1;
  raise_limit();
  uv_loop_init(&of->loop);
  uv_timer_init(&of->loop, &of->sweep);
  of->sweep.data = of;
  uv_signal_init(&of->loop, &of->terminate);
  of->terminate.data = of;
  uv_signal_start(&of->terminate, on_terminate, SIGTERM);
  if (!place_open(&of->place, address))
    return false;
  if (watch(of, &of->listener, of->place.socket, on_listener)) {
    limit_connections(of);
    return true;
  }
  place_close(&of->place);
  return false;
}

bool server_watch(server *of, int lifeline, pid_t owner) {
  int fd;

  if (lifeline >= 0 && !watch(of, &of->lifeline, lifeline, on_lifeline))
    return false;
  if (owner <= 0)
    return true;
  fd = (int)syscall(SYS_pidfd_open, owner, 0);
  if (fd < 0)
    return errno != ESRCH; /* an old kernel knows no such descriptors: there is the lifeline */
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return watch(of, &of->owner, fd, on_owner);
}

void server_stop(server *of, const char *reason) {
  if (!of->is_over)
    of->reason = reason;
  of->is_over = true;
  uv_stop(&of->loop);
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

void server_run(server *of) {
  if (!of->is_over)
    uv_run(&of->loop, UV_RUN_DEFAULT);
  registry_clear(&of->blocks);
  place_close(&of->place);
  while (of->oldest != NULL)
    connection_close(of->oldest);
  uv_walk(&of->loop, close_handle, NULL);
  uv_run(&of->loop, UV_RUN_DEFAULT);
  uv_loop_close(&of->loop);
  close_own(&of->reserve);
  close_own(&of->diag);
}
