/*
 * moved.h - a block whose name a process has moved, as it does while it unlinks another block
 * (core/src/shm/unlink.h).
 */
#ifndef TESTS_MOVED_H
#define TESTS_MOVED_H

#include <stdio.h>
#include <unistd.h>

#include "support.h"

/*
 * Returns the path to which the process moves the block. No file has the inode 1, so it is not the
 * block to unlink.
 */
static inline const char *moved_path_of(const char *name, pid_t mover) {
  static char path[400];

  snprintf(path, sizeof path, "/dev/shm/.shareable-unlink-0000000000000001-%08x-%s", (unsigned)mover, name);
  return path;
}

static inline const char *moved_path(const char *name) {
  return moved_path_of(name, getpid());
}

/*
 * Moves the block, and gives its name to another block, so that no recovering process moves the
 * first one back. If a process has moved it back already, moves it again. Returns false if that
 * fails.
 */
static inline bool move_block(const char *name) {
  shareable_memory *memory = NULL;
  char path[300];
  bool is_moved;

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  for (int tries = 0; tries < 100 && memory == NULL; tries++)
    if (rename(path, moved_path(name)) == 0)
      shareable_memory_create(&memory, name, 24, 0, 0, NULL);
  is_moved = memory != NULL;
  shareable_memory_unref(memory);
  return is_moved;
}

#endif
