/*
 * private_shm.c - gives the unit tests a private /dev/shm, if the process may mount one.
 *
 * Reapers and gc of other programs do not see the blocks of the tests there, and everything that is
 * left there is left by the tests.
 */
#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

/* Set in the environment of the processes that run the tests: they are in the namespace already. */
#define MARK "SHAREABLE_TESTS_HAVE_SHM"

static pid_t runner; /* the process that mounted it, or 0 */

__attribute__((constructor)) static void mount_shm(void) {
  if (getenv(MARK) != NULL || geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
    return;
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") != 0 || setenv(MARK, "1", 1) != 0)
    return;
  runner = getpid();
}

/* Returns whether /dev/shm is empty. If it is not and `prints` is set, prints the names. */
static bool is_empty(bool prints) {
  DIR *directory = opendir("/dev/shm");
  const struct dirent *entry;
  bool is_empty = true;

  while (directory != NULL && (entry = readdir(directory)) != NULL) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    is_empty = false;
    if (prints)
      fprintf(stderr, "left behind: /dev/shm/%s\n", entry->d_name);
  }
  if (directory != NULL)
    closedir(directory);
  return is_empty;
}

/* A reaper removes the blocks of a process a moment after the process has ended. */
__attribute__((destructor)) static void check_nothing_is_left(void) {
  if (runner == 0 || runner != getpid())
    return;
  for (int tries = 0; tries < 50 && !is_empty(false); tries++)
    nanosleep(&(struct timespec){0, 100000000}, NULL);
  if (is_empty(true))
    return;
  fflush(NULL);
  _exit(1);
}
