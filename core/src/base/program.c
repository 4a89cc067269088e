/*
 * program.c - the paths of the programs that the library starts.
 *
 * The build defines SHAREABLE_REAPER_PROGRAM and SHAREABLE_MANAGER_PROGRAM. Each is one of these:
 *
 *   /usr/bin/NAME  the path of the installed program
 *   bin/NAME       a path relative to the folder of the file that contains this library, for a
 *                  package that may be installed in any folder
 *   .              the file that contains this library: for a program that contains the library and
 *                  runs as the reaper or the manager if its argv[0] is "shareable-reaper" or
 *                  "shareable-manager"
 */
#include "base/program.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

/* The path if the folder is unknown: a relative path would depend on the working directory. */
#define UNKNOWN "/nowhere/shareable"

#define RUNNING_PROGRAM "/proc/self/exe"
#define SET_REAPER "set SHAREABLE_REAPER to the path of an installed shareable-reaper)"
#define SET_MANAGER "set SHAREABLE_MANAGER to the path of an installed shareable-manager)"
#define MOUNT_PROC " (mount /proc, or "

static const struct {
  const char *variable, *place, *advice, *advice_without_proc;
} programs[] = {
  [SHAREABLE__REAPER] = {"SHAREABLE_REAPER", SHAREABLE_REAPER_PROGRAM, " (" SET_REAPER, MOUNT_PROC SET_REAPER},
  [SHAREABLE__MANAGER] = {"SHAREABLE_MANAGER", SHAREABLE_MANAGER_PROGRAM, " (" SET_MANAGER, MOUNT_PROC SET_MANAGER},
};

enum { PROGRAMS = sizeof programs / sizeof *programs };

static char found[PROGRAMS][PATH_MAX];

static bool is_installed(int i) {
  return programs[i].place[0] == '/';
}

struct library {
  const char *file; /* NULL: the running program */
};

/*
 * Finds the object that contains this code. The auxiliary vector has the address of the program
 * headers of the running program.
 */
static int find_object(struct dl_phdr_info *object, size_t size, void *context) {
  uintptr_t own = (uintptr_t)programs, headers = (uintptr_t)object->dlpi_phdr;

  (void)size;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &object->dlpi_phdr[i];

    if (header->p_type == PT_LOAD && own - object->dlpi_addr - header->p_vaddr < header->p_memsz) {
      ((struct library *)context)->file = headers == getauxval(AT_PHDR) ? NULL : object->dlpi_name;
      return 1;
    }
  }
  return 0;
}

/* Returns the path of the file that contains this library, or NULL if it is the running program. */
static const char *library_file(void) {
  struct library library = {NULL};

  dl_iterate_phdr(find_object, &library);
  return library.file;
}

bool shareable__program_contains_library(void) {
  return library_file() == NULL;
}

/* Writes the program's path. Returns false if the path of the file is unknown or the result is too long. */
static bool find(int i, const char *file) {
  char *path = found[i];
  size_t folder;

  if (strcmp(programs[i].place, ".") == 0 && file == NULL)
    return strcpy(path, RUNNING_PROGRAM) != NULL;
  if (realpath(file == NULL ? RUNNING_PROGRAM : file, path) == NULL)
    return false;
  if (strcmp(programs[i].place, ".") == 0)
    return true;
  folder = (size_t)(strrchr(path, '/') + 1 - path);
  return snprintf(path + folder, PATH_MAX - folder, "%s", programs[i].place) < (int)(PATH_MAX - folder);
}

__attribute__((constructor)) void shareable__program_init(void) {
  for (int i = 0; i < PROGRAMS; i++)
    if (!is_installed(i) && !find(i, library_file()))
      strcpy(found[i], UNKNOWN);
}

/* Returns the value of the program's variable, or NULL if it is not set or must be ignored. */
static const char *chosen_path(shareable__program program) {
  const char *path = secure_getenv(programs[program].variable);

  return path != NULL && path[0] != '\0' ? path : NULL;
}

const char *shareable__program_path(shareable__program program) {
  const char *path = chosen_path(program);

  if (path != NULL)
    return path;
  return is_installed(program) ? programs[program].place : found[program];
}

/* If AT_SECURE is set, the running program refuses to be the reaper or the manager (start.c). */
const char *shareable__program_advice(shareable__program program, int errnum) {
  if (is_installed(program) || chosen_path(program) != NULL)
    return "";
  if (strcmp(programs[program].place, ".") == 0 && getauxval(AT_SECURE) != 0)
    return " (this program's file gives it more rights than its user has: it needs the installed library)";
  if (errnum == ENOENT && strcmp(found[program], RUNNING_PROGRAM) == 0)
    return programs[program].advice_without_proc;
  return errnum == ENOENT || errnum == EACCES || errnum == ENOEXEC ? programs[program].advice : "";
}
