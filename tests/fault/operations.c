/*
 * operations.c - what every operation demands, and the names it goes by.
 */
#include "operations.h"

#include <stdio.h>
#include <unistd.h>

void need(bool condition, const char *what) {
  if (!condition)
    complain("%s", what);
}

void must(shareable_status status, const char *what) {
  if (status != SHAREABLE_OK)
    complain("%s: %s", what, shareable_status_name(status));
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
