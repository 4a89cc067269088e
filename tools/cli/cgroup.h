/*
 * cgroup.h - the memory limit of this process's control group.
 */
#ifndef SHAREABLE__CLI_CGROUP_H
#define SHAREABLE__CLI_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cgroup_memory {
  uint64_t limit;   /* in bytes, the lowest one of the group and of those that contain it */
  uint64_t shared;  /* the shared memory that is charged to the group with that limit, in bytes */
  const char *file; /* the name of the file with the limit */
} cgroup_memory;

/* Returns false if there is no limit, or no control group of memory. Reads versions 1 and 2. */
bool cgroup_memory_read(cgroup_memory *memory);

#endif
