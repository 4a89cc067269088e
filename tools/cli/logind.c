/*
 * logind.c - whether systemd's logind removes the blocks of a user when the last session ends.
 */
#include "logind.h"

#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli.h"

/* The first number of a user that may log in: systemd's SYSTEM_UID_MAX + 1. */
enum { FIRST_LOGIN_USER = 1000 };

/* Where systemd looks, the most important folder first. */
static const char *const folders[] = {"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"};

typedef struct files {
  char **paths; /* sorted by their last part */
  size_t count;
} files;

static const char *base_name(const char *path) {
  return strrchr(path, '/') + 1;
}

/* A file replaces those of the same name in less important folders. */
static void add(files *found, const char *path) {
  for (size_t i = 0; i < found->count; i++)
    if (strcmp(base_name(found->paths[i]), base_name(path)) == 0)
      return;
  found->paths = cli_allocate(found->paths, found->count + 1, sizeof *found->paths);
  found->paths[found->count++] = cli_format("%s", path);
}

static void add_folder(files *found, const char *folder) {
  char *pattern = cli_format("%s/logind.conf.d/*.conf", folder);
  glob_t matches;

  if (glob(pattern, 0, NULL, &matches) == 0) {
    for (size_t i = 0; i < matches.gl_pathc; i++)
      add(found, matches.gl_pathv[i]);
    globfree(&matches);
  }
  free(pattern);
}

static int by_base_name(const void *a, const void *b) {
  return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

/* Changes `value` if the word is a boolean of systemd. */
static void parse_boolean(const char *word, bool *value) {
  static const char *const words[2][6] = {{"0", "no", "n", "false", "f", "off"}, {"1", "yes", "y", "true", "t", "on"}};

  for (size_t i = 0; i < 12; i++)
    if (strcasecmp(word, words[i / 6][i % 6]) == 0)
      *value = i >= 6;
}

/* Reads the setting if the file has it. An empty value stands for the default. */
static void read_file(const char *path, bool *removes) {
  FILE *file = fopen(path, "re");
  char line[1024], word[16];

  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, " RemoveIPC = %15s", word) == 1)
      parse_boolean(word, removes);
  if (file != NULL)
    fclose(file);
}

/* Only the first main file is read, and then all others, in the order of their names. */
bool logind_removes_ipc(void) {
  files found = {0};
  bool removes = true, is_read = false;

  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    char *path = cli_format("%s/logind.conf", folders[i]);

    if (!is_read && access(path, R_OK) == 0) {
      read_file(path, &removes);
      is_read = true;
    }
    free(path);
    add_folder(&found, folders[i]);
  }
  if (found.count > 0)
    qsort(found.paths, found.count, sizeof *found.paths, by_base_name);
  for (size_t i = 0; i < found.count; i++) {
    read_file(found.paths[i], &removes);
    free(found.paths[i]);
  }
  free(found.paths);
  return removes;
}

bool logind_is_running(void) {
  return access("/run/systemd/users", F_OK) == 0;
}

/* Users of services and containers have no name, and users who linger have no last session. */
bool logind_spares(uid_t user) {
  const struct passwd *found = user < FIRST_LOGIN_USER ? NULL : getpwuid(user);
  bool lingers;
  char *path;

  if (found == NULL || strcmp(found->pw_name, "nobody") == 0)
    return true;
  path = cli_format("/var/lib/systemd/linger/%s", found->pw_name);
  lingers = access(path, F_OK) == 0;
  free(path);
  return lingers;
}
