/*
 * gc.c - shareable gc: lists and removes the blocks of dead processes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "escape.h"
#include "table.h"

enum { NAME, RESULT, REASON };

static const cli_column columns[] = {
  [NAME] = {"NAME", 0, SCOLS_JSON_STRING, false, 0},
  [RESULT] = {"RESULT", 0, SCOLS_JSON_STRING, false, 0},
  [REASON] = {"REASON", SCOLS_FL_WRAP, SCOLS_JSON_STRING, true, 0},
};

typedef struct gc_entry {
  const char *name, *reason;
  shareable_gc_result result;
  size_t width; /* of the reason */
} gc_entry;

static char *cell(const void *row, size_t column, const cli_view *view) {
  static const char *const results[] = {
    [SHAREABLE_GC_KEPT] = "kept", [SHAREABLE_GC_GARBAGE] = "garbage", [SHAREABLE_GC_REMOVED] = "removed"};
  const gc_entry *entry = row;
  char *text;

  switch (column) {
  case NAME:
    return cli_format("%s", entry->name);
  case RESULT:
    return cli_format("%s", results[entry->result]);
  default:
    if (view->json || view->raw)
      return cli_format("%s", entry->reason);
    text = cli_escaped(entry->reason);
    if (entry->width > 0)
      cli_break_lines(text, entry->width);
    return text;
  }
}

/* Returns the width that the other two columns leave on a terminal, or 0 if there is no limit. */
static size_t width_left(const shareable_gc *gc) {
  struct winsize window;
  size_t taken = sizeof "NAME RESULT_ ";

  if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0)
    return 0;
  for (size_t i = 0; i < shareable_gc_count(gc); i++) {
    char *name = cli_escaped(shareable_gc_name(gc, i));
    size_t length = strlen(name) + sizeof "garbage ";

    free(name);
    taken = length > taken ? length : taken;
  }
  return window.ws_col > taken + 20 ? window.ws_col - taken : 20;
}

/* Adds a row for each block, and counts the blocks that are garbage or were removed. */
static void add_results(cli_table *table, const shareable_gc *gc, bool is_quiet, size_t *garbage, size_t *removed) {
  size_t width = width_left(gc);

  for (size_t i = 0; i < shareable_gc_count(gc); i++) {
    const gc_entry entry = {shareable_gc_name(gc, i), shareable_gc_reason(gc, i), shareable_gc_result_at(gc, i), width};

    *garbage += entry.result == SHAREABLE_GC_GARBAGE;
    *removed += entry.result == SHAREABLE_GC_REMOVED;
    if (!is_quiet || entry.result != SHAREABLE_GC_KEPT)
      cli_table_add(table, &entry, NULL, RESULT, entry.result == SHAREABLE_GC_KEPT ? NULL : "\033[31m");
  }
}

static int run_gc(int argc, char **argv) {
  static const struct option longs[] = {CLI_VIEW_LONGS,
                                        {"remove", no_argument, NULL, 'R'},
                                        {"quiet", no_argument, NULL, 'q'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  size_t garbage = 0, removed = 0;
  bool is_quiet = false;
  uint32_t flags = 0;
  cli_view view = {0};
  shareable_error error;
  cli_table *table;
  shareable_gc *gc;
  int option;

  while ((option = cli_option(&cli_gc, argc, argv, CLI_VIEW_SHORTS "Rqh", longs)) >= 0)
    if (!cli_view_apply(&view, option)) {
      flags |= option == 'R' ? SHAREABLE_GC_REMOVE : 0;
      is_quiet |= option == 'q';
    }
  if (optind != argc)
    cli_usage_error("unexpected argument '%s': gc checks all blocks; 'shareable rm' removes blocks by name",
                    argv[optind]);
  table = cli_table_new("blocks", columns, sizeof columns / sizeof *columns, "NAME,RESULT,REASON", cell, &view);
  if (shareable_gc_run(&gc, flags, &error) != SHAREABLE_OK)
    cli_die("%s", error.message);
  add_results(table, gc, is_quiet, &garbage, &removed);
  cli_table_print(table);
  shareable_gc_free(gc);
  if (garbage > 0)
    cli_warn("%zu blocks are garbage: 'shareable gc --remove' removes them", garbage);
  if (removed > 0)
    cli_warn("%zu blocks were removed", removed);
  return CLI_DONE;
}

const cli_command cli_gc = {"gc", "", "List blocks left by dead processes; --remove deletes them.",
                            CLI_VIEW_HELP "\n"
                                          "                        NAME,RESULT,REASON\n"
                                          "  -R, --remove          remove garbage; without it, nothing is changed\n"
                                          "  -q, --quiet           do not list kept blocks\n"
                                          "  -h, --help            print this help\n"
                                          "\n"
                                          "A block is garbage if a kernel lock proves that its owner is dead, and no\n"
                                          "process has it open or mapped. Its age does not matter.\n",
                            run_gc};
