/*
 * each_call.c - makes each call of the core to the C library fail, in each operation, and checks the
 * result.
 *
 * First an operation runs without failures, and its calls are recorded. Then it runs once for each
 * of these calls and for each error that the call can return, each time in a new process. Either
 * that call fails; or it and all later calls of the same function fail; or it and all later calls
 * that need memory, a descriptor or a process fail. A call that occurs only after a failure is made
 * to fail together with that failure.
 *
 * After each run, the status must be one that the header names, with an error message. There must
 * be no more blocks, descriptors, mappings or memory than before. The values must be unchanged. The
 * same operation must then succeed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "faults.h"
#include "shm/moved.h"
#undef access
#include "operations.h"
#undef close
#undef closedir
#undef fclose
#undef fdopen
#undef fopen
#undef getline
#undef free
#undef kill
#undef mkdir
#undef mmap
#undef open
#undef opendir
#undef readdir
#undef rmdir
#undef stat
#undef unlink
#undef usleep
#undef waitpid

/* The test is alone in its /dev/shm only as root. */
#define LOGS "/dev/shm/.shareable-0"

/* The number of calls of one place that fail in one operation: the first ones, and the last. */
enum { FIRST = 4, LAST = 1, SITES = 1000, MAX_COMPLAINTS = 20 };

/* The result of a run, in memory that it shares with the main process. */
typedef struct report {
  fault_trace trace;
  shareable_status status;
  char text[504];
} report;

static report *result;
static bool is_isolated;                /* no other process uses this /dev/shm */
static bool has_failed[SITES];          /* places that have failed */
static bool was_ignored[SITES];         /* places whose failure did not change the status */
static fault_plan after_failure[SITES]; /* the failure after which a place is called; call 0: none */
static int runs, complaints;
static char address[200], tcp[200]; /* of managers for all runs */
static bool is_verbose;

/* The current operation and plan, for error messages. */
static const operation *current;
static fault_plan planned;

static const char *base(const char *path) {
  const char *slash = strrchr(path, '/');

  return slash == NULL ? path : slash + 1;
}

void complain(const char *format, ...) {
  va_list arguments;

  fprintf(stderr, "%s", current->name);
  if (result->trace.failed >= 0) {
    const fault_site *site = faults_site(result->trace.failed);
    fprintf(stderr, ", %s at %s:%d failed%s with %s", site->call, base(site->file), site->line,
            planned.second != 0                     ? " too"
            : planned.extent == FAULT_ONCE          ? ""
            : planned.extent == FAULT_SAME_FUNCTION ? " and all later ones"
                                                    : ", and all later calls for resources,",
            strerrorname_np(site->errors[planned.second != 0 ? 0 : planned.error]));
  }
  fprintf(stderr, " (%s): ", shareable_status_name(result->status));
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  _exit(1);
}

/* The resources of this process, and the blocks that exist. */
typedef struct footprint {
  long live;
  int descriptors, mappings, logs;
  char names[4000];
} footprint;

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

/* If unlink() failed, a temporary name may remain. */
static bool could_not_unlink(void) {
  return result->trace.failed >= 0 && strcmp(faults_site(result->trace.failed)->call, "unlink") == 0;
}

static bool is_temporary(const char *name) {
  return name[0] == '.' && strlen(name) == 19;
}

static int is_ours(const struct dirent *entry) {
  char pid[20];

  snprintf(pid, sizeof pid, "-%ld", (long)getpid());
  if (entry->d_name[0] == '.')
    return is_isolated && is_temporary(entry->d_name) && !could_not_unlink();
  return is_isolated || strstr(entry->d_name, pid) != NULL;
}

static void list_names(char *names, size_t size) {
  struct dirent **entries;
  int count = scandir("/dev/shm", &entries, is_ours, by_name);

  names[0] = '\0';
  for (int i = 0; i < count; i++) {
    size_t length = strlen(names);
    snprintf(names + length, size - length, " %s", entries[i]->d_name);
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
}

/*
 * Whether a line of /proc/self/maps is an ownership log that still has its name. A process that
 * maps such a log is an owner.
 */
static bool is_log(const char *line) {
  unsigned long long inode = 0;
  const struct dirent *entry;
  bool found = false;
  DIR *directory;

  if (strstr(line, LOGS "/") == NULL || (directory = opendir(LOGS)) == NULL)
    return false;
  sscanf(line, "%*s %*s %*s %*s %llu", &inode);
  while ((entry = readdir(directory)) != NULL)
    found = found || entry->d_ino == inode;
  closedir(directory);
  return found;
}

static void count_mappings(footprint *counts) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char *line = NULL;
  size_t size = 0;

  while (getline(&line, &size, maps) > 0)
    if (is_log(line))
      counts->logs++;
    else if (strstr(line, "/dev/shm/") != NULL)
      counts->mappings++;
  free(line);
  fclose(maps);
}

static int count_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  int count = 0;

  while (readdir(directory) != NULL)
    count++;
  closedir(directory);
  return count;
}

static footprint take_footprint(void) {
  footprint now = {.live = faults_live(), .descriptors = count_descriptors()};

  count_mappings(&now);
  list_names(now.names, sizeof now.names);
  return now;
}

static void compare(const footprint *before, const footprint *after, unsigned leaves, const char *when) {
  /* checking the list may have registered a writer, too */
  const int mappings = (leaves & REGISTERS) != 0 ? 2 : (leaves & DISOWNS) != 0 ? 1 : 0;
  int more = after->mappings - before->mappings;

  if ((leaves & REMOVES) == 0 && strcmp(before->names, after->names) != 0)
    complain("%s the blocks are%s, before:%s", when, after->names, before->names);
  if (more < 0 || more > mappings)
    complain("%s there are %d more mappings", when, more);
  if (after->logs < before->logs || after->logs > before->logs + ((leaves & OWNS) != 0))
    complain("%s there are %d mappings of ownership logs, before: %d", when, after->logs, before->logs);
  if ((leaves & CONNECTS) != 0)
    return;
  if (after->descriptors != before->descriptors)
    complain("%s %d descriptors are open, before: %d", when, after->descriptors, before->descriptors);
  if (after->live != before->live)
    complain("%s there are %ld resources, before: %ld", when, after->live, before->live);
}

static bool is_among(shareable_status status, const shareable_status *all) {
  for (; all != NULL && *all != SHAREABLE_OK; all++)
    if (*all == status)
      return true;
  return false;
}

static bool has_message(const world *w, shareable_status status) {
  return w->error.status == status && strlen(w->error.message) > 10;
}

/* Runs the operation again, without failures. */
static void run_again(const operation *op, world *w, shareable_status usual) {
  shareable_status status;

  w->has_failures = false;
  status = op->act(w);
  if (status != usual && status != SHAREABLE_OK && !is_among(status, op->again))
    complain("a second run returns %s: %s", shareable_status_name(status), w->error.message);
  if (op->check != NULL)
    op->check(w, status);
  if ((status == usual || status == SHAREABLE_OK) && op->undo != NULL)
    op->undo(w);
}

/* Defined in a build that measures coverage: _exit() does not write this process's counts. */
extern void __gcov_dump(void) __attribute__((weak));

/* One run. `usual` is the result of the operation without failures. */
static void run(const operation *op, const fault_plan *plan, shareable_status usual) {
  world w = {.address = address, .tcp = tcp, .changed = -1, .has_failures = plan->call != 0};
  footprint first, before, after;
  shareable_status status;

  alarm(30);
  snprintf(w.name, sizeof w.name, "test-%ld", (long)getpid());
  first = take_footprint();
  if (op->prepare != NULL)
    op->prepare(&w);
  before = take_footprint();
  memset(&w.error, 0, sizeof w.error);
  faults_arm(plan, &result->trace);
  status = op->act(&w);
  faults_disarm();
  result->status = status;
  usual = plan->call == 0 ? status : usual;
  snprintf(result->text, sizeof result->text, "%s", w.error.message);
  if (status != SHAREABLE_OK && !has_message(&w, status))
    complain("no error message: '%s'", w.error.message);
  if (plan->call != 0 && status != usual && !is_among(status, op->allowed))
    complain("the header does not document that status: %s", w.error.message);
  if (op->check != NULL)
    op->check(&w, status);
  if (status != SHAREABLE_OK) {
    after = take_footprint();
    compare(&before, &after, op->leaves, "after the failure");
  }
  if ((status == usual || status == SHAREABLE_OK) && op->undo != NULL)
    op->undo(&w);
  run_again(op, &w, usual);
  if (op->finish != NULL)
    op->finish(&w);
  faults_have_tmpfile(true);
  after = take_footprint();
  after.logs = first.logs;
  compare(&first, &after, op->leaves & DISOWNS, "at the end");
  if (__gcov_dump != NULL)
    __gcov_dump();
  _exit(0);
}

/*
 * Waits until the reaper of a run has cleaned up. If the removal of the directory was the call that
 * failed, the directory remains until it is removed here.
 */
static void wait_for_reaper(void) {
  shareable__moved_recover();
  for (int i = 0; i < 4000 && rmdir(LOGS) != 0 && access(LOGS, F_OK) == 0; i++) {
    waitpid(-1, NULL, WNOHANG);
    usleep(500);
  }
  if (access(LOGS, F_OK) == 0) {
    fprintf(stderr, "%s: %s remains\n", current->name, LOGS);
    complaints++;
  }
}

/* Removes the files of a run that failed, or that could not remove them. */
static void clean(const char *directory) {
  DIR *entries = opendir(directory);
  const struct dirent *entry;
  char path[600];

  while (entries != NULL && (entry = readdir(entries)) != NULL) {
    snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    unlink(path);
  }
  if (entries != NULL)
    closedir(entries);
}

static void clean_all(void) {
  clean("/dev/shm");
  clean(LOGS);
  rmdir(LOGS);
}

/*
 * Waits for a child, and also for orphans: this can be the first process of a pid namespace, which
 * inherits them.
 */
static int wait_for_child(pid_t child) {
  int state = 0, other;
  pid_t ended;

  while ((ended = waitpid(-1, &other, 0)) >= 0 || errno == EINTR)
    if (ended == child) {
      state = other;
      break;
    }
  while (waitpid(-1, NULL, WNOHANG) > 0)
    ;
  return state;
}

static bool try(const operation *op, const fault_plan *plan, shareable_status usual) {
  pid_t child;
  int state;

  current = op;
  planned = *plan;
  result->trace.failed = -1;
  child = fork();
  if (child == 0)
    run(op, plan, usual);
  state = wait_for_child(child);
  runs++;
  if (WIFSIGNALED(state))
    fprintf(stderr, "%s: killed by a signal: %s\n", op->name, strsignal(WTERMSIG(state)));
  if (state != 0)
    complaints++;
  if (is_verbose && result->trace.failed >= 0)
    printf("%s | %s:%d %s | %s: %s\n", op->name, base(faults_site(result->trace.failed)->file),
           faults_site(result->trace.failed)->line, faults_site(result->trace.failed)->call,
           shareable_status_name(result->status), result->status == SHAREABLE_OK ? "" : result->text);
  if (is_isolated && state == 0 && !could_not_unlink())
    wait_for_reaper();
  if (is_isolated)
    clean_all();
  if (result->trace.failed >= 0)
    has_failed[result->trace.failed] = true;
  return result->trace.failed >= 0;
}

/* Records the places that are called after a failure and have not failed so far. */
static void note_later_calls(const fault_plan *plan) {
  int count = result->trace.count < FAULT_CALLS ? result->trace.count : FAULT_CALLS;

  for (int i = result->trace.before + 1; i < count; i++) {
    fault_plan *both = &after_failure[result->trace.sites[i]];

    if (both->call == 0 && !has_failed[result->trace.sites[i]]) {
      *both = *plan;
      both->second = result->trace.sites[i] + 1;
    }
  }
}

/* Makes the places fail that are called only after a failure. */
static void try_later_calls(const operation *op, shareable_status usual) {
  for (int i = 0; i < faults_site_count(); i++) {
    if (after_failure[i].call != 0 && !has_failed[i])
      try(op, &after_failure[i], usual);
    after_failure[i].call = 0;
  }
}

/* Tries all errors of the call number `call` at a place. */
static void try_call(const operation *op, int place, int call, shareable_status usual) {
  fault_plan plan = {.place = place, .call = call};

  for (; try(op, &plan, usual); plan.error++)
    note_later_calls(&plan);
  plan.error = 0;
  plan.extent = FAULT_SAME_FUNCTION;
  try(op, &plan, usual);
  if (result->trace.failed >= 0 && result->status == usual)
    was_ignored[place] = true;
  plan.extent = FAULT_ALL_RESOURCES;
  try(op, &plan, usual);
}

static void try_operation(const operation *op) {
  static fault_trace trace;
  const fault_plan no_failure = {0};
  shareable_status usual;
  int count;

  try(op, &no_failure, SHAREABLE_OK);
  trace = result->trace;
  usual = result->status;
  count = trace.count < FAULT_CALLS ? trace.count : FAULT_CALLS;
  for (int i = 0; i < count && complaints < MAX_COMPLAINTS; i++) {
    int before = 0, after = 0;

    for (int k = 0; k < count; k++)
      if (trace.sites[k] == trace.sites[i])
        *(k < i ? &before : &after) += 1;
    if (before < FIRST || after <= LAST)
      try_call(op, trace.sites[i], before + 1, usual);
  }
  try_later_calls(op, usual);
}

/* Failures that have no effect on the result, and places that no operation reaches, with the reasons. */
typedef struct excuse {
  const char *file, *call, *reason;
} excuse;

static const excuse ignored[] = {
  {"", "close", "the descriptor or stream is closed in any case"},
  {"", "closedir", "likewise"},
  {"", "fclose", "likewise"},
  {"", "nanosleep", "a waiter that wakes early checks again, and sleeps again"},
  {"", "usleep", "likewise"},
  {"", "waitpid", "another caller has waited for the process, which has ended"},
  {"control_directory.c", "fstat", "a directory that cannot be checked is not used, and an empty one remains"},
  {"control_directory.c", "lstat", "an empty directory remains"},
  {"control_directory.c", "rmdir", "likewise"},
  {"control_directory.c", "readdir", "the socket of a killed manager remains until the next manager starts"},
  {"control_socket.c", "kill", "likewise, if another test's manager runs or was killed"},
  {"control_socket.c", "readdir", "likewise"},
  {"control_socket.c", "unlinkat", "likewise"},
  {"socket_folder.c", "connect", "likewise, and the folder of the killed manager"},
  {"socket_folder.c", "fstat", "likewise"},
  {"socket_folder.c", "fstatat", "likewise"},
  {"socket_folder.c", "readlinkat", "likewise"},
  {"socket_folder.c", "socket", "likewise"},
  {"socket_folder.c", "unlinkat", "likewise"},
  {"descriptor.c", "openat", "a log that cannot be opened is unknown, and blocks that it may name are kept"},
  {"descriptor.c", "fcntl", "a descriptor whose flags cannot be read is closed if its file is the block"},
  {"descriptor.c", "fdopen", "a block that a process may have mapped is kept, unless the lease proves it unused"},
  {"descriptor.c", "fdopendir", "likewise; and blocks that logs in an unreadable directory may name are kept"},
  {"descriptor.c", "fstat",
   "a file that cannot be checked counts as another file: a log remains, and a writer seems alive"},
  {"descriptor.c", "eventfd", "a child of a fork leaves its parent's descriptor alone, and tries again later"},
  {"random.c", "getrandom", "a reader that cannot recover an item of a killed writer reads the redo record"},
  {"dict_reindex.c", "calloc", "without memory for a second index, the first one is made again in place"},
  {"file_set.c", "reallocarray", "the log of a block that may be moved remains"},
  {"fork.c", "madvise", "a child of _Fork() or clone(2) is not detected, as on a kernel before 4.14"},
  {"fork.c", "pthread_atfork", "likewise; a process without a liveness lock can still read"},
  {"futex.c", "syscall",
   "a waiter that cannot sleep checks until its timeout; a waiter that is not woken checks by itself"},
  {"gc.c", "fstat", "the result contains the reason, and the block is kept"},
  {"gc.c", "fstatat", "likewise"},
  {"gc.c", "statx", "the age is the time since the last write"},
  {"ownership_log.c", "fcntl", "an owner whose lock cannot be checked counts as alive"},
  {"ownership_log.c", "fstat", "a log that cannot be checked, and an entry that may be of a block, remain"},
  {"ownership_log.c", "fstatat",
   "a log whose name may belong to another file remains, and an entry that may be of a block"},
  {"process.c", "pread", "a successor whose start time cannot be read is checked with kill(2)"},
  {"process.c", "kill", "a successor whose existence cannot be checked counts as alive"},
  {"ownership_log.c", "lseek", "a hole that cannot be skipped is read through"},
  {"ownership_log.c", "pread", "a log that cannot be read is not removed"},
  {"ownership_log.c", "readdir", "likewise"},
  {"process.c", "readlink", "a successor that /proc does not show is checked with kill(2)"},
  {"ownership_log.c", "reallocarray", "the logs of a user for whom there is no memory are not read"},
  {"process.c", "stat", "a successor in an unknown pid namespace counts as alive"},
  {"ownership_log.c", "unlinkat", "an empty log remains"},
  {"lease.c", "fcntl",
   "a block whose users are unknown is kept; a lease that is not released ends with its descriptor"},
  {"lease.c", "syscall", "without the thread's id there is no lease, and the block is kept"},
  {"limit.c", "getrlimit", "without the limit, a file that is too large fails only when it is created"},
  {"proc_maps.c", "access",
   "if not all processes can be read, a block is kept unless the lease proves that it is unused"},
  {"proc_maps.c", "getline", "a block that a process may have mapped is kept"},
  {"proc_maps.c", "readdir", "likewise"},
  {"proc_maps.c", "reallocarray", "likewise"},
  {"proc_maps.c", "readlinkat", "the name that a file had before it was unlinked, for `shareable ls`"},
  {"proc_maps.c", "statx",
   "statx(2) may fail for files of other file systems; the lease shows whether a block is open"},
  {"proc_maps.c", "strndup", "the name that a file had before it was unlinked, for `shareable ls`"},
  {"owner_directory.c", "fchmodat", "a directory that already has the mode is used"},
  {"owner_directory.c", "fstat", "a directory that cannot be checked is not used"},
  {"owner_directory.c", "fstatat", "an empty directory remains"},
  {"owner_directory.c", "readdir", "logs that cannot be found are unknown, and blocks that they may name are kept"},
  {"owner_directory.c", "unlinkat", "an empty directory remains"},
  {"rename.c", "syscall", "without renameat2(2), a file is moved by rename(2), and moved back by link(2)"},
  {"segment_create.c", "access", "the block has a temporary name until it is complete"},
  {"segment.c", "fcntl", "other processes treat the block as used; and the block is mapped without its usage lock"},
  {"segment.c", "getrlimit", "without the limit, no descriptor is kept"},
  {"segment.c", "lstat", "the check before a large block is created only saves time"},
  {"segment.c", "mmap", "a block that is closed in place stays mapped until the handle is freed"},
  {"segment.c", "open", "without a liveness lock, a reader reads an item of a killed writer from the redo record"},
  {"segment_create.c", "statvfs", "the memory is requested without that check, and the error message has no sizes"},
  {"segment.c", "unlink", "a temporary name remains"},
  {"manager.c", "rmdir", "the directory of a killed manager remains"},
  {"manager.c", "unlink", "the socket of a killed manager remains, and its directory"},
  {"moved.c", "lstat", "a moved file that cannot be checked remains until the next gc"},
  {"moved.c", "unlink", "a moved file, or an empty link, remains until the next gc"},
  {"unlink.c", "lstat", "gc's result contains the reason, and the block is kept"},
  {"moved.c", "readdir", "a file left by a killed process remains until the next gc"},
  {"moved.c", "symlink", "in a full /dev/shm a long name is moved without a link that contains it"},
  {"unlink.c", "unlink", "gc's result contains the reason, and the block is kept; an empty link remains, too"},
  {"connection.c", "connect", "a manager that this process started ends with it, even if the call fails"},
  {"connection.c", "getsockopt", "likewise"},
  {"connection.c", "poll", "likewise"},
  {"connection.c", "realloc", "likewise"},
  {"connection.c", "recv", "likewise"},
  {"connection.c", "send", "likewise"},
  {"connection.c", "setsockopt", "small messages take longer"},
  {"connection.c", "socket", "a manager that this process started ends with it"},
  {"writer.c", "fcntl", "a writer whose lock cannot be checked counts as alive"},
  {"writer.c", "madvise", "a reader that cannot recover an item of a killed writer reads the redo record"},
  {"writer.c", "mmap", "likewise"},
  {"thread.c", "pthread_setname_np", "a thread of a watch has the name of the program"},
  {"eventfd.c", "dup3", "a child of a fork leaves its parent's descriptor alone, and tries again later"},
  {"eventfd.c", "fcntl", "the eventfd is not distinguished from others, which have no file either"},
  {"eventfd.c", "read", "the program has read the eventfd itself, and it is not readable"},
  {"eventfd.c", "write", "the counter of the eventfd is at its maximum, and it is readable"},
  {"membarrier.c", "syscall", "without membarrier(2), every store locks, and a waiter first waits a little"},
  {NULL, NULL, NULL},
};

static const excuse unreached[] = {
  {"control_directory.c", "close", "a manager's program creates the directory: see tests/tools/cli/test_manager.py"},
  {"control_directory.c", "faccessat", "likewise"},
  {"control_directory.c", "fchmodat", "likewise"},
  {"control_directory.c", "mkdirat", "likewise"},
  {"control_directory.c", "unlinkat", "likewise"},
  {"control_directory.c", "fstatat", "of a user who is not root"},
  {"control_directory.c", "readdir", "of /run/user, which some machines do not have"},
  {"control_directory.c", "closedir", "likewise"},
  {"control_socket.c", "fstatat", "of a manager that was killed before it listened"},
  {"control_socket.c", "kill", "for the sockets of other managers, when a manager starts"},
  {"descriptor.c", "close", "of one of the descriptors 0 to 2, which are open in this test"},
  {"descriptor.c", "fcntl", "likewise"},
  {"inventory.c", "fstat", "of a directory of another mount namespace: see tests/core/gc.c"},
  {"ownership_log.c", "fstat", "of a log that a killed process did not complete: see tests/core/ownership_log.c"},
  {"lease.c", "syscall", "for a signal of the thread, which glibc's sigtimedwait(3) returns as one of the process"},
  {"manager_spawn.c", "kill", "SIGKILL, for a manager that has ignored SIGTERM for a second"},
  {"owner.c", "getrlimit", "for the message about a small RLIMIT_FSIZE: see tests/core/owner.c"},
  {"reaper.c", "getrlimit", "for the message about a small RLIMIT_NOFILE: see tests/core/owner.c"},
  {"owner_directory.c", "unlinkat",
   "of a directory that belongs to another user from the start (setfsuid): see tests/core/owner_directory.c"},
  {"owner_directory.c", "close", "of a file of the overflow user, as which unmapped users appear"},
  {"segment.c", "lstat", "for the message about a file that cannot be opened: see tests/tools/cli/test_not_blocks.py"},
  {"segment.c", "close", "of another block that has taken the name, if /proc is not mounted"},
  {"writer.c", "close", "of a descriptor that another thread opens at the same time"},
  {NULL, NULL, NULL},
};

static bool is_excused(const excuse *all, const fault_site *site) {
  for (; all->file != NULL; all++)
    if ((all->file[0] == '\0' || strcmp(all->file, base(site->file)) == 0) && strcmp(all->call, site->call) == 0)
      return true;
  return false;
}

static void check_places(void) {
  for (int i = 0; i < faults_site_count(); i++) {
    const fault_site *site = faults_site(i);

    if (!has_failed[i] && is_isolated && !is_excused(unreached, site)) {
      fprintf(stderr, "%s at %s:%d has never been made to fail\n", site->call, base(site->file), site->line);
      complaints++;
    }
    if (was_ignored[i] && !is_excused(ignored, site)) {
      fprintf(stderr, "%s at %s:%d fails without an effect: fault/each_call.c must list it as ignored\n", site->call,
              base(site->file), site->line);
      complaints++;
    }
  }
}

static void end(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

int main(int argc, char **argv) {
  static char directory[] = "/tmp/faults-XXXXXX", path[60];
  static const operation *const all[] = {blocks_operations,  lists_operations,   arrays_operations,  dicts_operations,
                                         garbage_operations, watches_operations, managers_operations};
  const char *wanted = argc < 2 ? "" : argv[1];
  pid_t manager, other;
  int done = 0;

  is_verbose = getenv("VERBOSE_FAULTS") != NULL;
  is_isolated = getenv("FAULTS_ISOLATED") != NULL;
  result = mmap(NULL, sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (result == MAP_FAILED || mkdtemp(directory) == NULL || setenv("TMPDIR", directory, 1) != 0)
    return 99;
  snprintf(path, sizeof path, "%s/manager", directory);
  manager = start_manager(path, address);
  other = start_manager("127.0.0.1:0", tcp);
  if (manager < 0 || other < 0)
    return 99;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    for (const operation *op = all[i]; op->name != NULL && complaints < MAX_COMPLAINTS; op++)
      if (strstr(op->name, wanted) != NULL) {
        try_operation(op);
        done++;
      }
  end(manager);
  end(other);
  for (int i = 0; i < 2000 && access(path, F_OK) == 0; i++)
    usleep(500);
  if (rmdir(directory) != 0) {
    fprintf(stderr, "%s is not empty\n", directory);
    complaints++;
  }
  if (wanted[0] == '\0' && complaints == 0)
    check_places();
  printf("%d operations, %d places with a call, %d runs with a failure: %d errors\n", done, faults_site_count(), runs,
         complaints);
  return complaints != 0;
}
