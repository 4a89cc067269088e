/*
 * guard.c - runs a command under a guard: a process that outlives this program, and kills the
 * command and its descendants if this program is killed.
 */
#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
enum { FORWARDED_COUNT = sizeof forwarded / sizeof *forwarded };

static sigset_t initial_mask; /* the command gets it back */
static pid_t program;         /* the process that the user started */

static void collect_signals(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGCHLD);
  for (int i = 0; i < FORWARDED_COUNT; i++)
    sigaddset(set, forwarded[i]);
}

static int exit_status_of(int status) {
  return WIFSIGNALED(status) ? GUARD_SIGNALED + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reaps children until there are none that have ended. Returns whether `child` was among them. */
static bool reap(pid_t child, int *status) {
  bool has_ended = false;
  int each;
  pid_t pid;

  while ((pid = waitpid(-1, &each, WNOHANG)) > 0)
    if (pid == child) {
      has_ended = true;
      *status = exit_status_of(each);
    }
  return has_ended;
}

/* Returns whether a process sent the signal that must be forwarded to the child. */
static bool must_forward(const siginfo_t *signal) {
  return signal->si_signo != SIGCHLD &&
         (signal->si_code == SI_USER || signal->si_code == SI_QUEUE || signal->si_code == SI_TKILL);
}

int guard_start(int run(void *context), void *context) {
  siginfo_t signal;
  sigset_t set;
  pid_t guard;
  int status;

  collect_signals(&set);
  sigprocmask(SIG_BLOCK, &set, &initial_mask);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, NULL); /* if it is ignored, no status is kept */
  program = getpid();
  guard = fork();
  if (guard < 0)
    cli_die("cannot start a process: %s", strerror(errno));
  if (guard == 0) {
    prctl(PR_SET_PDEATHSIG, SIGCHLD);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    _exit(cli_flush_or_warn(run(context)));
  }
  while (!reap(guard, &status))
    if (sigwaitinfo(&set, &signal) > 0 && must_forward(&signal))
      kill(guard, signal.si_signo);
  return status;
}

/* The thread that forked has not ended: this program has only one. */
static bool has_lost_program(void) {
  return getppid() != program;
}

int guard_pending_signal(void) {
  const struct timespec now = {0};
  siginfo_t signal;
  sigset_t set;

  collect_signals(&set);
  while (sigtimedwait(&set, &signal, &now) > 0)
    if (signal.si_signo != SIGCHLD)
      return signal.si_signo;
  return has_lost_program() ? SIGKILL : 0;
}

/* Kills the children that the kernel lists. Returns false if it does not list them. */
static bool kill_children(void) {
  char *path = cli_format("/proc/self/task/%ld/children", (long)getpid());
  FILE *file = fopen(path, "re");
  int pid;

  free(path);
  if (file == NULL)
    return false;
  while (fscanf(file, "%d", &pid) == 1)
    kill(pid, SIGKILL);
  fclose(file);
  return true;
}

/*
 * Kills the command and its descendants, and returns when all have ended. The children of a killed
 * process become children of this one, which is a subreaper. It waits for a process that it may not
 * kill, because that runs as another user. Without a list of children it kills only the command.
 */
static _Noreturn void kill_all(pid_t command) {
  kill(command, SIGKILL);
  while (kill_children() && waitpid(-1, NULL, 0) > 0)
    ;
  waitpid(command, NULL, 0);
  _exit(GUARD_SIGNALED + SIGKILL);
}

/* Does not return. A guard that was killed before the prctl() sends no signal. */
static _Noreturn void execute(char *const *command, pid_t guard) {
  int errnum;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != guard)
    raise(SIGKILL);
  sigprocmask(SIG_SETMASK, &initial_mask, NULL);
  execvp(command[0], command);
  errnum = errno;
  cli_warn("cannot execute '%s': %s", command[0], strerror(errnum));
  _exit(errnum == ENOENT ? GUARD_NOT_FOUND : GUARD_CANNOT_EXECUTE);
}

int guard_command(char *const *command) {
  pid_t guard = getpid(), child = fork();
  siginfo_t signal;
  sigset_t set;
  int status;

  if (child < 0)
    cli_die("cannot start '%s': %s", command[0], strerror(errno));
  if (child == 0)
    execute(command, guard);
  collect_signals(&set);
  while (!reap(child, &status)) {
    if (has_lost_program())
      kill_all(child);
    if (sigwaitinfo(&set, &signal) > 0 && must_forward(&signal) && signal.si_pid == program)
      kill(child, signal.si_signo);
  }
  return status;
}
