/*
 * mount.c - the mounts of a process, as /proc/PID/mountinfo shows them.
 */
#include "mount.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Parses a line. Returns false if it describes the mount at another directory. */
static bool parse(const char *line, const char *directory, cli_mount *mount) {
  const char *rest = strstr(line, " - ");
  unsigned major, minor;
  int start = 0, end = 0;

  if (rest == NULL || sscanf(line, "%*d %*d %u:%u %*s %n%*s%n", &major, &minor, &start, &end) != 2 || end == 0)
    return false;
  if (strlen(directory) != (size_t)(end - start) || strncmp(line + start, directory, (size_t)(end - start)) != 0)
    return false;
  mount->device = makedev(major, minor);
  return sscanf(rest, " - %15s %*s %255s", mount->type, mount->options) == 2;
}

bool cli_mount_find(int64_t pid, const char *directory, cli_mount *mount) {
  char path[40], *line = NULL;
  bool is_found = false;
  size_t size = 0;
  FILE *file;

  snprintf(path, sizeof path, "/proc/%" PRId64 "/mountinfo", pid);
  file = fopen(path, "re");
  if (file == NULL)
    return false;
  while (getline(&line, &size, file) > 0)
    is_found |= parse(line, directory, mount);
  free(line);
  fclose(file);
  return is_found;
}

bool cli_mount_option(const cli_mount *mount, const char *name, char *value, size_t size) {
  size_t length = strlen(name);

  for (const char *option = mount->options; *option != '\0';) {
    size_t end = strcspn(option, ",");

    if (end > length && strncmp(option, name, length) == 0 && option[length] == '=') {
      snprintf(value, size, "%.*s", (int)(end - length - 1), option + length + 1);
      return true;
    }
    option += end + (option[end] == ',');
  }
  return false;
}
