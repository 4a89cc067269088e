/*
 * info.c - shareable info: show the details of blocks.
 */
#include <stdlib.h>

#include "columns.h"
#include "output.h"

/* Prints one block, a line for each column. */
static void print_info(const block *info) {
  const cli_view view = {.in_bytes = false};
  int width = info->kind == BLOCK_DICT ? 10 : 8; /* of the longest name of its columns */

  for (size_t i = 0; i < COLUMN_COUNT; i++) {
    char *text = block_cell(info, i, &view);

    if (text != NULL)
      cli_line("%-*s  %s", width, block_columns[i].name, text);
    free(text);
  }
}

static void print_all(const blocks *found) {
  for (size_t i = 0; i < found->count; i++) {
    if (i > 0)
      cli_put("\n");
    print_info(&found->blocks[i]);
  }
}

static void print_json(const blocks *found, const cli_view *view) {
  cli_table *table = cli_table_new("blocks", block_columns, COLUMN_COUNT, COLUMNS_ALL, block_cell, view);

  for (size_t i = 0; i < found->count; i++)
    cli_table_add(table, &found->blocks[i], NULL, COLUMN_STATE, NULL);
  cli_table_print(table);
}

static int run_info(int argc, char **argv) {
  static const struct option longs[] = {{"json", no_argument, NULL, 'J'},
                                        {"pid", required_argument, NULL, 'p'},
                                        {"directory", required_argument, NULL, 'd'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  const char *directory = NULL;
  cli_view view = {0};
  int64_t pid = 0;
  bool all_found;
  block_place where;
  blocks found;
  int option;

  while ((option = cli_option(&cli_info, argc, argv, ":Jp:d:h", longs)) >= 0) {
    if (option == 'J')
      view.json = view.in_bytes = true;
    else if (option == 'p')
      pid = cli_parse_number(optarg, 1, INT32_MAX, "pid");
    else
      directory = optarg;
  }
  if (optind == argc)
    cli_usage_error("NAME is missing");
  where = place_open(directory, pid);
  all_found = blocks_read_in(&found, &where, argv + optind, (size_t)(argc - optind));
  if (view.json)
    print_json(&found, &view);
  else
    print_all(&found);
  blocks_free(&found);
  place_close(&where);
  return all_found ? CLI_DONE : CLI_FAILED;
}

const cli_command cli_info = {"info", "NAME...", "Show details of blocks.",
                              "  -J, --json           print JSON\n"
                              "  -p, --pid PID        look into /dev/shm as that process sees it\n"
                              "  -d, --directory DIR  look into another directory on a tmpfs\n"
                              "  -h, --help           print this help\n",
                              run_info};
