/*
 * doctor_limits.c - the checks of the limits of this process and of its control group.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statfs.h>

#include "cgroup.h"
#include "doctor.h"
#include "shm/segment.h"
#include "table.h"

/* `enough` is the lowest limit that is not to note. */
static void check_limit(doctor_report *report, const char *check, int resource, uint64_t enough, const char *advice) {
  struct rlimit limit;

  getrlimit((__rlimit_resource_t)resource, &limit);
  if (limit.rlim_cur == RLIM_INFINITY)
    doctor_add(report, check, DOCTOR_OK, "", "unlimited");
  else
    doctor_add(report, check, limit.rlim_cur < enough ? DOCTOR_NOTE : DOCTOR_OK, advice, "%" PRIu64,
               (uint64_t)limit.rlim_cur);
}

/* The largest number of bytes that blocks can take. */
static uint64_t space(void) {
  struct statfs file_system;

  if (statfs(SHAREABLE__DIRECTORY, &file_system) != 0 || file_system.f_blocks == 0)
    return UINT64_MAX;
  return (uint64_t)file_system.f_blocks * (uint64_t)file_system.f_bsize;
}

/* The kernel charges a page of a block to the group of the process that first writes to it. */
static void check_group(doctor_report *report) {
  const cli_view view = {0};
  cgroup_memory memory;
  char *limit, *shared;

  if (!cgroup_memory_read(&memory)) {
    doctor_add(report, "cgroup", DOCTOR_OK, "", "no memory limit");
    return;
  }
  limit = cli_size(memory.limit, &view);
  shared = cli_size(memory.shared, &view);
  if (memory.shared > memory.limit - memory.limit / 5)
    doctor_add(report, "cgroup", DOCTOR_WRONG,
               "the kernel kills a process at the limit: remove blocks ('shareable ls --sort used'), or raise it",
               "%s of the limit of %s are shared memory (%s)", shared, limit, memory.file);
  else if (memory.limit < space())
    doctor_add(report, "cgroup", DOCTOR_NOTE,
               "blocks count toward the limit of the process that first writes to them, which is killed at the limit: "
               "raise it, or limit " SHAREABLE__DIRECTORY " with mount -o remount,size=BYTES",
               "%s of memory (%s), less than " SHAREABLE__DIRECTORY " can hold", limit, memory.file);
  else
    doctor_add(report, "cgroup", DOCTOR_OK, "", "%s of memory (%s)", limit, memory.file);
  free(limit);
  free(shared);
}

void doctor_check_limits(doctor_report *report) {
  check_limit(report, "open files", RLIMIT_NOFILE, 1024, "each open list uses a descriptor: raise ulimit -n");
  check_limit(report, "file size", RLIMIT_FSIZE, RLIM_INFINITY, "bytes: a block cannot be larger (ulimit -f)");
  check_limit(report, "memory", RLIMIT_AS, RLIM_INFINITY, "bytes: open blocks count towards this limit (ulimit -v)");
  check_group(report);
}
