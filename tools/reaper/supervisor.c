/*
 * supervisor.c - the one reaper for all owners of a directory and pid namespace, if the first process does not wait for orphans.
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

/* The bytes of the file that are locked: while a reaper finds out whether a supervisor is needed; by the supervisor. */
enum { FINDING = 0, RUNNING = 1 };

/* What a supervisor takes for itself, and more than what it has open at a time to serve the logs. */
enum { FILES = 16 };

enum { TRIES = 500, LOOK_AGAIN = 200, PATIENCE = 5000 }; /* the latter two in ms */

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
 * Another reaper may be finding out, which takes it up to 300 ms. It tells what it has found by a second lock, or by unlinking
 * the file: so many owners that begin at once do not wait for each other in turn.
 */
static supervisor_need await_finding(const supervisor *self) {
  const struct timespec moment = {0, 2000000};

  for (int tries = 0; tries < TRIES; tries++) {
    if (lock_byte(self->lock, FINDING))
      return has_name(self->lock) ? SUPERVISOR_NEEDED : SUPERVISOR_NOT_NEEDED;
    if (is_locked(self->lock, RUNNING))
      return SUPERVISOR_RUNS;
    if (!has_name(self->lock))
      return SUPERVISOR_NOT_NEEDED;
    nanosleep(&moment, NULL);
  }
  return SUPERVISOR_NOT_NEEDED;
}

/* Returns NEEDED with the lock, and else without the file open. */
static supervisor_need lock_file(supervisor *self) {
  supervisor_need need = open_file(self) ? await_finding(self) : SUPERVISOR_NOT_NEEDED;

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
  snprintf(self->name, sizeof self->name, PREFIX "%" PRIu64, shareable__pid_namespace());
  need = lock_file(self);
  if (need != SUPERVISOR_NEEDED)
    return need;
  self->orphan = orphan_make();
  if (!orphan_goes(self->orphan) && lock_byte(self->lock, RUNNING))
    return SUPERVISOR_NEEDED;
  release(self);
  return SUPERVISOR_NOT_NEEDED;
}

/* A log that a child waits for. */
typedef struct ward {
  char name[SHAREABLE__NAME_MAX + 1];
  pid_t child;
} ward;

typedef struct state {
  supervisor *self;
  ward *wards;
  size_t count;
  int watch;      /* of inotify(7), or -1 */
  bool is_behind; /* there is something that has to be looked at again soon */
} state;

static bool is_served(const state *of, const char *name) {
  for (size_t i = 0; i < of->count; i++)
    if (strcmp(of->wards[i].name, name) == 0)
      return true;
  return false;
}

static bool make_place(state *of) {
  ward *more = reallocarray(of->wards, of->count + 1, sizeof *more);

  if (more != NULL)
    of->wards = more;
  return more != NULL;
}

/* The lock is the supervisor's alone: it must be free when the supervisor is killed. */
static void be_keeper(const state *of, const char *name) {
  sigset_t none;

  close(of->self->lock);
  if (of->watch >= 0)
    close(of->watch);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  reaper_keep(of->self->directory, name);
  if (faccessat(of->self->directory->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    sleep(1); /* a log that could not be cleared is served again */
  _exit(0);
}

/* If there can be no child, as beyond RLIMIT_NPROC, the supervisor looks at the log itself, again and again. */
static void serve(state *of, shareable__ownership_log *log) {
  pid_t child = make_place(of) ? fork() : -1;

  if (child == 0)
    be_keeper(of, log->name);
  if (child < 0) {
    of->is_behind = true;
    reaper_sweep(log, NULL);
    return;
  }
  snprintf(of->wards[of->count].name, sizeof of->wards->name, "%s", log->name);
  of->wards[of->count++].child = child;
}

/* A visit. Logs of other pid namespaces have reapers there. */
static void look_at(shareable__ownership_log *log, void *context) {
  shareable__ownership_log_header head;
  state *of = context;

  if (strcmp(log->name, of->self->name) == 0 || is_served(of, log->name))
    return;
  if (!shareable__ownership_log_remove_unfilled(log))
    of->is_behind = true;
  if (shareable__ownership_log_read_header(log->fd, &head) != SHAREABLE__YES)
    return;
  if (head.pid_namespace == shareable__pid_namespace())
    serve(of, log);
  else
    reaper_sweep(log, NULL);
}

/* Without descriptors, as after prlimit(2), it makes way for another supervisor, and goes on with what it serves. */
static void look(state *of) {
  int system;

  of->is_behind = false;
  system = shareable__ownership_log_foreach(of->self->directory, look_at, of);
  if (system != 0)
    of->is_behind = true;
  if (system == EMFILE)
    release(of->self);
}

/* Waits for the children that have exited. */
static void collect(state *of) {
  pid_t child;

  while ((child = waitpid(-1, NULL, WNOHANG)) > 0)
    for (size_t i = 0; i < of->count; i++)
      if (of->wards[i].child == child) {
        of->wards[i] = of->wards[--of->count];
        break;
      }
}

static void start_watching(state *of) {
  char path[sizeof SHAREABLE__DIRECTORY + sizeof of->self->directory->name];

  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", of->self->directory->name);
  of->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (of->watch >= 0 && inotify_add_watch(of->watch, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
    close(of->watch);
    of->watch = -1;
  }
}

static int timeout_of(const state *of, int idle) {
  if (of->is_behind || of->watch < 0)
    return LOOK_AGAIN;
  return of->count > 0 ? -1 : idle;
}

/* Until there is a new file, a child has exited, or that many ms are over. */
static void sleep_for(const state *of, int timeout) {
  struct timespec time = {timeout / 1000, timeout % 1000 * 1000000L};
  struct pollfd news = {.fd = of->watch, .events = POLLIN};
  char events[4096];
  sigset_t none;

  sigemptyset(&none);
  ppoll(&news, 1, timeout < 0 ? NULL : &time, &none);
  while (of->watch >= 0 && read(of->watch, events, sizeof events) > 0)
    ;
}

static void note_child(int signal) {
  (void)signal;
}

/* So that a child's exit ends the sleep, and nothing else that is done here. */
static void watch_children(void) {
  struct sigaction action = {.sa_handler = note_child};
  sigset_t children;

  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  sigaction(SIGCHLD, &action, NULL);
}

static bool may_leave(const state *of) {
  return of->count == 0 && !of->is_behind && (orphan_is_gone(of->self->orphan) || !has_name(of->self->lock));
}

/* Whether the process may exit: with the file unlinked, there is no log; or another supervisor has taken over. */
static bool leave(supervisor *self, state *of) {
  release(self);
  look(of);
  if (of->count == 0 && !of->is_behind)
    return true;
  if (lock_file(self) != SUPERVISOR_NEEDED)
    return of->count == 0;
  lock_byte(self->lock, RUNNING);
  return false;
}

void supervisor_run(supervisor *self) {
  state of = {.self = self, .watch = -1};
  int idle = 10;

  watch_children();
  start_watching(&of);
  for (;;) {
    collect(&of);
    look(&of);
    if (may_leave(&of) && leave(self, &of))
      break;
    sleep_for(&of, timeout_of(&of, idle));
    idle = of.count > 0 ? 10 : idle * 2 < PATIENCE ? idle * 2 : PATIENCE;
  }
  shareable__owner_directory_remove(self->directory);
  free(of.wards);
}
