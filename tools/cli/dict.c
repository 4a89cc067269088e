/*
 * dict.c - shareable dict: works with the keys of dicts.
 */
#include "dict.h"

#include <string.h>

static const cli_command *const commands[] = {
  &cli_dict_get,    &cli_dict_set,  &cli_dict_add,   &cli_dict_cas,     &cli_dict_pop,
  &cli_dict_del,    &cli_dict_ls,   &cli_dict_watch, &cli_dict_wait,    &cli_dict_ttl,
  &cli_dict_expire, &cli_dict_copy, &cli_dict_clear, &cli_dict_reindex, NULL};

/* The name of a subcommand is the second word. */
static const cli_command *find(const char *name) {
  for (const cli_command *const *command = commands; *command != NULL; command++)
    if (strcmp((*command)->name + sizeof "dict", name) == 0)
      return *command;
  return NULL;
}

/* getopt_long(3) must not be called before the subcommand calls it. */
static int run_dict(int argc, char **argv) {
  static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
  const cli_command *command = argc > 1 ? find(argv[1]) : NULL;

  if (command != NULL)
    return command->run(argc - 1, argv + 1);
  cli_option(&cli_dict, argc, argv, "+:h", longs);
  if (argc < 2)
    cli_usage_error("a subcommand is missing, such as get, set or ls");
  cli_usage_error("unknown subcommand '%s'", argv[1]);
}

const cli_command cli_dict = {"dict", "SUBCOMMAND [OPTION]... NAME [ARGUMENT]...",
                              "Read, write, count and wait for values by their keys.",
                              "  get      print the values of keys\n"
                              "  set      write the value of a key\n"
                              "  add      add a number to the value of a key, atomically\n"
                              "  cas      replace an int if it has the expected value, atomically\n"
                              "  pop      print the value of a key, and delete the key\n"
                              "  del      delete keys\n"
                              "  ls       list the keys\n"
                              "  watch    print keys as their values change\n"
                              "  wait     wait until a key has a value, appears, or is gone\n"
                              "  ttl      print the seconds until keys expire\n"
                              "  expire   change when a key expires\n"
                              "  copy     copy the keys to another dict, for example a larger one\n"
                              "  clear    delete all keys, or those that have expired\n"
                              "  reindex  make a damaged index again\n"
                              "\n"
                              "  -h, --help  print this help\n"
                              "\n"
                              "'shareable dict SUBCOMMAND --help' explains a subcommand. 'shareable create\n"
                              "--dict PLACES NAME' creates a dict, and 'shareable dump NAME' prints one.\n",
                              run_dict};
