/*
 * manager_list.c - shareable manager list and status: list the running managers, and show their
 * details.
 */
#include "manager_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "age.h"
#include "manager_find.h"
#include "output.h"
#include "process.h"
#include "table.h"

enum {
  PID,
  USER,
  STATE,
  BLOCKS,
  BYTES,
  USED,
  NAMES,
  CLIENTS,
  CLIENTS_TOTAL,
  UNAUTHENTICATED,
  REFUSED_PEERS,
  REFUSED_KEYS,
  REFUSED_LIMITS,
  AGE,
  OWNER,
  LOG_LEVEL,
  ADDRESS
};

static const cli_column columns[] = {
  [PID] = {"PID", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [USER] = {"USER", 0, SCOLS_JSON_STRING, false, 0},
  [STATE] = {"STATE", 0, SCOLS_JSON_STRING, false, 0},
  [BLOCKS] = {"BLOCKS", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [BYTES] = {"BYTES", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [USED] = {"USED", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [NAMES] = {"NAMES", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [CLIENTS] = {"CLIENTS", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [CLIENTS_TOTAL] = {"CLIENTS_TOTAL", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [UNAUTHENTICATED] = {"UNAUTHENTICATED", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [REFUSED_PEERS] = {"REFUSED_PEERS", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [REFUSED_KEYS] = {"REFUSED_KEYS", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [REFUSED_LIMITS] = {"REFUSED_LIMITS", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [AGE] = {"AGE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [OWNER] = {"OWNER", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [LOG_LEVEL] = {"LOG_LEVEL", 0, SCOLS_JSON_STRING, false, 0},
  [ADDRESS] = {"ADDRESS", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, false, 0},
};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

#define COLUMNS_SHOWN "STATE,BLOCKS,BYTES,CLIENTS,AGE,ADDRESS"
#define COLUMNS_HELP                                                                                                   \
  "                        PID,USER,STATE,BLOCKS,BYTES,USED,NAMES,CLIENTS,\n"                                          \
  "                        CLIENTS_TOTAL,UNAUTHENTICATED,REFUSED_PEERS,\n"                                             \
  "                        REFUSED_KEYS,REFUSED_LIMITS,AGE,OWNER,LOG_LEVEL,ADDRESS\n"
#define COLUMNS_ALL                                                                                                    \
  "PID,USER,STATE,BLOCKS,BYTES,USED,NAMES,CLIENTS,CLIENTS_TOTAL,UNAUTHENTICATED,REFUSED_PEERS,REFUSED_KEYS,"           \
  "REFUSED_LIMITS,AGE,OWNER,LOG_LEVEL,ADDRESS"

static char *pid_of(int64_t pid, const cli_view *view) {
  if (pid == 0)
    return view->json ? NULL : cli_format("?");
  return cli_format("%" PRId64, pid);
}

/* Another user's manager may state any number. */
static char *level_of(uint64_t level) {
  static const char *const names[] = {"error", "warning", "info", "debug"};

  return level < sizeof names / sizeof *names ? cli_format("%s", names[level]) : NULL;
}

static char *number(uint64_t count) {
  return cli_format("%" PRIu64, count);
}

/* The cells that are known from the manager's own reply. */
static char *stated_cell(const control_reply *status, size_t column, const cli_view *view) {
  switch (column) {
  case BLOCKS:
    return number(status->blocks);
  case BYTES:
    return cli_size(status->bytes, view);
  case USED:
    return cli_size(status->used, view);
  case NAMES:
    return number(status->names);
  case CLIENTS:
    return number(status->clients);
  case CLIENTS_TOTAL:
    return number(status->clients_total);
  case UNAUTHENTICATED:
    return number(status->unauthenticated);
  case REFUSED_PEERS:
    return number(status->refused_peers);
  case REFUSED_KEYS:
    return number(status->refused_keys);
  case REFUSED_LIMITS:
    return number(status->refused_by_limits);
  case OWNER:
    return status->owner > 0 ? cli_format("%" PRId64, status->owner) : NULL;
  case LOG_LEVEL:
    return level_of(status->log_level);
  case ADDRESS:
    return status->address[0] == '\0' ? NULL : cli_format("%s", status->address);
  default:
    return NULL;
  }
}

static char *cell(const void *row, size_t column, const cli_view *view) {
  static const char *const states[] = {
    [MANAGER_RUNNING] = "running", [MANAGER_SILENT] = "not responding", [MANAGER_UNKNOWN] = "unknown"};
  const manager *found = row;

  switch (column) {
  case PID:
    return pid_of(found->pid, view);
  case USER:
    return cli_format("%s", process_user_name(found->uid));
  case STATE:
    return cli_format("%s", states[found->state]);
  case AGE:
    return cli_age(found->age, view);
  default:
    return found->state == MANAGER_RUNNING ? stated_cell(&found->status, column, view) : NULL;
  }
}

static void warn_none(void) {
  cli_warn(geteuid() == 0 ? "no manager is running" : "no manager of this user is running");
}

static int run_list(int argc, char **argv) {
  static const struct option longs[] = {CLI_VIEW_LONGS, {"help", no_argument, NULL, 'h'}, {0}};
  const char *shown = geteuid() == 0 ? "PID,USER," COLUMNS_SHOWN : "PID," COLUMNS_SHOWN;
  cli_view view = {0};
  cli_table *table;
  managers found;
  int option;

  while ((option = cli_option(&cli_manager_list, argc, argv, CLI_VIEW_SHORTS "h", longs)) >= 0)
    cli_view_apply(&view, option);
  if (optind != argc)
    cli_usage_error("unexpected argument '%s': list lists all managers; 'shareable manager status' shows one",
                    argv[optind]);
  table = cli_table_new("managers", columns, COLUMN_COUNT, shown, cell, &view);
  managers_find(&found, INT64_MAX);
  for (size_t i = 0; i < found.count; i++)
    cli_table_add(table, &found.managers[i], NULL, STATE,
                  found.managers[i].state == MANAGER_RUNNING ? NULL : "\033[31m");
  cli_table_print(table);
  if (found.count == 0 && !view.json)
    warn_none();
  managers_free(&found);
  return CLI_DONE;
}

const cli_command cli_manager_list = {
  "manager list", "", "List the running managers of this user; as root, of all users.",
  CLI_VIEW_HELP "\n" COLUMNS_HELP "  -h, --help            print this help\n"
                "\n"
                "STATE is running, not responding (no reply within two seconds) or unknown (it is\n"
                "not a manager of this version). PID is ? in another pid namespace.\n",
  run_list};

/* Prints one manager, a line for each column. */
static void print_status(const manager *found) {
  const cli_view view = {.in_bytes = false};
  char *problem = manager_problem(found);

  for (size_t i = 0; i < COLUMN_COUNT; i++) {
    char *text = cell(found, i, &view);

    if (text != NULL)
      cli_line("%-15s  %s", columns[i].name, text);
    free(text);
  }
  if (found->pid == 0 && found->state == MANAGER_RUNNING)
    cli_line("%-15s  it runs in another pid namespace, in which its pid is %" PRId64, "NOTE", found->status.pid);
  if (problem != NULL)
    cli_line("%-15s  %s", "NOTE", problem);
  free(problem);
}

/* Adds or prints those that match the text, or all if it is NULL. Returns whether there were any. */
static bool show(const managers *found, const char *text, cli_table *table) {
  size_t shown = 0;

  for (size_t i = 0; i < found->count; i++) {
    const manager *next = &found->managers[i];

    if (text != NULL && !manager_matches(next, text))
      continue;
    if (table != NULL)
      cli_table_add(table, next, NULL, STATE, NULL);
    else if (shown > 0)
      cli_put("\n");
    if (table == NULL)
      print_status(next);
    shown++;
  }
  return shown > 0;
}

static int run_status(int argc, char **argv) {
  static const struct option longs[] = {{"json", no_argument, NULL, 'J'}, {"help", no_argument, NULL, 'h'}, {0}};
  cli_table *table = NULL;
  cli_view view = {0};
  managers found;
  bool is_shown;

  while (cli_option(&cli_manager_status, argc, argv, ":Jh", longs) >= 0)
    view.json = view.in_bytes = true;
  if (argc - optind > 1)
    cli_usage_error("unexpected argument '%s': expected one PID or ADDRESS", argv[optind + 1]);
  managers_find(&found, INT64_MAX);
  if (argv[optind] != NULL && managers_are_ambiguous(&found, argv[optind])) {
    managers_free(&found);
    return CLI_FAILED;
  }
  if (view.json)
    table = cli_table_new("managers", columns, COLUMN_COUNT, COLUMNS_ALL, cell, &view);
  is_shown = show(&found, argv[optind], table);
  if (table != NULL)
    cli_table_print(table);
  if (!is_shown && argv[optind] != NULL)
    manager_warn_not_found(&found, argv[optind]);
  else if (!is_shown)
    warn_none();
  managers_free(&found);
  return is_shown ? CLI_DONE : CLI_FAILED;
}

static bool has_unknown_address(const managers *found) {
  for (size_t i = 0; i < found->count; i++)
    if (found->managers[i].state != MANAGER_RUNNING)
      return true;
  return false;
}

void manager_warn_not_found(const managers *found, const char *text) {
  cli_warn("'%s' is not the PID or the address of a running manager%s: 'shareable manager list' lists them%s", text,
           geteuid() == 0 ? "" : " of this user",
           has_unknown_address(found) ? ". The address of one that does not respond is unknown: give its PID" : "");
}

const cli_command cli_manager_status = {
  "manager status", "[PID|ADDRESS]", "Show details of a manager, or of all managers of this user.",
  "  -J, --json  print JSON\n"
  "  -h, --help  print this help\n"
  "\n"
  "BLOCKS and BYTES count the blocks that the manager removes when it ends, USED\n"
  "their memory, CLIENTS the authenticated connections now, and CLIENTS_TOTAL those\n"
  "since the start. Since the start, REFUSED_PEERS processes of other users,\n"
  "REFUSED_KEYS authentications and REFUSED_LIMITS connections were refused.\n",
  run_status};
