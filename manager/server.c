/*
 * server.c - the manager while it runs.
 */
#include "server.h"

#include <err.h>
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
/* Descriptors that are no connections. */
#define OWN_DESCRIPTORS 32

static void on_listener(uv_poll_t *listener, int status, int events);

static void on_sweep(uv_timer_t *sweep) {
  server *of = sweep->data;
  uint64_t now = uv_now(&of->loop);
  bool is_needed = false;

  for (connection *each = of->oldest, *next; each != NULL; each = next) {
    next = each->newer;
    if (each->deadline != 0 && each->deadline <= now)
      connection_close(each);
    else if (each->deadline != 0)
      is_needed = true;
  }
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

/* Where the machine has no more descriptors, those who wait have to wait a little. */
static void pause_listening(server *of) {
  uv_poll_stop(&of->listener);
  server_mind_deadlines(of);
}

static void on_listener(uv_poll_t *listener, int status, int events) {
  server *of = listener->data;
  int socket;

  (void)status;
  (void)events;
  while ((socket = accept4(of->place.socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
    connection_open(of, socket);
  if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
    pause_listening(of);
}

static void on_terminate(uv_signal_t *signal, int number) {
  (void)number;
  server_stop(signal->data);
}

/* The other end is closed, unless something can be read: that is taken out of the way. */
static void on_lifeline(uv_poll_t *lifeline, int status, int events) {
  char bytes[256];
  int fd;

  (void)events;
  if (status == 0 && uv_fileno((uv_handle_t *)lifeline, &fd) == 0 && read(fd, bytes, sizeof bytes) > 0)
    return;
  server_stop(lifeline->data);
}

static void on_owner(uv_poll_t *owner, int status, int events) {
  (void)status;
  (void)events;
  server_stop(owner->data);
}

static bool watch(server *of, uv_poll_t *poll, int fd, uv_poll_cb then) {
  int result = uv_poll_init(&of->loop, poll, fd);

  poll->data = of;
  if (result == 0)
    result = uv_poll_start(poll, UV_READABLE, then);
  if (result != 0)
    warnx("descriptor %d: %s", fd, uv_strerror(result));
  return result == 0;
}

/* As many as there may be, and as the system lets this process have. */
static unsigned raise_limit(void) {
  struct rlimit limit;
  rlim_t wanted = CONNECTIONS_MAX + OWN_DESCRIPTORS;

  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return STRANGERS_MAX;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur > wanted)
    return CONNECTIONS_MAX;
  return limit.rlim_cur > (rlim_t)2 * OWN_DESCRIPTORS ? (unsigned)limit.rlim_cur - OWN_DESCRIPTORS : OWN_DESCRIPTORS;
}

/* Signals first: from the moment that something is in the file system, SIGTERM removes it. */
bool server_open(server *of, const char *address) {
  of->most = raise_limit();
  uv_loop_init(&of->loop);
  uv_timer_init(&of->loop, &of->sweep);
  of->sweep.data = of;
  uv_signal_init(&of->loop, &of->terminate);
  of->terminate.data = of;
  uv_signal_start(&of->terminate, on_terminate, SIGTERM);
  if (!place_open(&of->place, address))
    return false;
  if (watch(of, &of->listener, of->place.socket, on_listener))
    return true;
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

void server_stop(server *of) {
  of->is_over = true;
  uv_stop(&of->loop);
}

static void close_handle(uv_handle_t *handle, void *unused) {
  (void)unused;
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
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
}
