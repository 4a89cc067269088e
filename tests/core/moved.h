/*
 * moved.h - a block that seems to be moved for a moment by a process that unlinks another one (core/src/shm/unlink.h).
 */
#ifndef TESTS_MOVED_H
#define TESTS_MOVED_H

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

/* Where the block of that name is once a process has moved it. No file has the inode 1, so that it is not the one to be unlinked. */
static inline const char *moved_path_of(const char *name, pid_t mover) {
  static char path[400];

  snprintf(path, sizeof path, "%s/.shareable-unlink-0000000000000001-%08x-%s", log_directory(), (unsigned)mover, name);
  return path;
}

static inline const char *moved_path(const char *name) {
  return moved_path_of(name, getpid());
}

/*
 * Moves the block, and gives its name to a block that no process owns: so no process that recovers moves it back. One may have
 * done so before the name was given: then the block is moved again. Returns false if that fails.
 */
static inline bool move_block(const char *name) {
  shareable_memory *memory = NULL;
  char path[300];

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  for (int tries = 0; tries < 100 && memory == NULL; tries++) {
    mkdir(log_directory(), 0700);
    if (rename(path, moved_path(name)) == 0)
      shareable_memory_create(&memory, name, 24, 0, 0, NULL);
  }
  shareable_memory_unref(memory);
  return memory != NULL;
}

#endif
