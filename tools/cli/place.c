/*
 * place.c - the directory whose files are listed: /dev/shm of this process or of another one, or
 * another directory.
 */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capability.h"
#include "cli.h"
#include "process.h"
#include "shm/segment.h"

#define FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)

static int open_name(int directory, const char *name) {
  if (strcmp(name, "..") != 0)
    return openat(directory, name, FLAGS | O_NOFOLLOW);
  errno = EXDEV;
  return -1;
}

/* Opens the path one name at a time, and follows no link. */
static int open_names(int root, const char *path) {
  char *names = cli_format("%s", path), *rest = names, *name;
  int fd = openat(root, ".", FLAGS), errnum = errno;

  while (fd >= 0 && (name = strsep(&rest, "/")) != NULL) {
    int next = name[0] == '\0' ? dup(fd) : open_name(fd, name);

    errnum = errno;
    close(fd);
    fd = next;
  }
  free(names);
  errno = errnum;
  return fd;
}

/* openat2(2) needs Linux 5.6, and some seccomp profiles refuse it. */
static int open_in_root(int root, const char *path) {
  struct open_how how = {.flags = FLAGS, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  long fd = syscall(SYS_openat2, root, path, &how, sizeof how);

  return fd >= 0 || (errno != ENOSYS && errno != EPERM) ? (int)fd : open_names(root, path);
}

/* A process that has ended has an entry in /proc, but no root directory, until its parent waits for it. */
static bool is_zombie(int64_t pid) {
  char *path = cli_format("/proc/%" PRId64, pid);
  bool result = access(path, F_OK) == 0;

  free(path);
  return result;
}

static _Noreturn void die_process(int64_t pid) {
  int errnum = errno;

  if (!process_proc_is_mounted())
    cli_die("cannot look into process %" PRId64 ": /proc is not mounted", pid);
  if (errnum == ENOENT && is_zombie(pid))
    cli_die("process %" PRId64 " has ended, and its parent has not waited for it", pid);
  if (errnum == ENOENT || errnum == ESRCH)
    cli_die("there is no process %" PRId64, pid);
  cli_die("cannot look into process %" PRId64 ": %s: %s", pid, strerror(errnum), capability_advice());
}

static int open_of_process(const char *directory, int64_t pid) {
  char *path = cli_format("/proc/%" PRId64 "/root", pid);
  int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

  free(path);
  if (root < 0)
    die_process(pid);
  fd = open_in_root(root, directory);
  close(root);
  return fd;
}

static bool is_same(int fd, const char *path) {
  struct stat a, b;

  return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Elsewhere, files are not shared memory. A lease on them may disturb the programs that use them. */
static void check_tmpfs(const block_place *opened) {
  struct statfs file_system;

  if (fstatfs(opened->fd, &file_system) != 0)
    cli_die("cannot read '%s': %s", opened->text, strerror(errno));
  if (!opened->is_own && file_system.f_type != TMPFS_MAGIC)
    cli_die("'%s' is not on a tmpfs, so its files are not shared memory", opened->text);
}

block_place place_open(const char *directory, int64_t pid) {
  const char *path = directory == NULL ? SHAREABLE__DIRECTORY : directory;
  block_place opened = {.fd = pid == 0 ? open(path, FLAGS) : open_of_process(path, pid)};
  int errnum = errno;

  opened.text = pid == 0 ? cli_format("%s", path) : cli_format("%s of process %" PRId64, path, pid);
  if (opened.fd < 0)
    cli_die("cannot read '%s': %s", opened.text, strerror(errnum));
  opened.is_own = is_same(opened.fd, SHAREABLE__DIRECTORY);
  check_tmpfs(&opened);
  return opened;
}

void place_close(block_place *opened) {
  close(opened->fd);
  free(opened->text);
}
