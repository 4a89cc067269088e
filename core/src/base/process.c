/*
 * process.c - when a process started, and the namespaces in which pids and start times are valid.
 */
#include "base/process.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"

/*
 * Without /proc, or if /proc hides other users' processes, only the absence of the process can be
 * proven.
 */
static uint64_t start_without_proc(int64_t pid) {
  return kill((pid_t)pid, 0) != 0 && errno == ESRCH ? 0 : SHAREABLE__START_UNKNOWN;
}

/*
 * A /proc that was mounted in another pid namespace shows other pids: this process has another pid
 * there.
 */
static bool proc_shows_own_namespace(void) {
  char pid[24];
  ssize_t length = readlink("/proc/self", pid, sizeof pid - 1);

  if (length <= 0)
    return false;
  pid[length] = '\0';
  return strtoll(pid, NULL, 10) == getpid();
}

/*
 * Reads a number from /proc/PID/stat. `name_end` is the end of field 2, and the field's number must
 * be above 3.
 */
static bool read_field(const char *name_end, int number, uint64_t *value) {
  const char *space = name_end;

  for (int field = 2; space != NULL && field < number; field++)
    space = strchr(space + 1, ' ');
  if (space != NULL)
    *value = strtoull(space + 1, NULL, 10);
  return space != NULL;
}

/*
 * State Z means that the main thread has ended and is not reaped. Other threads may still run:
 * field 20 counts them.
 */
static bool has_ended(const char *name_end) {
  uint64_t threads = 0;

  if (strncmp(name_end, ") X", 3) == 0)
    return true;
  return strncmp(name_end, ") Z", 3) == 0 && read_field(name_end, 20, &threads) && threads <= 1;
}

/*
 * Returns field 22 of the text of /proc/PID/stat, or 0 if the process has ended and is not reaped.
 */
static uint64_t parse_start(const char *text) {
  const char *name_end = strrchr(text, ')'); /* the program's name is field 2, and may contain any bytes */
  uint64_t start;

  if (name_end == NULL)
    return SHAREABLE__START_UNKNOWN;
  if (has_ended(name_end))
    return 0;
  return read_field(name_end, 22, &start) ? start : SHAREABLE__START_UNKNOWN;
}

static ssize_t read_text(int fd, char *text, size_t size) {
  ssize_t length;

  do
    length = pread(fd, text, size - 1, 0);
  while (length < 0 && errno == EINTR);
  text[length < 0 ? 0 : length] = '\0';
  return length;
}

uint64_t shareable__process_start(int64_t pid) {
  char path[40], text[1024];
  ssize_t length;
  int fd;

  if (pid <= 0 || pid > INT_MAX)
    return 0;
  if (!proc_shows_own_namespace())
    return start_without_proc(pid);
  snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
  fd = shareable__openat(AT_FDCWD, path, O_RDONLY, 0);
  if (fd < 0)
    return start_without_proc(pid);
  length = read_text(fd, text, sizeof text);
  close(fd);
  return length <= 0 ? start_without_proc(pid) : parse_start(text);
}

static uint64_t namespace_of(const char *path) {
  struct stat status;

  return stat(path, &status) == 0 ? status.st_ino : 0;
}

uint64_t shareable__pid_namespace(void) {
  return namespace_of("/proc/self/ns/pid");
}

uint64_t shareable__time_namespace(void) {
  return namespace_of("/proc/self/ns/time");
}
