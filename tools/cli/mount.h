/*
 * mount.h - the mounts of a process, as /proc/PID/mountinfo shows them.
 */
#ifndef SHAREABLE__CLI_MOUNT_H
#define SHAREABLE__CLI_MOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct cli_mount {
  dev_t device;
  char type[16];     /* of the file system */
  char options[256]; /* of the file system, separated by commas */
} cli_mount;

/*
 * Finds the mount at that directory which the process sees: the last one. The directory must not
 * contain blanks or backslashes. Returns false if there is none, or if it cannot be read.
 */
bool cli_mount_find(int64_t pid, const char *directory, cli_mount *mount);

/* Copies the value of an option. Returns false if the mount does not have it. */
bool cli_mount_option(const cli_mount *mount, const char *name, char *value, size_t size);

#endif
