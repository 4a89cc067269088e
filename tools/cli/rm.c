/*
 * rm.c - shareable rm: removes blocks by name.
 */
#include "cli.h"

static int run_rm(int argc, char **argv) {
  static const struct option longs[] = {{"force", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
  bool is_forced = false;
  int status = CLI_DONE;
  shareable_error error;

  while (cli_option(&cli_rm, argc, argv, ":fh", longs) >= 0)
    is_forced = true;
  if (optind == argc && !is_forced)
    cli_usage_error("NAME is missing");
  for (int i = optind; i < argc; i++) {
    shareable_status result = shareable_unlink(argv[i], &error);

    if (result == SHAREABLE_OK || (is_forced && result == SHAREABLE_E_NOT_FOUND))
      continue;
    if (result == SHAREABLE_E_NOT_FOUND)
      cli_warn_not_found(argv[i]);
    else
      cli_warn("%s", error.message);
    status = CLI_FAILED;
  }
  return status;
}

const cli_command cli_rm = {"rm", "NAME...", "Remove blocks. Processes that have one open keep using it.",
                            "  -f, --force  ignore blocks that do not exist\n"
                            "  -h, --help   print this help\n",
                            run_rm};
