/*
 * manager.c - shareable manager: runs the program shareable-manager, and works with running
 * managers.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/program.h"
#include "cli.h"
#include "manager_list.h"

static _Noreturn void run_program(char **argv) {
  const char *program = shareable__program_path(SHAREABLE__MANAGER);

  execv(program, argv);
  cli_die("cannot start '%s': %s", program, strerror(errno));
}

/* The name of a subcommand is the second word. */
static const cli_command *find(const char *name) {
  static const cli_command *const commands[] = {&cli_manager_list, &cli_manager_status, &cli_manager_stop, NULL};

  for (const cli_command *const *command = commands; *command != NULL; command++)
    if (strcmp((*command)->name + sizeof "manager", name) == 0)
      return *command;
  return NULL;
}

static bool is_help(const char *option) {
  return strcmp(option, "-h") == 0 || strcmp(option, "--help") == 0;
}

/* getopt_long(3) must not be called before the subcommand calls it. */
static int run_manager(int argc, char **argv) {
  static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
  const cli_command *command = argc > 1 ? find(argv[1]) : NULL;

  if (command != NULL)
    return command->run(argc - 1, argv + 1);
  if (argc > 1 && strcmp(argv[1], "run") == 0)
    run_program(argv + 1);
  if (argc > 1 && argv[1][0] == '-' && !is_help(argv[1]))
    run_program(argv);
  cli_option(&cli_manager, argc, argv, "+h", longs);
  if (argc < 2)
    cli_usage_error("a subcommand is missing: run, list, status or stop");
  cli_usage_error("unknown subcommand '%s': expected run, list, status or stop", argv[1]);
}

const cli_command cli_manager = {"manager", "{run|list|status|stop} [ARGUMENT]...",
                                 "Run, list, examine and stop managers, which own blocks for others.",
                                 "  run     run shareable-manager(1) with these options\n"
                                 "  list    list the running managers of this user; as root, of all users\n"
                                 "  status  show details: blocks, clients, refused connections\n"
                                 "  stop    stop managers, which then remove their blocks\n"
                                 "\n"
                                 "  -h, --help  print this help\n"
                                 "\n"
                                 "'shareable manager SUBCOMMAND --help' explains a subcommand. Options without a\n"
                                 "subcommand are those of run.\n",
                                 run_manager};
