/*
 * ls.c - shareable ls: list blocks, and all other files that use memory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "columns.h"
#include "escape.h"
#include "filter.h"
#include "output.h"

/* What the command line wants. */
typedef struct request {
  cli_view view;
  const char *order, *directory;
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
  return info->user_count + info->has_other_users;
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

  return sorting.sign * (order != 0 ? order : strcmp(first->name, second->name));
}

/* Checks the order before the blocks are read. */
static void choose_order(const request *wanted) {
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
    if (strcmp(wanted->order, orders[i].column) == 0) {
      sorting.compare = orders[i].compare;
      sorting.sign = wanted->is_reversed ? -1 : 1;
      return;
    }
  cli_usage_error("cannot sort by '%s': expected name, size, used, age or users", wanted->order);
}

/* Without an option, deleted blocks are last. */
static void sort(blocks *found) {
  if (found->count > 0 && (sorting.compare != NULL || sorting.sign < 0))
    qsort(found->blocks, found->count, sizeof *found->blocks, compare);
}

/*
 * The ownership logs. They are read only when a name needs them, because reading them inspects all
 * processes and takes time.
 */
typedef struct logs {
  const block_place *place;
  shareable__inventory inventory;
  bool are_read;
} logs;

static bool is_owned(logs *owned, const char *name, uint64_t inode) {
  shareable_error error;

  if (!owned->are_read && shareable__inventory_take_in(&owned->inventory, owned->place->fd, &error) != SHAREABLE_OK)
    cli_die_message(error.message);
  owned->are_read = true;
  return shareable__inventory_entry_of(&owned->inventory, name, inode) != NULL;
}

static void print_name(const char *name, logs *owned) {
  struct stat file;

  if (fstatat(owned->place->fd, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file.st_mode) ||
      (name[0] == '.' && !is_owned(owned, name, file.st_ino)))
    return;
  cli_put_value(name, strlen(name));
  cli_put_bytes("", 1);
}

/* Prints the names of all blocks, unescaped, each followed by a NUL. */
static int print_names(const block_place *where) {
  int copy = openat(where->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *directory = copy < 0 ? NULL : fdopendir(copy);
  const struct dirent *entry;
  logs owned = {.place = where};

  if (directory == NULL)
    cli_die("cannot read %s: %s", where->text, strerror(errno));
  while ((entry = readdir(directory)) != NULL)
    print_name(entry->d_name, &owned);
  closedir(directory);
  if (owned.are_read)
    shareable__inventory_free(&owned.inventory);
  return CLI_DONE;
}

/* The rows that are shown. */
typedef struct shown {
  size_t blocks, others;
  uint64_t used;
} shown;

static shown count_rows(const blocks *found, bool is_whole) {
  shown rows = {.used = found->space.listed};
  file_set used = {0};

  for (size_t i = 0; i < found->count; i++) {
    const block *info = &found->blocks[i];

    *(info->is_block ? &rows.blocks : &rows.others) += 1;
    files_add(&used, (file_entry){info->inode, info->size, info->used});
  }
  files_sort(&used);
  if (!is_whole)
    rows.used = files_used(&used);
  files_free(&used);
  return rows;
}

/* As df(1): rounded up. */
static unsigned percent_of(const space_sums *sums) {
  uint64_t all = sums->now.used + sums->now.available;

  return all == 0 ? 100 : (unsigned)((sums->now.used * 100 + all - 1) / all);
}

/* Returns what the total says about the memory that no row explains. */
static char *rest_text(const request *wanted, const space_sums *sums, bool is_whole) {
  char *size, *text;

  if (!is_whole || !sums->is_limited || (sums->is_settled && sums->not_visible == 0))
    return cli_format("%s", "");
  if (!sums->is_settled)
    return cli_format(", changing");
  size = cli_size(sums->not_visible, &wanted->view);
  text = cli_format(", %s not visible to UID %u", size, (unsigned)geteuid());
  free(size);
  return text;
}

/* Returns " of 64.0M used in /dev/shm (df: 98%)", or less if the file system has no limit. */
static char *space_text(const request *wanted, const blocks *found) {
  const space_sums *sums = &found->space;
  char *used, *text;

  if (!sums->is_limited)
    return cli_format(" used in %s", found->place->text);
  used = cli_size(sums->now.used, &wanted->view);
  text = cli_format(" of %s used in %s (df: %u%%)", used, found->place->text, percent_of(sums));
  free(used);
  return text;
}

/* Returns the last line: what the rows use beside what df(1) shows. */
static char *total_line(const request *wanted, const blocks *found, const shown *rows, bool is_whole) {
  char *used = cli_size(rows->used, &wanted->view), *space = space_text(wanted, found),
       *rest = rest_text(wanted, &found->space, is_whole), *others = cli_format("%s", ""), *line;

  if (rows->others > 0) {
    free(others);
    others = cli_format(", %zu other file%s", rows->others, rows->others == 1 ? "" : "s");
  }
  line = cli_format("%zu block%s%s, %s%s%s", rows->blocks, rows->blocks == 1 ? "" : "s", others, used, space, rest);
  free(used);
  free(space);
  free(rest);
  free(others);
  return line;
}

/* Returns a number as JSON, or null. */
static char *number_json(bool is_known, uint64_t number) {
  return is_known ? cli_format("%" PRIu64, number) : cli_format("null");
}

/* Returns the same as JSON. */
static char *total_json(const blocks *found, const shown *rows, bool is_whole) {
  const space_sums *sums = &found->space;
  char *used = number_json(sums->is_limited, sums->now.used), *size = number_json(sums->is_limited, sums->now.size),
       *rest = number_json(is_whole && sums->is_limited && sums->is_settled, sums->not_visible), *json;
  cli_text name = {0};

  cli_escape_json(&name, found->place->text, strlen(found->place->text));
  json = cli_format("{\"directory\": %s, \"blocks\": %zu, \"others\": %zu, \"used\": %" PRIu64
                    ", \"df_used\": %s, \"df_size\": %s, \"not_visible\": %s}",
                    name.bytes, rows->blocks, rows->others, rows->used, used, size, rest);
  free(name.bytes);
  free(used);
  free(size);
  free(rest);
  return json;
}

/* If only some files were read, what is not visible is unknown. */
static void add_total(cli_table *table, const request *wanted, const blocks *found, bool is_whole) {
  shown rows = count_rows(found, is_whole);
  char *line = total_line(wanted, found, &rows, is_whole), *json = total_json(found, &rows, is_whole);

  cli_table_total(table, line, json);
  free(line);
  free(json);
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
  request wanted = {.order = "name"};
  int option;

  while ((option = cli_option(&cli_ls, argc, argv, CLI_VIEW_SHORTS "x:Rk:u:p:d:zh", longs)) >= 0)
    apply_option(&wanted, option);
  if (wanted.names_only && (optind != argc || !filter_is_empty(&wanted.filter)))
    cli_usage_error("--zero lists all blocks and takes no NAME, and no option that chooses blocks");
  choose_order(&wanted);
  return wanted;
}

static bool list(const request *wanted, const block_place *where, char **names, size_t count) {
  const char *columns = wanted->view.json ? COLUMNS_JSON : wanted->view.raw ? COLUMNS_RAW : COLUMNS_SHOWN;
  cli_table *table = cli_table_new("blocks", block_columns, COLUMN_COUNT, columns, block_cell, &wanted->view);
  blocks found;
  bool all_found = blocks_read_in(&found, where, names, count),
       is_whole = count == 0 && filter_is_empty(&wanted->filter);

  if (is_whole)
    blocks_add_up(&found);
  filter_apply(&wanted->filter, &found);
  sort(&found);
  for (size_t i = 0; i < found.count; i++)
    cli_table_add(table, &found.blocks[i], NULL, COLUMN_STATE, color_of(found.blocks[i].state));
  cli_table_hide_if_empty(table, COLUMN_REASON);
  add_total(table, wanted, &found, is_whole);
  cli_table_print(table);
  blocks_free(&found);
  return all_found;
}

static int run_ls(int argc, char **argv) {
  request wanted = parse_options(argc, argv);
  block_place where = place_open(wanted.directory, wanted.pid);
  bool all_found = true;

  if (wanted.names_only)
    print_names(&where);
  else
    all_found = list(&wanted, &where, argv + optind, (size_t)(argc - optind));
  place_close(&where);
  filter_free(&wanted.filter);
  return all_found ? CLI_DONE : CLI_FAILED;
}

const cli_command cli_ls = {"ls", "[NAME]...", "List all blocks and other files, or the named ones.",
                            CLI_VIEW_HELP
                            "\n"
                            "                        " COLUMNS_RAW ",\n"
                            "                        REASON,USER,MODE,SYNC,COMMAND,OWNERCMD;\n"
                            "                        +COLUMNS adds columns to the default\n"
                            "  -x, --sort COLUMN     sort by name, or by size, used, age or users, descending\n"
                            "  -R, --reverse         reverse the order\n"
                            "  --state STATES        list only these states, e.g. open,deleted\n"
                            "  -k, --kind KINDS      list only these kinds: list, raw, semaphore, log,\n"
                            "                        directory, fifo, socket, link, device\n"
                            "  -u, --user USERS      list only the files of these users\n"
                            "  --min-size BYTES      list only files of at least that size, e.g. 10M\n"
                            "  -p, --pid PID         look into /dev/shm as that process sees it, for example\n"
                            "                        a process in a container\n"
                            "  -d, --directory DIR   look into another directory on a tmpfs\n"
                            "  -z, --zero            print only the names, unescaped, each followed by a NUL\n"
                            "  -h, --help            print this help\n"
                            "\n"
                            "A NAME may be a pattern: 'psm_*'. STATE is used (a process has it mapped, or\n"
                            "its owner is alive), open (open, but not mapped), orphaned (its owner is dead:\n"
                            "'shareable gc --remove' removes it), unowned (no process uses or owns it),\n"
                            "deleted (in use, but without a name) or unknown (see REASON). The last line\n"
                            "compares the memory of the files with the memory that df shows.\n",
                            run_ls};
