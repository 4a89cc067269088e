/*
 * reaper.c - waits until a process has ended, and unlinks the blocks that it owned.
 *
 * The library starts the reaper when a process records its first owned block
 * (core/src/shm/reaper.c). The reaper has its own session, so that a signal to the process's group
 * does not end it. It also unlinks the blocks in the logs of processes whose reaper was killed with
 * them.
 *
 * Normally each owner has one reaper. It is an orphan, and the parent of orphans reaps it when it
 * exits. In a container the first process often does not. There, all owners of a directory and pid
 * namespace share one reaper (supervisor.h), so that no owner leaves a zombie.
 *
 * The process that the library starts exits with 0, with an errno above 2 if there is no reaper for
 * that reason, or with 1 or 2.
 */
#include "reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"
#include "limits.h"
#include "orphan.h"
#include "shm/moved.h"
#include "supervisor.h"

/*
 * The descriptors that a reaper needs to unlink the blocks in one log, beside 0 to 2. The logs of
 * other dead owners need more; if this reaper has too few, the next reaper unlinks those.
 */
enum { FILES = 3 };

/*
 * Closes the owner's files, leaves its directory, and ignores the signals that ask a program to
 * end.
 */
static void daemonize(void) {
  static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGXFSZ, SIGXCPU};
  int null;

  limits_raise();
  if (syscall(SYS_close_range, 0u, ~0u, 0u) != 0)
    for (int fd = 0; fd < 1024; fd++)
      close(fd);
  null = open("/dev/null", O_RDWR);
  if (null == 0 && dup(0) == 1)
    (void)!dup(0);
  (void)!chdir("/");
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    signal(signals[i], SIG_IGN);
}

/*
 * If the owner changed only its effective user, its real user must not be able to control this
 * process.
 */
static bool drop_real_user(void) {
  uid_t user, effective, saved;
  gid_t group, effective_group, saved_group;

  getresuid(&user, &effective, &saved);
  getresgid(&group, &effective_group, &saved_group);
  if ((group != effective_group || saved_group != effective_group) &&
      setresgid(effective_group, effective_group, effective_group) != 0)
    return false;
  return (user == effective && saved == effective) || setresuid(effective, effective, effective) == 0;
}

/* Opens a directory of this user. */
static bool open_directory(const char *name, shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open();
  bool is_open = shm >= 0 && shareable__owner_directory_open(shm, name, directory) == 0;

  if (shm >= 0)
    close(shm);
  return is_open && directory->user == geteuid();
}

static void reap_stale_logs(const shareable__owner_directory *directory, void *context) {
  (void)context;
  if (directory->user == geteuid())
    shareable__ownership_log_foreach(directory, reaper_reap_stale_log, NULL);
}

static void keep(const shareable__owner_directory *directory, const char *log) {
  shareable__moved_recover();
  shareable__owner_directory_foreach(reap_stale_logs, NULL);
  reaper_keep(directory, log);
}

int reaper_main(int argc, char **argv) {
  shareable__owner_directory directory;
  supervisor shared;
  bool is_shared;
  pid_t child;

  if (argc != 3) {
    fputs("Usage: shareable-reaper DIRECTORY LOG\n\nlibshareable starts this program for a process that owns blocks.\n",
          stderr);
    return 2;
  }
  if (!drop_real_user()) {
    perror("shareable-reaper: cannot drop the real user of the program that started it");
    return 1;
  }
  daemonize();
  if (!limits_allow_files(FILES))
    return errno;
  if (!open_directory(argv[1], &directory))
    return 1;
  switch (supervisor_find(&shared, &directory)) {
  case SUPERVISOR_RUNS:
    return 0;
  case SUPERVISOR_NEEDED:
    is_shared = true;
    break;
  default:
    is_shared = false;
  }
  child = fork();
  if (child != 0)
    return child < 0 ? errno : 0; /* the owner waits for this exit */
  if (is_shared)
    supervisor_run(&shared);
  else
    keep(&directory, argv[2]);
  return 0;
}
