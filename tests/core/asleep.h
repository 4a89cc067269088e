/*
 * asleep.h - waiting until the other threads of a process sleep, before it forks under
 * AddressSanitizer.
 *
 * The allocator of gcc's AddressSanitizer does not release its locks in the child of a fork. A
 * thread that has just started may hold one.
 */
#ifndef TESTS_ASLEEP_H
#define TESTS_ASLEEP_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A thread that has ended counts as asleep. */
static inline bool is_asleep(const char *task) {
  char path[64], state = 'S';
  FILE *file;

  snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", task);
  file = fopen(path, "r");
  if (file == NULL)
    return true;
  if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
    state = 'S';
  fclose(file);
  return state == 'S';
}

static inline bool others_are_asleep(void) {
  DIR *tasks = opendir("/proc/self/task");
  const struct dirent *task;
  bool are_asleep = true;

  if (tasks == NULL)
    abort();
  while (are_asleep && (task = readdir(tasks)) != NULL)
    are_asleep = task->d_name[0] == '.' || atol(task->d_name) == getpid() || is_asleep(task->d_name);
  closedir(tasks);
  return are_asleep;
}

static inline void wait_until_others_are_asleep(void) {
#ifdef __SANITIZE_ADDRESS__
  while (!others_are_asleep())
    usleep(100);
#endif
}

#endif
