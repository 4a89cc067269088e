/*
 * gc_view.c - prints what gc found: each block, or a summary that fits a small terminal.
 */
#include "gc_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "age.h"
#include "escape.h"
#include "output.h"
#include "process.h"

/*
 * The lines of a small terminal; the lines that the totals, the prompts and headings take; the
 * most reasons that a summary contains, and the fewest blocks.
 */
enum { LINES = 24, LINES_OF_REST = 9, REASONS_MAX = 5, BLOCKS_MIN = 4 };

/* The width of the reasons that leaves less space to the other columns. */
enum { REASON_LEAST = 20 };

enum { NAME, RESULT, SIZE, USED, AGE, USER, REASON };

static const cli_column columns[] = {
  [NAME] = {"NAME", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, false, CLI_NAME_LEAST},
  [RESULT] = {"RESULT", 0, SCOLS_JSON_STRING, false, 0},
  [SIZE] = {"SIZE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [USED] = {"USED", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [AGE] = {"AGE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [USER] = {"USER", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, false, 8},
  [REASON] = {"REASON", SCOLS_FL_WRAP, SCOLS_JSON_STRING, false, REASON_LEAST},
};

/* The columns of the summary of kept blocks. */
enum { KEPT_BLOCKS, KEPT_USED, KEPT_REASON };

static const cli_column kept_columns[] = {
  [KEPT_BLOCKS] = {"KEPT", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [KEPT_USED] = {"USED", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, false, 0},
  [KEPT_REASON] = {"REASON", SCOLS_FL_WRAP, SCOLS_JSON_STRING, false, REASON_LEAST},
};

/* Returns the size of the terminal, or zeros if the output is not one. */
static struct winsize terminal(void) {
  struct winsize window = {0};

  if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0)
    return (struct winsize){0};
  return window;
}

static char *file_cell(const shareable__gc_entry *entry, size_t column, const cli_view *view) {
  switch (column) {
  case SIZE:
    return cli_size((uint64_t)entry->file.st_size, view);
  case USED:
    return cli_size((uint64_t)entry->file.st_blocks * 512, view);
  case AGE:
    return cli_age(entry->age, view);
  default:
    return cli_format("%s", process_user_name(entry->file.st_uid));
  }
}

static char *cell(const void *row, size_t column, const cli_view *view) {
  static const char *const results[] = {
    [SHAREABLE_GC_KEPT] = "kept", [SHAREABLE_GC_GARBAGE] = "garbage", [SHAREABLE_GC_REMOVED] = "removed"};
  const shareable__gc_entry *entry = row;

  switch (column) {
  case NAME:
    return cli_format("%s", entry->name);
  case RESULT:
    return cli_format("%s", results[entry->result]);
  case REASON:
    return cli_format("%s", entry->reason);
  default:
    return entry->errnum == 0 ? file_cell(entry, column, view) : NULL;
  }
}

static char *kept_cell(const void *row, size_t column, const cli_view *view) {
  const gc_total *total = row;

  switch (column) {
  case KEPT_BLOCKS:
    return cli_format("%zu", total->blocks);
  case KEPT_USED:
    return cli_size(total->used, view);
  default:
    return cli_format("%s", total->reason);
  }
}

/* Adds the rows of at most `max` blocks, kept ones only if `has_kept`. Returns how many it left out. */
static size_t add_blocks(cli_table *table, const shareable_gc *gc, bool has_kept, size_t max) {
  size_t rows = 0;

  for (size_t i = 0; i < shareable_gc_count(gc); i++) {
    const shareable__gc_entry *entry = shareable__gc_entry_at(gc, i);
    bool is_kept = entry->result == SHAREABLE_GC_KEPT;

    if ((!is_kept || has_kept) && rows++ < max)
      cli_table_add(table, entry, NULL, RESULT, is_kept ? NULL : "\033[31m");
  }
  return rows > max ? rows - max : 0;
}

static bool is_summary(const gc_view *view) {
  return !view->is_verbose && !view->table.json && !view->table.raw && view->table.columns == NULL;
}

cli_table *gc_view_table(const gc_view *view) {
  const char *shown = view->table.json   ? "NAME,RESULT,SIZE,USED,AGE,USER,REASON"
                      : is_summary(view) ? "NAME,USED,AGE,USER,RESULT"
                                         : "NAME,RESULT,USED,REASON";

  static const size_t dispensable[] = {USER, AGE, USED};
  cli_table *table = cli_table_new("blocks", columns, sizeof columns / sizeof *columns, shown, cell, &view->table);

  cli_table_dispensable(table, dispensable, sizeof dispensable / sizeof *dispensable);
  return table;
}

static char *json_total(const char *name, const gc_total *total) {
  return cli_format("\"%s\": {\"blocks\": %zu, \"used\": %" PRIu64 "}", name, total->blocks, total->used);
}

static void print_json(cli_table *table, const gc_totals *totals) {
  char *garbage = json_total("garbage", &totals->results[SHAREABLE_GC_GARBAGE]);
  char *removed = json_total("removed", &totals->results[SHAREABLE_GC_REMOVED]);
  char *kept = json_total("kept", &totals->results[SHAREABLE_GC_KEPT]);
  char *all = cli_format("{\n      %s,\n      %s,\n      %s\n   }", garbage, removed, kept);

  cli_table_total(table, "", all);
  cli_table_print(table);
  free(garbage);
  free(removed);
  free(kept);
  free(all);
}

/* Returns the number of lines that the reasons of a summary take at most. */
static size_t lines_of_reasons(const gc_totals *totals) {
  size_t lines = totals->kept_count > REASONS_MAX, width = terminal().ws_col, taken = sizeof "10000 1023.9M ";

  for (size_t i = 0; i < totals->kept_count && i < REASONS_MAX; i++) {
    char *reason = cli_escaped(totals->kept[i].reason);

    cli_break_lines(reason, width > taken + REASON_LEAST ? width - taken : REASON_LEAST);
    for (const char *line = reason; line != NULL; line = strchr(line + 1, '\n'))
      lines++;
    free(reason);
  }
  return lines;
}

/* Returns how many garbage blocks a summary lists: all, unless the output is a terminal. */
static size_t most_blocks(const gc_view *view, const gc_totals *totals) {
  size_t rows = terminal().ws_row, taken = LINES_OF_REST;

  if (!isatty(STDOUT_FILENO))
    return SIZE_MAX;
  rows = rows > LINES ? rows : LINES;
  taken += view->is_quiet ? 0 : lines_of_reasons(totals);
  return rows > taken + BLOCKS_MIN ? rows - taken : BLOCKS_MIN;
}

static void print_kept(const cli_view *view, const gc_totals *totals) {
  cli_table *table = cli_table_new("kept", kept_columns, sizeof kept_columns / sizeof *kept_columns, "KEPT,USED,REASON",
                                   kept_cell, view);
  gc_total rest = {.reason = "for other reasons"};

  for (size_t i = 0; i < totals->kept_count; i++)
    if (i < REASONS_MAX) {
      cli_table_add(table, &totals->kept[i], NULL, KEPT_BLOCKS, NULL);
    } else {
      rest.blocks += totals->kept[i].blocks;
      rest.used += totals->kept[i].used;
    }
  if (rest.blocks > 0)
    cli_table_add(table, &rest, NULL, KEPT_BLOCKS, NULL);
  cli_table_print(table);
}

static size_t garbage_blocks(const gc_totals *totals) {
  return totals->results[SHAREABLE_GC_GARBAGE].blocks + totals->results[SHAREABLE_GC_REMOVED].blocks;
}

static void print_summary(const gc_view *view, cli_table *table, const shareable_gc *gc, const gc_totals *totals) {
  size_t missing = add_blocks(table, gc, false, most_blocks(view, totals));

  cli_table_print(table);
  if (missing > 0)
    cli_line("and %zu more", missing);
  if (view->is_quiet || totals->kept_count == 0)
    return;
  if (garbage_blocks(totals) > 0)
    cli_line("%s", "");
  print_kept(&view->table, totals);
}

static char *format_total(const gc_total *total, const cli_view *view) {
  char *size = cli_size(total->used, view);
  char *text = cli_format("%zu block%s, %s", total->blocks, total->blocks == 1 ? "" : "s", size);

  free(size);
  return text;
}

/* Prints a line, or more if the terminal is narrow. */
static void print_hint(const char *text) {
  char *lines = cli_format("%s", text);
  size_t width = terminal().ws_col;

  if (width > 0)
    cli_break_lines(lines, width);
  cli_put(lines);
  cli_put("\n");
  free(lines);
}

/* Stock Python records no owner. What a killed program left then looks like what others keep. */
static bool has_unowned(const gc_totals *totals) {
  for (size_t i = 0; i < totals->kept_count; i++)
    if (strstr(totals->kept[i].reason, "it exists until a process unlinks it") != NULL)
      return true;
  return false;
}

static void print_totals(const gc_view *view, const gc_totals *totals) {
  const gc_total *garbage = &totals->results[view->removes ? SHAREABLE_GC_REMOVED : SHAREABLE_GC_GARBAGE];
  char *found = format_total(garbage, &view->table);
  char *kept = format_total(&totals->results[SHAREABLE_GC_KEPT], &view->table);

  if (garbage->blocks == 0)
    cli_line("nothing to remove; %s %s", view->removes ? "kept" : "keeps", kept);
  else
    cli_line("%s %s; %s %s", view->removes ? "removed" : "would remove", found, view->removes ? "kept" : "keeps", kept);
  free(found);
  free(kept);
  if (totals->results[SHAREABLE_GC_GARBAGE].blocks > 0)
    print_hint(is_summary(view) ? "'shareable gc --remove' removes the garbage, and '--verbose' lists all blocks"
                                : "'shareable gc --remove' removes the garbage");
  if (!view->is_quiet && has_unowned(totals))
    print_hint("'shareable rm' removes kept blocks that 'shareable ls --state unowned' lists");
}

void gc_view_print(const gc_view *view, cli_table *table, const shareable_gc *gc, const gc_totals *totals) {
  if (is_summary(view)) {
    print_summary(view, table, gc, totals);
  } else {
    add_blocks(table, gc, !view->is_quiet, SIZE_MAX);
    if (view->table.json)
      print_json(table, totals);
    else
      cli_table_print(table);
  }
  if (!view->table.json && !view->table.raw && !view->table.noheadings &&
      (!view->is_quiet || garbage_blocks(totals) > 0))
    print_totals(view, totals);
}
