/*
 * supervisor.c - the one reaper for all owners of a directory and pid namespace, if the first
 * process does not reap orphans.
 */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"
#include "limits.h"
#include "orphan.h"
#include "shm/segment.h"

#define PREFIX "reaper-"

/*
 * The bytes of the file that are locked: by a reaper that tests whether a supervisor is needed, and
 * by the supervisor.
 */
enum { TESTING = 0, RUNNING = 1 };

/* More descriptors than a supervisor has open at the same time. */
enum { FILES = 16 };

enum { TRIES = 500, RESCAN_MS = 200, IDLE_MAX_MS = 5000 };

static bool lock_byte(int fd, int byte) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

  return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static bool is_locked(int fd, int byte) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static bool has_name(int fd) {
  struct stat status;

  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
}

static void release(supervisor *self) {
  if (self->lock < 0) /* another supervisor has taken over */
    return;
  unlinkat(self->directory->fd, self->name, 0);
  close(self->lock);
  self->lock = -1;
}

static bool open_file(supervisor *self) {
  self->lock =
    shareable__openat(self->directory->fd, self->name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, S_IRUSR | S_IWUSR);
  return self->lock >= 0 && fchmod(self->lock, S_IRUSR | S_IWUSR) == 0;
}

/*
 * Another reaper may be testing, which takes up to 300 ms. It publishes the result by a second
 * lock, or by unlinking the file. So owners that start at the same time do not test one after the
 * other.
 */
static supervisor_need wait_for_test(const supervisor *self) {
  const struct timespec interval = {0, 2000000};

  for (int tries = 0; tries < TRIES; tries++) {
    if (lock_byte(self->lock, TESTING))
      return has_name(self->lock) ? SUPERVISOR_NEEDED : SUPERVISOR_NOT_NEEDED;
    if (is_locked(self->lock, RUNNING))
      return SUPERVISOR_RUNS;
    if (!has_name(self->lock))
      return SUPERVISOR_NOT_NEEDED;
    nanosleep(&interval, NULL);
  }
  return SUPERVISOR_NOT_NEEDED;
}

/* Returns SUPERVISOR_NEEDED with the file locked. Otherwise the file is closed. */
static supervisor_need lock_file(supervisor *self) {
  supervisor_need need = open_file(self) ? wait_for_test(self) : SUPERVISOR_NOT_NEEDED;

  if (need == SUPERVISOR_NEEDED)
    return need;
  if (self->lock >= 0)
    close(self->lock);
  self->lock = -1;
  return need;
}

supervisor_need supervisor_find(supervisor *self, const shareable__owner_directory *directory) {
  supervisor_need need;

  *self = (supervisor){.directory = directory, .lock = -1};
  if (!limits_allow_files(FILES))
    return SUPERVISOR_NOT_NEEDED;
  snprintf(self->name, sizeof self->name, PREFIX "%" PRIu64 ".%d", shareable__pid_namespace(),
           SHAREABLE__OWNERSHIP_LOG_FORMAT);
  need = lock_file(self);
  if (need != SUPERVISOR_NEEDED)
    return need;
  self->orphan = orphan_make();
  if (!orphan_is_reaped_soon(self->orphan) && lock_byte(self->lock, RUNNING))
    return SUPERVISOR_NEEDED;
  release(self);
  return SUPERVISOR_NOT_NEEDED;
}

/* A log, and the child that waits for its owner. */
typedef struct served_log {
  char name[SHAREABLE__NAME_MAX + 1];
  pid_t child;
} served_log;

typedef struct reaper_service {
  supervisor *self;
  served_log *logs;
  size_t count;
  int watch;         /* an inotify(7) descriptor, or -1 */
  bool needs_rescan; /* a file must be checked again soon */
} reaper_service;

static bool is_served(const reaper_service *service, const char *name) {
  for (size_t i = 0; i < service->count; i++)
    if (strcmp(service->logs[i].name, name) == 0)
      return true;
  return false;
}

static bool grow(reaper_service *service) {
  served_log *more = reallocarray(service->logs, service->count + 1, sizeof *more);

  if (more != NULL)
    service->logs = more;
  return more != NULL;
}

/* Runs in a child. It closes the lock, which must be free when the supervisor is killed. */
static void run_keeper(const reaper_service *service, const char *name) {
  sigset_t none;

  close(service->self->lock);
  if (service->watch >= 0)
    close(service->watch);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  reaper_keep(service->self->directory, name);
  if (faccessat(service->self->directory->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    sleep(1); /* the log was not removed, and the supervisor serves it again */
  _exit(0);
}

/*
 * If there can be no child, as above RLIMIT_NPROC, the supervisor checks the log repeatedly itself.
 */
static void serve(reaper_service *service, shareable__ownership_log *log) {
  pid_t child = grow(service) ? fork() : -1;

  if (child == 0)
    run_keeper(service, log->name);
  if (child < 0) {
    service->needs_rescan = true;
    reaper_reap_stale_log(log, NULL);
    return;
  }
  snprintf(service->logs[service->count].name, sizeof service->logs->name, "%s", log->name);
  service->logs[service->count++].child = child;
}

/*
 * Logs of other pid namespaces have reapers there. The creation of a log wakes the supervisor: on a
 * busy machine it would lock each new log before its creator does.
 */
static void check_log(shareable__ownership_log *log, void *context) {
  shareable__ownership_log_header header;
  reaper_service *service = context;

  if (strncmp(log->name, PREFIX, sizeof PREFIX - 1) == 0 || is_served(service, log->name))
    return;
  if (shareable__ownership_log_is_new(log->fd) || !shareable__ownership_log_remove_unfilled(log))
    service->needs_rescan = true;
  if (shareable__ownership_log_read_header(log->fd, &header) != SHAREABLE__YES)
    return;
  if (header.pid_namespace == shareable__pid_namespace())
    serve(service, log);
  else
    reaper_reap_stale_log(log, NULL);
}

/*
 * Without descriptors, as after prlimit(2), it releases its lock for another supervisor, and keeps
 * serving its logs.
 */
static void check_logs(reaper_service *service) {
  int errnum;

  service->needs_rescan = false;
  errnum = shareable__ownership_log_foreach(service->self->directory, check_log, service);
  if (errnum != 0)
    service->needs_rescan = true;
  if (errnum == EMFILE)
    release(service->self);
}

/* Reaps the children that have exited. */
static void reap_children(reaper_service *service) {
  pid_t child;

  while ((child = waitpid(-1, NULL, WNOHANG)) > 0)
    for (size_t i = 0; i < service->count; i++)
      if (service->logs[i].child == child) {
        service->logs[i] = service->logs[--service->count];
        break;
      }
}

static void start_watching(reaper_service *service) {
  char path[sizeof SHAREABLE__DIRECTORY + sizeof service->self->directory->name];

  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", service->self->directory->name);
  service->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (service->watch >= 0 && inotify_add_watch(service->watch, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
    close(service->watch);
    service->watch = -1;
  }
}

static int timeout_of(const reaper_service *service, int idle) {
  if (service->needs_rescan || service->watch < 0)
    return RESCAN_MS;
  return service->count > 0 ? -1 : idle;
}

/* Sleeps until there is a new file, a child exits, or `timeout` ms have passed. */
static void sleep_for(const reaper_service *service, int timeout) {
  struct timespec time = {timeout / 1000, timeout % 1000 * 1000000L};
  struct pollfd changes = {.fd = service->watch, .events = POLLIN};
  char events[4096];
  sigset_t none;

  sigemptyset(&none);
  ppoll(&changes, 1, timeout < 0 ? NULL : &time, &none);
  while (service->watch >= 0 && read(service->watch, events, sizeof events) > 0)
    ;
}

static void on_sigchld(int signal) {
  (void)signal;
}

/* Makes a child's exit interrupt sleep_for(), and no other system call. */
static void watch_children(void) {
  struct sigaction action = {.sa_handler = on_sigchld};
  sigset_t children;

  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  sigaction(SIGCHLD, &action, NULL);
}

static bool may_exit(const reaper_service *service) {
  return service->count == 0 && !service->needs_rescan &&
         (orphan_is_reaped(service->self->orphan) || !has_name(service->self->lock));
}

/*
 * Returns whether the process may exit: no log exists after the file is unlinked, or another
 * supervisor has taken over.
 */
static bool try_exit(supervisor *self, reaper_service *service) {
  release(self);
  check_logs(service);
  if (service->count == 0 && !service->needs_rescan)
    return true;
  if (lock_file(self) != SUPERVISOR_NEEDED)
    return service->count == 0;
  lock_byte(self->lock, RUNNING);
  return false;
}

void supervisor_run(supervisor *self) {
  reaper_service service = {.self = self, .watch = -1};
  int idle = 10;

  watch_children();
  start_watching(&service);
  for (;;) {
    reap_children(&service);
    check_logs(&service);
    if (may_exit(&service) && try_exit(self, &service))
      break;
    sleep_for(&service, timeout_of(&service, idle));
    idle = service.count > 0 ? 10 : idle * 2 < IDLE_MAX_MS ? idle * 2 : IDLE_MAX_MS;
  }
  shareable__owner_directory_remove(self->directory);
  free(service.logs);
}
