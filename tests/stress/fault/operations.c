/*
 * operations.c - checks and names that all operations use.
 */
#include "operations.h"

#include <stdio.h>
#include <unistd.h>

void need(bool condition, const char *message) {
  if (!condition)
    complain("%s", message);
}

void must(shareable_status status, const char *message) {
  if (status != SHAREABLE_OK)
    complain("%s: %s", message, shareable_status_name(status));
}

bool exists(const char *name) {
  char path[300];

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  return access(path, F_OK) == 0;
}

const char *extended(const world *w, const char *suffix) {
  static char name[300];

  snprintf(name, sizeof name, "%s%s", w->name, suffix);
  return name;
}
