/*
 * start.c - runs the reaper or the manager in place of this Go program, if the program was started
 * under that name.
 *
 * A Go module contains no programs. The library executes /proc/self/exe with the name of the reaper
 * or of the manager as argv[0]. The constructor in this file runs before Go's runtime and before
 * the constructors of other C code, and does not return if argv[0] is one of these names.
 *
 * If this code is in a shared library or plugin, the library executes another file (program.c), and
 * the name of the running program belongs to that program.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/program.h"
#include "manager.h"
#include "reaper.h"

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
} programs[] = {{"shareable-reaper", reaper_main}, {"shareable-manager", manager_main}};

/* A manager's address is the only long argument, and has at most 108 bytes. */
static char bytes[4096];
static char *arguments[32];

static _Noreturn void refuse(const char *name, const char *reason) {
  fprintf(stderr, "%s: %s\n", name, reason);
  fflush(stderr);
  _exit(EACCES); /* the library reports the reaper's exit status as an errno */
}

/*
 * Reads the arguments of this process, because musl does not pass them to constructors. Returns
 * their number, or 0 if they cannot be read.
 */
static int read_arguments(void) {
  int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC), count = 0;
  ssize_t size = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);

  close(fd);
  if (size <= 0 || size == sizeof bytes || bytes[size - 1] != '\0')
    return 0;
  for (char *next = bytes; next < bytes + size; next += strlen(next) + 1) {
    if (count == sizeof arguments / sizeof *arguments - 1)
      return 0;
    arguments[count++] = next;
  }
  return count;
}

static _Noreturn void run(int program) {
  const char *name = programs[program].name;
  int count, status;

  /*
   * Any user can choose the argv[0] of a program. If this program has more rights than its user,
   * the user must not get a reaper or a manager with these rights. The program itself must not run
   * either: its library may have started it as a reaper, and it would start itself without end.
   */
  if (getauxval(AT_SECURE) != 0)
    refuse(name, "not started: this program's file gives it more rights than its user has");
  count = read_arguments();
  if (count == 0)
    refuse(name, "not started: /proc/self/cmdline cannot be read, or there are too many arguments");
  prctl(PR_SET_NAME, name); /* otherwise the name is "exe" */
  shareable__program_init();
  status = programs[program].run(count, arguments);
  fflush(NULL);
  _exit(status); /* exit() would call the destructors of code whose constructors have not run */
}

__attribute__((constructor(101))) static void start(void) {
  for (int i = 0; i < (int)(sizeof programs / sizeof *programs); i++)
    if (strcmp(program_invocation_name, programs[i].name) == 0 && shareable__program_contains_library())
      run(i);
}
