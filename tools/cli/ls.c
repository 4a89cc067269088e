/*
 * ls.c - shareable ls and info: list blocks, and show their details.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "blocks.h"
#include "escape.h"
#include "output.h"
#include "process.h"
#include "shm/segment.h"
#include "table.h"

enum { NAME, KIND, ITEMS, SIZE, USED, USERS, OWNER, AGE, STATE, USER, MODE, SYNC, COMMAND };

static const cli_column columns[] = {
  [NAME] = {"NAME", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, .least = 0},
  [KIND] = {"KIND", 0, SCOLS_JSON_STRING, .least = 0},
  [ITEMS] = {"ITEMS", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [SIZE] = {"SIZE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [USED] = {"USED", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [USERS] = {"USERS", SCOLS_FL_TRUNC, SCOLS_JSON_ARRAY_NUMBER, .least = 8},
  [OWNER] = {"OWNER", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [AGE] = {"AGE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [STATE] = {"STATE", 0, SCOLS_JSON_STRING, .least = 0},
  [USER] = {"USER", 0, SCOLS_JSON_STRING, .least = 0},
  [MODE] = {"MODE", 0, SCOLS_JSON_STRING, .least = 0},
  [SYNC] = {"SYNC", 0, SCOLS_JSON_BOOLEAN, .least = 0},
  [COMMAND] = {"COMMAND", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, .least = 8},
};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

#define COLUMNS_SHOWN "NAME,KIND,ITEMS,SIZE,USED,USERS,OWNER,AGE,STATE"
#define COLUMNS_ALL COLUMNS_SHOWN ",USER,MODE,SYNC,COMMAND"

/* Returns the pids, separated by commas. */
static char *users_of(const block *info, const cli_view *view) {
  cli_text text = {0};

  for (size_t i = 0; i < info->user_count; i++) {
    char pid[24];
    int length = snprintf(pid, sizeof pid, "%s%" PRId64, i == 0 ? "" : ",", info->users[i].pid);

    cli_text_add(&text, pid, (size_t)length);
  }
  if (info->has_other_users && !view->json)
    cli_text_add(&text, "?", 1);
  return text.bytes;
}

static char *owner_of(const block *info, const cli_view *view) {
  if (info->owner > 0)
    return cli_format("%" PRId64, info->owner);
  return info->owner == 0 || view->json ? NULL : cli_format(info->state == BLOCK_ORPHANED ? "ended" : "?");
}

static char *age_of(int64_t seconds, const cli_view *view) {
  static const struct {
    int64_t seconds;
    char name;
  } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};

  if (view->in_bytes)
    return cli_format("%" PRId64, seconds);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (seconds >= 2 * units[i].seconds)
      return cli_format("%" PRId64 "%c", seconds / units[i].seconds, units[i].name);
  return cli_format("%" PRId64 "s", seconds);
}

/* Returns the commands of the users, in the order of USERS; of a process that has ended, "?". */
static char *commands_of(const block *info) {
  cli_text text = {0};

  for (size_t i = 0; i < info->user_count; i++) {
    char *command = process_command(info->users[i].pid);

    cli_text_add(&text, ",", i > 0);
    cli_text_add(&text, command == NULL ? "?" : command, command == NULL ? 1 : strlen(command));
    free(command);
  }
  return text.bytes;
}

static char *cell(const void *row, size_t column, const cli_view *view) {
  const block *info = row;
  bool has_name = info->state != BLOCK_DELETED;

  switch (column) {
  case NAME:
    return cli_format("%s", info->name);
  case KIND:
    return block_kind_name(info->kind) == NULL ? NULL : cli_format("%s", block_kind_name(info->kind));
  case ITEMS:
    return info->kind == BLOCK_LIST ? cli_format("%zu", info->items) : NULL;
  case SIZE:
    return cli_size(info->size, view);
  case USED:
    return cli_size(info->used, view);
  case USERS:
    return users_of(info, view);
  case OWNER:
    return owner_of(info, view);
  case AGE:
    return has_name ? age_of(info->age, view) : NULL;
  case STATE:
    return cli_format("%s", block_state_name(info->state));
  case USER:
    return has_name ? cli_format("%s", process_user_name(info->uid)) : NULL;
  case MODE:
    return has_name ? cli_format("%04o", (unsigned)info->mode) : NULL;
  case SYNC:
    return info->kind == BLOCK_LIST
             ? cli_format("%s", view->json ? (info->has_sync_area ? "1" : "0") : (info->has_sync_area ? "yes" : "no"))
             : NULL;
  case COMMAND:
    return commands_of(info);
  default:
    return NULL;
  }
}

static const char *color_of(block_state state) {
  return state == BLOCK_ORPHANED ? "\033[31m" : state == BLOCK_DELETED ? "\033[33m" : NULL;
}

static int descending(int64_t first, int64_t second) {
  return first < second ? 1 : first > second ? -1 : 0;
}

static int by_size(const void *a, const void *b) {
  const block *first = a, *second = b;

  return descending((int64_t)first->size, (int64_t)second->size);
}

static int by_used(const void *a, const void *b) {
  const block *first = a, *second = b;

  return descending((int64_t)first->used, (int64_t)second->used);
}

static int by_age(const void *a, const void *b) {
  const block *first = a, *second = b;

  return descending(first->age, second->age);
}

/* Sorts in descending order, or by name. */
static void sort(blocks *found, const char *column) {
  static const struct {
    const char *column;
    int (*compare)(const void *a, const void *b);
  } orders[] = {{"name", NULL}, {"size", by_size}, {"used", by_used}, {"age", by_age}};

  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
    if (strcmp(column, orders[i].column) == 0) {
      if (orders[i].compare != NULL && found->count > 0)
        qsort(found->blocks, found->count, sizeof *found->blocks, orders[i].compare);
      return;
    }
  cli_usage_error("cannot sort by '%s': expected name, size, used or age", column);
}

/*
 * The ownership logs. They are read only when a name needs them, because reading them inspects all
 * processes and takes time.
 */
typedef struct logs {
  shareable__inventory inventory;
  bool are_read;
} logs;

static bool is_owned(logs *owned, const char *name, uint64_t inode) {
  shareable_error error;

  if (!owned->are_read && shareable__inventory_take(&owned->inventory, &error) != SHAREABLE_OK)
    cli_die("%s", error.message);
  owned->are_read = true;
  return shareable__inventory_entry_of(&owned->inventory, name, inode) != NULL;
}

static void print_name(int directory, const char *name, logs *owned) {
  struct stat file;

  if (fstatat(directory, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file.st_mode) ||
      (name[0] == '.' && !is_owned(owned, name, file.st_ino)))
    return;
  cli_put_value(name, strlen(name));
  cli_put_bytes("", 1);
}

/* Prints the names of all blocks, unescaped, each followed by a NUL. */
static int print_names(void) {
  DIR *directory = opendir(SHAREABLE__DIRECTORY);
  const struct dirent *entry;
  logs owned = {0};

  if (directory == NULL)
    cli_die("cannot read " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  while ((entry = readdir(directory)) != NULL)
    print_name(dirfd(directory), entry->d_name, &owned);
  closedir(directory);
  if (owned.are_read)
    shareable__inventory_free(&owned.inventory);
  return CLI_DONE;
}

static int run_ls(int argc, char **argv) {
  static const struct option longs[] = {CLI_VIEW_LONGS,
                                        {"sort", required_argument, NULL, 'x'},
                                        {"zero", no_argument, NULL, 'z'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  const char *order = "name";
  bool names_only = false, all_found;
  cli_view view = {0};
  cli_table *table;
  blocks found;
  int option;

  while ((option = cli_option(&cli_ls, argc, argv, CLI_VIEW_SHORTS "x:zh", longs)) >= 0) {
    names_only |= option == 'z';
    if (option == 'x')
      order = optarg;
    cli_view_apply(&view, option);
  }
  if (names_only && optind != argc)
    cli_usage_error("--zero lists all blocks and takes no NAME");
  if (names_only)
    return print_names();
  table = cli_table_new("blocks", columns, COLUMN_COUNT, COLUMNS_SHOWN, cell, &view);
  all_found = blocks_read(&found, argv + optind, (size_t)(argc - optind));
  sort(&found, order);
  for (size_t i = 0; i < found.count; i++)
    cli_table_add(table, &found.blocks[i], NULL, STATE, color_of(found.blocks[i].state));
  cli_table_print(table);
  blocks_free(&found);
  return all_found ? CLI_DONE : CLI_FAILED;
}

const cli_command cli_ls = {"ls", "[NAME]...", "List all blocks, or the named ones.",
                            CLI_VIEW_HELP
                            "\n"
                            "                        " COLUMNS_SHOWN ",\n"
                            "                        USER,MODE,SYNC,COMMAND\n"
                            "  -x, --sort COLUMN     sort by name, size, used or age\n"
                            "  -z, --zero            print only the names, unescaped, each followed by a NUL\n"
                            "  -h, --help            print this help\n"
                            "\n"
                            "STATE is live, unused (no process has it open or owns it), orphaned (its owner\n"
                            "is dead: 'shareable gc --remove' removes it), deleted (in use, but without a\n"
                            "name) or unknown (this user cannot see all of its users, or its owner).\n",
                            run_ls};

/* Prints one block, a line for each column. */
static void print_info(const block *info) {
  const cli_view view = {.in_bytes = false};

  for (size_t i = 0; i < COLUMN_COUNT; i++) {
    char *text = cell(info, i, &view);

    if (text != NULL)
      cli_line("%-7s  %s", columns[i].name, text);
    free(text);
  }
  if (info->state == BLOCK_UNKNOWN && info->unreadable_pid != 0)
    cli_line("%-7s  process %" PRId64 " cannot be inspected: it may use the block", "NOTE", info->unreadable_pid);
  if (info->is_owner_unknown)
    cli_line("%-7s  the ownership logs of the block's user cannot be read: its owner is unknown", "NOTE");
}

static int run_info(int argc, char **argv) {
  static const struct option longs[] = {{"json", no_argument, NULL, 'J'}, {"help", no_argument, NULL, 'h'}, {0}};
  cli_view view = {0};
  bool all_found;
  blocks found;

  while (cli_option(&cli_info, argc, argv, ":Jh", longs) >= 0)
    view.json = view.in_bytes = true;
  if (optind == argc)
    cli_usage_error("NAME is missing");
  all_found = blocks_read(&found, argv + optind, (size_t)(argc - optind));
  if (view.json) {
    cli_table *table = cli_table_new("blocks", columns, COLUMN_COUNT, COLUMNS_ALL, cell, &view);
    for (size_t i = 0; i < found.count; i++)
      cli_table_add(table, &found.blocks[i], NULL, STATE, NULL);
    cli_table_print(table);
  }
  for (size_t i = 0; i < found.count && !view.json; i++) {
    if (i > 0)
      cli_put("\n");
    print_info(&found.blocks[i]);
  }
  blocks_free(&found);
  return all_found ? CLI_DONE : CLI_FAILED;
}

const cli_command cli_info = {"info", "NAME...", "Show details of a block.",
                              "  -J, --json  print JSON\n"
                              "  -h, --help  print this help\n",
                              run_info};
