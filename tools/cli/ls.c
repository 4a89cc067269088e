/*
 * ls.c - shareable ls: list blocks, and all other files that use memory.
 */
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "filter.h"
#include "ls_names.h"
#include "ls_total.h"

/* What the command line wants. */
typedef struct request {
  cli_view view;
  const char *order, *directory; /* or NULL */
  bool is_reversed, names_only;
  block_filter filter;
  int64_t pid;
} request;

static const char *color_of(block_state state) {
  return state == BLOCK_ORPHANED ? "\033[31m" : state == BLOCK_DELETED ? "\033[33m" : NULL;
}

static int descending(uint64_t first, uint64_t second) {
  return first < second ? 1 : first > second ? -1 : 0;
}

/* Returns the number of processes that use the block; "?" counts as one. */
static uint64_t count_users(const block *info) {
  return info->user_count + block_has_unseen_users(info);
}

static int by_size(const block *first, const block *second) {
  return descending(first->size, second->size);
}

static int by_used(const block *first, const block *second) {
  return descending(first->used, second->used);
}

static int by_users(const block *first, const block *second) {
  return descending(count_users(first), count_users(second));
}

/* The age of memory without a name is unknown, and comes last. */
static int by_age(const block *first, const block *second) {
  return descending((uint64_t)(first->age + 1), (uint64_t)(second->age + 1));
}

static const struct {
  const char *column;
  int (*compare)(const block *first, const block *second);
} orders[] = {{"name", NULL}, {"size", by_size}, {"used", by_used}, {"age", by_age}, {"users", by_users}};

/* What compare() uses, because qsort(3) passes no context. */
static struct {
  int (*compare)(const block *first, const block *second);
  int sign;
} sorting;

/* Blocks that are equal are in the order of their names. */
static int compare(const void *a, const void *b) {
  const block *first = a, *second = b;
  int order = sorting.compare == NULL ? 0 : sorting.compare(first, second);

  if (order == 0)
    order = strcmp(first->name, second->name);
  return sorting.sign * order;
}

/* Checks the order before the blocks are read. */
static void choose_order(const char *name, bool is_reversed) {
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
    if (strcasecmp(name, orders[i].column) == 0) {
      sorting.compare = orders[i].compare;
      sorting.sign = is_reversed ? -1 : 1;
      return;
    }
  cli_usage_error("cannot sort by '%s': expected name, size, used, age or users", name);
}

/* Without an option, deleted blocks are last. */
static void sort(blocks *found) {
  if (found->count > 0 && (sorting.compare != NULL || sorting.sign < 0))
    qsort(found->blocks, found->count, sizeof *found->blocks, compare);
}

static void apply_option(request *wanted, int option) {
  switch (option) {
  case 'x':
    wanted->order = optarg;
    break;
  case 'R':
    wanted->is_reversed = true;
    break;
  case 's':
    filter_states(&wanted->filter, optarg);
    break;
  case 'k':
    filter_kinds(&wanted->filter, optarg);
    break;
  case 'u':
    filter_users(&wanted->filter, optarg);
    break;
  case 'm':
    filter_min_size(&wanted->filter, optarg);
    break;
  case 'p':
    wanted->pid = cli_parse_number(optarg, 1, INT32_MAX, "pid");
    break;
  case 'd':
    wanted->directory = optarg;
    break;
  case 'z':
    wanted->names_only = true;
    break;
  default:
    cli_view_apply(&wanted->view, option);
  }
}

static bool view_is_changed(const cli_view *view) {
  return view->json || view->raw || view->noheadings || view->in_bytes || view->columns != NULL;
}

static request parse_options(int argc, char **argv) {
  static const struct option longs[] = {CLI_VIEW_LONGS,
                                        {"sort", required_argument, NULL, 'x'},
                                        {"reverse", no_argument, NULL, 'R'},
                                        {"state", required_argument, NULL, 's'},
                                        {"kind", required_argument, NULL, 'k'},
                                        {"user", required_argument, NULL, 'u'},
                                        {"min-size", required_argument, NULL, 'm'},
                                        {"pid", required_argument, NULL, 'p'},
                                        {"directory", required_argument, NULL, 'd'},
                                        {"zero", no_argument, NULL, 'z'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  request wanted = {0};
  int option;

  while ((option = cli_option(&cli_ls, argc, argv, CLI_VIEW_SHORTS "x:Rk:u:p:d:zh", longs)) >= 0)
    apply_option(&wanted, option);
  if (wanted.names_only && view_is_changed(&wanted.view))
    cli_usage_error("--zero prints only names: it excludes --json, --raw, --noheadings, --bytes and --output");
  choose_order(wanted.order == NULL ? "name" : wanted.order, wanted.is_reversed);
  return wanted;
}

static void print_table(const request *wanted, cli_table *table, const blocks *found, bool are_all_read) {
  for (size_t i = 0; i < found->count; i++)
    cli_table_add(table, &found->blocks[i], NULL, COLUMN_STATE, color_of(found->blocks[i].state));
  cli_table_hide_if_empty(table, COLUMN_REASON);
  block_columns_narrow(table);
  ls_total_add(table, &wanted->view, found, are_all_read, !filter_is_empty(&wanted->filter));
  cli_table_print(table);
}

static bool list(const request *wanted, const block_place *where, char **names, size_t count) {
  const char *columns = wanted->view.json ? COLUMNS_JSON : wanted->view.raw ? COLUMNS_RAW : COLUMNS_SHOWN;
  cli_table *table = cli_table_new("blocks", block_columns, COLUMN_COUNT, columns, block_cell, &wanted->view);
  blocks found;
  bool all_found = blocks_read_in(&found, where, names, count);

  if (count == 0)
    blocks_add_up(&found);
  filter_apply(&wanted->filter, &found);
  sort(&found);
  print_table(wanted, table, &found, count == 0);
  blocks_free(&found);
  return all_found;
}

/* Only if blocks are chosen or sorted, all that is known of them is read. */
static bool list_names(const request *wanted, const block_place *where, char **names, size_t count) {
  blocks found;
  bool all_found;

  if (count == 0 && filter_is_empty(&wanted->filter) && wanted->order == NULL && !wanted->is_reversed) {
    ls_names_print_all(where);
    return true;
  }
  all_found = blocks_read_in(&found, where, names, count);
  filter_apply(&wanted->filter, &found);
  sort(&found);
  ls_names_print(&found);
  blocks_free(&found);
  return all_found;
}

static int run_ls(int argc, char **argv) {
  request wanted = parse_options(argc, argv);
  block_place where = place_open(wanted.directory, wanted.pid);
  bool all_found = (wanted.names_only ? list_names : list)(&wanted, &where, argv + optind, (size_t)(argc - optind));

  place_close(&where);
  filter_free(&wanted.filter);
  return all_found ? CLI_DONE : CLI_FAILED;
}

const cli_command cli_ls = {"ls", "[NAME]...", "List all blocks and other files, or the named ones.",
                            CLI_VIEW_HELP
                            "\n"
                            "                        " COLUMNS_RAW ",\n"
                            "                        REASON,USER,MODE,SYNC,PLACES,KEYS,EXPIRED,KEY_SIZE,\n"
                            "                        VALUE_SIZE,EVICT,INDEX,DTYPE,SHAPE,ORDER,NBYTES,OFFSET,\n"
                            "                        COMMAND,OWNERCMD;\n"
                            "                        +COLUMNS adds columns to the default\n"
                            "  -x, --sort COLUMN     sort by name, or by size, used, age or users, descending\n"
                            "  -R, --reverse         reverse the order\n"
                            "  --state STATES        list only these states, e.g. open,deleted\n"
                            "  -k, --kind KINDS      list only these kinds: list, dict, array, raw,\n"
                            "                        semaphore, log, directory, fifo, socket, link, device\n"
                            "  -u, --user USERS      list only the files of these users\n"
                            "  --min-size BYTES      list only files of at least that size, e.g. 1.5M\n"
                            "  -p, --pid PID         look into /dev/shm as that process sees it, for example\n"
                            "                        a process in a container\n"
                            "  -d, --directory DIR   look into another directory on a tmpfs\n"
                            "  -z, --zero            print only the names of blocks, each followed by a NUL:\n"
                            "                        shareable ls -z 'psm_*' | xargs -0r shareable rm --\n"
                            "  -h, --help            print this help\n"
                            "\n"
                            "A NAME may be a pattern: 'psm_*'. STATE is used (a process has it mapped, or\n"
                            "its owner is alive), open (open, but not mapped), orphaned (its owner is dead:\n"
                            "'shareable gc --remove' removes it), unowned (no process uses or owns it),\n"
                            "deleted (in use, but without a name) or unknown (see REASON). The last line\n"
                            "compares the memory of the files with the memory that df shows.\n",
                            run_ls};
