/*
 * doctor_mounts.c - the checks of the mounts at /dev/shm: here, and in containers on this machine.
 */
#include <dirent.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "doctor.h"
#include "mount.h"
#include "shm/segment.h"
#include "table.h"

/* The inode of the first pid namespace, which the kernel defines: PROC_PID_INIT_INO. */
#define FIRST_PID_NAMESPACE "pid:[4026531836]"

static bool reads_link(const char *path, char *text, size_t size) {
  ssize_t length = readlink(path, text, size - 1);

  text[length < 0 ? 0 : length] = '\0';
  return length > 0;
}

static bool is_container(void) {
  char name[64];

  return (reads_link("/proc/self/ns/pid", name, sizeof name) && strcmp(name, FIRST_PID_NAMESPACE) != 0) ||
         access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
}

/* A directory in another file system, such as /dev, shares that file system's space. */
static void check_mount(doctor_report *report) {
  cli_mount mount;
  bool is_inside = is_container();

  if (access("/proc/self/mountinfo", R_OK) != 0)
    doctor_add(report, "mount", DOCTOR_OK, "", "unknown without /proc: see below");
  else if (!cli_mount_find(getpid(), SHAREABLE__DIRECTORY, &mount))
    doctor_add(report, "mount", DOCTOR_NOTE,
               "blocks take the space of another file system: mount -t tmpfs -o mode=1777 shm " SHAREABLE__DIRECTORY,
               "not a mount of its own");
  else if (is_inside)
    doctor_add(report, "mount", DOCTOR_NOTE,
               "blocks and processes of the host and of other containers are not seen from here: run this on the host",
               "in a container");
  else
    doctor_add(report, "mount", DOCTOR_OK, "", "not in a container");
}

/* The mounts at /dev/shm of processes in other mount namespaces. */
typedef struct other_mounts {
  char (*namespaces)[64];
  size_t namespace_count;
  dev_t *devices; /* the first one is that of this process */
  size_t device_count;
  int64_t fullest; /* a process with the mount that has the least space left, or 0 */
  uint64_t used, size;
} other_mounts;

/* Returns false if the namespace was seen before, or may not be inspected. */
static bool is_new_namespace(other_mounts *found, int64_t pid) {
  char path[40], name[sizeof *found->namespaces];

  snprintf(path, sizeof path, "/proc/%" PRId64 "/ns/mnt", pid);
  if (!reads_link(path, name, sizeof name))
    return false;
  for (size_t i = 0; i < found->namespace_count; i++)
    if (strcmp(found->namespaces[i], name) == 0)
      return false;
  found->namespaces = cli_allocate(found->namespaces, found->namespace_count + 1, sizeof name);
  memcpy(found->namespaces[found->namespace_count++], name, sizeof name);
  return true;
}

static bool is_new_device(other_mounts *found, dev_t device) {
  for (size_t i = 0; i < found->device_count; i++)
    if (found->devices[i] == device)
      return false;
  found->devices = cli_allocate(found->devices, found->device_count + 1, sizeof *found->devices);
  found->devices[found->device_count++] = device;
  return true;
}

/* Only a tmpfs is asked for its size: another file system may not answer. */
static void measure(other_mounts *found, int64_t pid) {
  struct statfs file_system;
  uint64_t size, used;
  char path[40];

  snprintf(path, sizeof path, "/proc/%" PRId64 "/root" SHAREABLE__DIRECTORY, pid);
  if (statfs(path, &file_system) != 0 || file_system.f_type != TMPFS_MAGIC || file_system.f_blocks == 0)
    return;
  size = (uint64_t)file_system.f_blocks * (uint64_t)file_system.f_bsize;
  used = size - (uint64_t)file_system.f_bfree * (uint64_t)file_system.f_bsize;
  if (found->fullest != 0 && (double)used / (double)size <= (double)found->used / (double)found->size)
    return;
  found->fullest = pid;
  found->used = used;
  found->size = size;
}

static void look(other_mounts *found, int64_t pid) {
  cli_mount mount;

  if (is_new_namespace(found, pid) && cli_mount_find(pid, SHAREABLE__DIRECTORY, &mount) &&
      is_new_device(found, mount.device) && strcmp(mount.type, "tmpfs") == 0)
    measure(found, pid);
}

static void find_other_mounts(other_mounts *found) {
  DIR *processes = opendir("/proc");
  const struct dirent *entry;
  struct stat directory;
  int64_t pid;

  is_new_namespace(found, getpid());
  if (stat(SHAREABLE__DIRECTORY, &directory) == 0)
    is_new_device(found, directory.st_dev);
  while (processes != NULL && (entry = readdir(processes)) != NULL)
    if (cli_parse_integer(entry->d_name, &pid))
      look(found, pid);
  if (processes != NULL)
    closedir(processes);
}

static void report_other_mounts(doctor_report *report, const other_mounts *found) {
  const cli_view view = {0};
  char *used = cli_size(found->used, &view), *size = cli_size(found->size, &view);
  char *advice = cli_format("'shareable ls --pid %" PRId64 "' lists its blocks", found->fullest);
  size_t others = found->device_count - 1;

  if (found->fullest == 0)
    doctor_add(report, "containers", DOCTOR_OK, "", "other mounts at " SHAREABLE__DIRECTORY ": %zu", others);
  else
    doctor_add(report, "containers", found->used > found->size - found->size / 10 ? DOCTOR_WRONG : DOCTOR_OK, advice,
               "other mounts at " SHAREABLE__DIRECTORY ": %zu; the fullest, of process %" PRId64
               ", has %s of %s in use",
               others, found->fullest, used, size);
  free(used);
  free(size);
  free(advice);
}

void doctor_check_mounts(doctor_report *report) {
  other_mounts found = {0};

  check_mount(report);
  find_other_mounts(&found);
  if (found.device_count > 1)
    report_other_mounts(report, &found);
  else
    doctor_add(report, "containers", DOCTOR_OK, "", "no other " SHAREABLE__DIRECTORY " that this user can see");
  free(found.namespaces);
  free(found.devices);
}
