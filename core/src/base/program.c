/*
 * program.c - where the programs of this project are that the library starts.
 *
 * The build defines SHAREABLE_REAPER_PROGRAM and SHAREABLE_MANAGER_PROGRAM. Each is one of these:
 *
 *   /usr/bin/NAME  the path of the installed program
 *   bin/NAME       a path from the folder of the file that contains this library: for a package that
 *                  its user may install in any folder
 *   .              the file that contains this library: for a program that contains the library and
 *                  also is the started program, if its first argument has the name of that
 */
#include "base/program.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a program is if its folder is unknown: a relative path would depend on the working directory. */
#define UNKNOWN "/nowhere/shareable"

static const struct {
  const char *variable, *place;
} programs[] = {
  [SHAREABLE__REAPER] = {"SHAREABLE_REAPER", SHAREABLE_REAPER_PROGRAM},
  [SHAREABLE__MANAGER] = {"SHAREABLE_MANAGER", SHAREABLE_MANAGER_PROGRAM},
};

enum { PROGRAMS = sizeof programs / sizeof *programs };

static char found[PROGRAMS][PATH_MAX];

static bool is_installed(int i) {
  return programs[i].place[0] == '/';
}

/*
 * Returns the path of the file that contains this library, or NULL if it is the running program. A
 * static program has no link map.
 */
static const char *library_file(void) {
  struct link_map *map = NULL;
  Dl_info info;

  if (dladdr1(programs, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 || map == NULL || map->l_name[0] == '\0')
    return NULL;
  return map->l_name;
}

/* Writes the program's path. Returns false if the path of the file is unknown or the result is too long. */
static bool find(int i, const char *file) {
  char *path = found[i];
  size_t folder;

  if (strcmp(programs[i].place, ".") == 0 && file == NULL)
    return strcpy(path, "/proc/self/exe") != NULL;
  if (realpath(file == NULL ? "/proc/self/exe" : file, path) == NULL)
    return false;
  if (strcmp(programs[i].place, ".") == 0)
    return true;
  folder = (size_t)(strrchr(path, '/') + 1 - path);
  return snprintf(path + folder, PATH_MAX - folder, "%s", programs[i].place) < (int)(PATH_MAX - folder);
}

/* In this file, because a linker takes from an archive only the files that others refer to. */
__attribute__((constructor)) static void init(void) {
  shareable__program_init();
}

void shareable__program_init(void) {
  for (int i = 0; i < PROGRAMS; i++)
    if (!is_installed(i) && !find(i, library_file()))
      strcpy(found[i], UNKNOWN);
}

const char *shareable__program_path(shareable__program program) {
  const char *path = secure_getenv(programs[program].variable);

  if (path != NULL && path[0] != '\0')
    return path;
  return is_installed(program) ? programs[program].place : found[program];
}
