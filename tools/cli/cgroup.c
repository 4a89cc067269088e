/*
 * cgroup.c - the memory limit of this process's control group.
 */
#include "cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* One version of control groups. A limit of `unlimited` bytes or more is none. */
typedef struct version {
  const char *root, *limit, *shared;
} version;

static const version v1 = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "total_shmem"};
static const version v2 = {"/sys/fs/cgroup", "memory.max", "shmem"};

#define UNLIMITED (UINT64_C(1) << 62)

/* Returns whether a list that is separated by commas contains the controller. */
static bool has_controller(const char *list, size_t length, const char *name) {
  for (size_t i = 0; i < length; i++) {
    size_t end = strcspn(list + i, ",:");

    if (end == strlen(name) && strncmp(list + i, name, end) == 0)
      return true;
    i += end;
  }
  return false;
}

/*
 * Returns the path of this process's group, which the caller frees, or NULL. Version 2 is used only
 * if version 1 does not have the controller.
 */
static char *group_path(const version **found) {
  FILE *file = fopen("/proc/self/cgroup", "re");
  char *line = NULL, *path = NULL;
  size_t size = 0;

  *found = &v2;
  while (file != NULL && *found == &v2 && getline(&line, &size, file) > 0) {
    const char *list = strchr(line, ':'), *start = list == NULL ? NULL : strchr(list + 1, ':');
    bool is_v1 = start != NULL && has_controller(list + 1, (size_t)(start - list - 1), "memory");

    if (start == NULL || (!is_v1 && start != list + 1))
      continue;
    free(path);
    path = cli_format("%.*s", (int)strcspn(start + 1, "\n"), start + 1);
    *found = is_v1 ? &v1 : &v2;
  }
  free(line);
  if (file != NULL)
    fclose(file);
  return path;
}

static bool read_limit(const char *root, const char *group, const char *name, uint64_t *limit) {
  char *path = cli_format("%s%s/%s", root, group, name);
  FILE *file = fopen(path, "re");
  bool is_read = file != NULL && fscanf(file, "%" SCNu64, limit) == 1;

  free(path);
  if (file != NULL)
    fclose(file);
  return is_read && *limit < UNLIMITED;
}

static uint64_t read_shared(const version *used, const char *group) {
  char *path = cli_format("%s%s/memory.stat", used->root, group), name[40];
  FILE *file = fopen(path, "re");
  uint64_t value, shared = 0;

  while (file != NULL && fscanf(file, "%39s %" SCNu64, name, &value) == 2)
    if (strcmp(name, used->shared) == 0)
      shared = value;
  free(path);
  if (file != NULL)
    fclose(file);
  return shared;
}

/* Removes the last part of the path. Returns false if there was none. */
static bool go_up(char *group) {
  char *slash = strrchr(group, '/');

  if (slash == NULL)
    return false;
  *slash = '\0';
  return true;
}

/*
 * Without a namespace of control groups, a container sees the path that the group has on the host,
 * but only its own group is mounted, as the root. So a group that does not exist is skipped.
 */
bool cgroup_memory_read(cgroup_memory *memory) {
  const version *used;
  char *group = group_path(&used);
  uint64_t limit;

  *memory = (cgroup_memory){.limit = UINT64_MAX, .file = used->limit};
  if (group == NULL || strstr(group, "/..") != NULL || (group[0] == '/' && group[1] == '\0')) {
    free(group);
    group = cli_format("%s", "");
  }
  do {
    if (read_limit(used->root, group, used->limit, &limit) && limit < memory->limit) {
      memory->limit = limit;
      memory->shared = read_shared(used, group);
    }
  } while (go_up(group));
  free(group);
  return memory->limit != UINT64_MAX;
}
