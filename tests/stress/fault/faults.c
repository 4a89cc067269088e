/*
 * faults.c - decides which call of the core must fail, and records the calls.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "faults.h"
#undef close
#undef closedir
#undef fclose
#undef open
#undef openat
#undef posix_spawn_file_actions_init
#undef posix_spawnattr_init
#undef kill
#undef syscall
#undef usleep
#undef waitpid
#undef write

extern const fault_site *const __start_fault_sites[], *const __stop_fault_sites[];

static struct {
  fault_plan plan;
  fault_trace *trace;
  const fault_site *site; /* of the call that failed first; NULL: none has failed */
  int calls;              /* so far, at the place that must fail */
  bool has_tmpfile, has_wakes;
} now = {.has_tmpfile = true};

static _Atomic long live; /* resources that the core must release */

/*
 * Whether the calls of this thread are recorded. The threads of watches make calls at any time, which
 * would make the numbers of the calls vary.
 */
static _Thread_local bool is_actor;

int faults_site_count(void) {
  return (int)(__stop_fault_sites - __start_fault_sites);
}

const fault_site *faults_site(int i) {
  return __start_fault_sites[i];
}

static int index_of(const fault_site *site) {
  for (int i = 0; i < faults_site_count(); i++)
    if (__start_fault_sites[i] == site)
      return i;
  return -1;
}

void faults_arm(const fault_plan *plan, fault_trace *trace) {
  now.plan = *plan;
  now.trace = trace;
  now.site = NULL;
  now.calls = 0;
  trace->count = 0;
  trace->failed = -1;
  is_actor = true;
}

void faults_disarm(void) {
  is_actor = false;
}

long faults_live(void) {
  return live;
}

void faults_have_tmpfile(bool has) {
  now.has_tmpfile = has;
}

void faults_have_wakes(void) {
  now.has_wakes = true;
}

static int error_of(const fault_site *site, int which) {
  for (int i = 0; site->errors[i] != 0; i++)
    if (i == which)
      return site->errors[i];
  return 0;
}

/* Whether a call after the first failure must fail, too. */
static bool fails_after(const fault_site *site) {
  switch (now.plan.extent) {
  case FAULT_ONCE:
    break;
  case FAULT_SAME_FUNCTION:
    return strcmp(site->call, now.site->call) == 0;
  case FAULT_ALL_RESOURCES:
    return site->is_lasting;
  }
  return false;
}

/* Returns the error with which a call at a place must fail, or 0. */
static int planned_error(const fault_site *site, int place) {
  if (now.site == NULL)
    return place == now.plan.place && ++now.calls == now.plan.call ? error_of(site, now.plan.error) : 0;
  return (place == now.plan.second - 1 && now.trace->failed != place) || fails_after(site) ? error_of(site, 0) : 0;
}

static bool must_fail(const fault_site *site) {
  int place, error;

  if (!is_actor)
    return false;
  place = index_of(site);
  if (now.trace->count < FAULT_CALLS)
    now.trace->sites[now.trace->count] = place;
  now.trace->count++;
  error = planned_error(site, place);
  if (error == 0)
    return false;
  if (now.site == NULL)
    now.trace->before = now.trace->count - 1;
  if (now.site == NULL || place == now.plan.second - 1)
    now.trace->failed = place;
  now.site = now.site == NULL ? site : now.site;
  errno = error;
  return true;
}

faults_function *faults_pick(const fault_site *site, faults_function *real, faults_function *fails) {
  return must_fail(site) ? fails : real;
}

int64_t faults_minus_one(void) {
  return -1;
}

int64_t faults_zero(void) {
  return 0;
}

int64_t faults_errno(void) {
  return errno;
}

static int64_t fail_after(int error) {
  errno = error;
  return -1;
}

int64_t faults_close(int fd) {
  close(fd);
  return fail_after(EIO);
}

int64_t faults_fclose(FILE *stream) {
  fclose(stream);
  return fail_after(EIO);
}

int64_t faults_closedir(DIR *directory) {
  closedir(directory);
  return fail_after(EIO);
}

static bool is_futex(long number) {
#ifdef SYS_futex_time64
  if (number == SYS_futex_time64)
    return true;
#endif
  return number == SYS_futex;
}

int64_t faults_syscall(long number, ...) {
  int error = errno, operation;
  uint32_t *word;
  va_list rest;

  if (!now.has_wakes || !is_futex(number))
    return -1;
  va_start(rest, number);
  word = va_arg(rest, uint32_t *);
  operation = va_arg(rest, int);
  va_end(rest);
  if (operation == FUTEX_WAKE)
    syscall(number, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
  return fail_after(error);
}

int64_t faults_write(int fd, const void *data, size_t size) {
  int error = errno;

  return write(fd, data, size) < 0 ? -1 : fail_after(error);
}

/* Other code has waited for the process, which it has ended if it was running. */
int64_t faults_waitpid(pid_t process, int *state, int flags) {
  (void)state;
  (void)flags;
  if (errno != ECHILD)
    return -1;
  for (int i = 0; i < 1000; i++) {
    if (waitpid(process, NULL, WNOHANG) != 0)
      return fail_after(ECHILD);
    usleep(1000);
  }
  kill(process, SIGTERM);
  waitpid(process, NULL, 0);
  return fail_after(ECHILD);
}

void *faults_acquired(void *resource) {
  live += resource != NULL;
  return resource;
}

void faults_released(const void *resource) {
  live -= resource != NULL;
}

void *faults_reallocated(const void *old, void *resource) {
  return old == NULL ? faults_acquired(resource) : resource;
}

void faults_got_line(const char *before, char *line) {
  if (before == NULL)
    faults_acquired(line);
}

int faults_attributes(posix_spawnattr_t *attributes) {
  faults_acquired(attributes);
  return posix_spawnattr_init(attributes);
}

int faults_actions(posix_spawn_file_actions_t *actions) {
  faults_acquired(actions);
  return posix_spawn_file_actions_init(actions);
}

int faults_open(const char *path, int flags, ...) {
  va_list rest;
  int mode;

  va_start(rest, flags);
  mode = va_arg(rest, int);
  va_end(rest);
  if ((flags & O_TMPFILE) == O_TMPFILE && !now.has_tmpfile) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return open(path, flags, mode);
}

int faults_openat(int directory, const char *path, int flags, ...) {
  va_list rest;
  int mode;

  va_start(rest, flags);
  mode = va_arg(rest, int);
  va_end(rest);
  if ((flags & O_TMPFILE) == O_TMPFILE && !now.has_tmpfile) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return openat(directory, path, flags, mode);
}
