/*
 * main.c - shareable-reaper: waits until a process has ended, and unlinks the blocks that it owned.
 *
 * The library starts it with the process's first such block (core/src/shm/owner.c), in a session of its own, so that what ends
 * the process's group does not end this. It also clears the logs of processes whose reaper was killed with them.
 *
 * Normally there is one for each owner: it is an orphan, and the parent of orphans waits for it when it exits. In a container
 * the first process often does not. There, all owners of a directory and pid namespace share one reaper (supervisor.h), so that
 * no owner leaves a zombie.
 *
 * The exit status of the process that the library started is 0; an errno above 2 that says why there is no reaper; or 1 or 2.
 */
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
 * What a reaper of one owner takes at most to clear its log, beside 0 to 2. To look after what other processes left takes more:
 * if it cannot, the next reaper does.
 */
enum { FILES = 3 };

/* Nothing of the process that started it is kept open, or in the way; and no signal that asks programs to end ends it. */
static void detach(void) {
  static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGXFSZ, SIGXCPU};
  int nothing;

  limits_raise();
  if (syscall(SYS_close_range, 0u, ~0u, 0u) != 0)
    for (int fd = 0; fd < 1024; fd++)
      close(fd);
  nothing = open("/dev/null", O_RDWR);
  if (nothing == 0 && dup(0) == 1)
    (void)!dup(0);
  (void)!chdir("/");
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    signal(signals[i], SIG_IGN);
}

/* Of a program that changed its effective user only: its real user must have no power over this process. */
static bool be_one_user(void) {
  uid_t user, effective, saved;
  gid_t group, effective_group, saved_group;

  getresuid(&user, &effective, &saved);
  getresgid(&group, &effective_group, &saved_group);
  if ((group != effective_group || saved_group != effective_group) &&
      setresgid(effective_group, effective_group, effective_group) != 0)
    return false;
  return (user == effective && saved == effective) || setresuid(effective, effective, effective) == 0;
}

/* A directory of this user's alone. */
static bool open_directory(const char *name, shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open();
  bool is_open = shm >= 0 && shareable__owner_directory_open(shm, name, directory) == 0;

  if (shm >= 0)
    close(shm);
  return is_open && directory->user == geteuid();
}

static void sweep_directory(const shareable__owner_directory *directory, void *context) {
  (void)context;
  if (directory->user == geteuid())
    shareable__ownership_log_foreach(directory, reaper_sweep, NULL);
}

static void reap_one(const shareable__owner_directory *directory, const char *log) {
  shareable__moved_recover();
  shareable__owner_directory_each(sweep_directory, NULL);
  reaper_keep(directory, log);
}

int main(int argc, char **argv) {
  shareable__owner_directory directory;
  supervisor shared;
  bool is_shared;

  if (argc != 3) {
    fputs("usage: shareable-reaper DIRECTORY LOG\n\nIt is started by libshareable, for a process that owns blocks.\n",
          stderr);
    return 2;
  }
  if (!be_one_user()) {
    perror("shareable-reaper: cannot give up the real user of the program that started it");
    return 1;
  }
  detach();
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
  switch (fork()) {
  case -1:
    return errno;
  case 0:
    break;
  default:
    return 0; /* the process that started this waits for that */
  }
  if (is_shared)
    supervisor_run(&shared);
  else
    reap_one(&directory, argv[2]);
  return 0;
}
