/*
 * main.c - the main program of `shareable`: finds and runs the command.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "output.h"

/* All commands, in the order of the help. */
static const cli_command *const commands[] = {
  &cli_ls,    &cli_info, &cli_dump, &cli_top,     &cli_get,    &cli_set,  &cli_add,  &cli_cas,
  &cli_watch, &cli_wait, &cli_lock, &cli_layout,  &cli_create, &cli_dict, &cli_copy, &cli_cat,
  &cli_write, &cli_rm,   &cli_gc,   &cli_manager, &cli_doctor, NULL};

static void print_usage(void put(const char *text)) {
  put("Usage: shareable COMMAND [OPTION]... [ARGUMENT]...\n"
      "Work with blocks and lists of shared memory: those of this library, in any\n"
      "language, and those of Python's multiprocessing.shared_memory.\n\n");
  for (const cli_command *const *command = commands; *command != NULL; command++) {
    char *line = cli_format("  %-8s  %s\n", (*command)->name, (*command)->summary);

    put(line);
    free(line);
  }
  put("\n"
      "  -h, --help     print this help; 'shareable help COMMAND': help on COMMAND\n"
      "  -V, --version  print the version\n"
      "\n"
      "Exit status: 0 success, 1 failure, 2 usage error, 3 timeout, 4 cas: no match.\n"
      "See shareable(1) for details.\n");
}

static const cli_command *find(const char *name) {
  for (const cli_command *const *command = commands; *command != NULL; command++)
    if (strcmp((*command)->name, name) == 0)
      return *command;
  return NULL;
}

static int run(int argc, char **argv) {
  const cli_command *command = find(argv[0]);

  if (command == NULL)
    cli_usage_error("unknown command '%s'", argv[0]);
  /* cppcheck-suppress nullPointerRedundantCheck; cli_usage_error() does not return */
  return cli_flush_or_warn(command->run(argc, argv));
}

int main(int argc, char **argv) {
  char help[] = "--help";

  cli_output_begin();
  if (argc < 2) {
    print_usage(cli_put_error);
    return CLI_USAGE;
  }
  if (strcmp(argv[1], "help") == 0 && argc == 3)
    return run(2, (char *[]){argv[2], help, NULL});
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
    print_usage(cli_put);
    return cli_flush_or_warn(CLI_DONE);
  }
  if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
    cli_line("shareable %s", shareable_version());
    return cli_flush_or_warn(CLI_DONE);
  }
  return run(argc - 1, argv + 1);
}
