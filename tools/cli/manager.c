/*
 * manager.c - shareable manager: runs the program shareable-manager.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/program.h"
#include "cli.h"

static int run_manager(int argc, char **argv) {
  const char *program = shareable__program_path(SHAREABLE__MANAGER);

  (void)argc;
  execv(program, argv);
  cli_die("cannot start '%s': %s", program, strerror(errno));
}

const cli_command cli_manager = {"manager", "", "Run shareable-manager(1), a process that owns blocks for others.", "",
                                 run_manager};
