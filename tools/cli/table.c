/*
 * table.c - prints tables as lsblk(8) does: aligned, raw, or as JSON.
 */
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "escape.h"
#include "output.h"
#include "table_aligned.h"
#include "table_json.h"
#include "table_rows.h"
#include "table_width.h"

bool cli_view_apply(cli_view *view, int option) {
  switch (option) {
  case 'J':
    view->json = view->in_bytes = true;
    return true;
  case 'r':
    view->raw = true;
    return true;
  case 'n':
    view->noheadings = true;
    return true;
  case 'o':
    view->columns = optarg;
    return true;
  case 'b':
    view->in_bytes = true;
    return true;
  default:
    return false;
  }
}

struct libscols_iter *table_iterator(void) {
  struct libscols_iter *lines = scols_new_iter(SCOLS_ITER_FORWARD);

  if (lines == NULL)
    cli_die("out of memory");
  return lines;
}

bool table_is_hidden(const cli_table *table, size_t i) {
  return scols_column_is_hidden(scols_table_get_column(table->table, i));
}

void table_hide(cli_table *table, size_t column) {
  for (size_t i = 0; i < table->count; i++)
    if (table->shown[i] == column)
      scols_column_set_flags(scols_table_get_column(table->table, i), table->columns[column].flags | SCOLS_FL_HIDDEN);
}

bool table_is_default(const cli_table *table) {
  return table->view->columns == NULL || table->view->columns[0] == '+';
}

static _Noreturn void reject_column(const cli_column *columns, size_t count, const char *name, size_t length) {
  cli_text known = {0};

  for (size_t i = 0; i < count; i++) {
    cli_text_add(&known, ", ", i == 0 ? 0 : 2);
    cli_text_add(&known, columns[i].name, strlen(columns[i].name));
  }
  cli_usage_error("unknown column '%.*s': expected %s", (int)length, name, known.bytes);
}

static size_t find_column(const cli_column *columns, size_t count, const char *name, size_t length) {
  for (size_t i = 0; i < count; i++)
    if (strlen(columns[i].name) == length && strncasecmp(columns[i].name, name, length) == 0)
      return i;
  reject_column(columns, count, name, length);
}

static bool is_chosen(const cli_table *table, size_t column) {
  for (size_t i = 0; i < table->count; i++)
    if (table->shown[i] == column)
      return true;
  return false;
}

static void choose_columns(cli_table *table, size_t count, const char *names) {
  for (const char *name = names; *name != '\0';) {
    size_t length = strcspn(name, ","), column = find_column(table->columns, count, name, length);

    if (is_chosen(table, column)) /* a JSON object must not repeat a key */
      cli_usage_error("column '%s' is given twice", table->columns[column].name);
    table->shown[table->count++] = column;
    name += length + (name[length] == ',');
  }
}

/* Adds the columns that are not shown by default. */
static void add_columns(cli_table *table, size_t count, const char *names) {
  for (const char *name = names; *name != '\0';) {
    size_t length = strcspn(name, ","), column = find_column(table->columns, count, name, length);

    if (!is_chosen(table, column))
      table->shown[table->count++] = column;
    name += length + (name[length] == ',');
  }
}

static void add_column(cli_table *table, const cli_column *column) {
  struct libscols_column *added = scols_table_new_column(table->table, column->name, 0.1, column->flags);

  if (added == NULL)
    cli_die("out of memory");
  scols_column_set_safechars(added, "\\"); /* backslashes come from escape.h */
}

cli_table *cli_table_new(const char *name, const cli_column *columns, size_t count, const char *shown, cli_cell *cell,
                         const cli_view *view) {
  cli_table *table = cli_allocate(NULL, 1, sizeof *table);

  *table = (cli_table){.table = scols_new_table(), .name = name, .columns = columns, .cell = cell, .view = view};
  if (table->table == NULL)
    cli_die("out of memory");
  table->shown = cli_allocate(NULL, count, sizeof *table->shown);
  scols_table_enable_raw(table->table, view->raw && !view->json);
  scols_table_enable_noheadings(table->table, view->noheadings);
  scols_table_enable_colors(table->table, cli_has_colors());
  choose_columns(table, count, table_is_default(table) ? shown : view->columns);
  if (view->columns != NULL && table_is_default(table))
    add_columns(table, count, view->columns + 1);
  for (size_t i = 0; i < table->count; i++)
    add_column(table, &columns[table->shown[i]]);
  return table;
}

/* Raw and JSON output is escaped later: JSON in table_json.c, raw output by libsmartcols. */
static char *cell_of(const cli_table *table, const void *row, size_t column) {
  char *text = table->cell(row, column, table->view), *escaped;

  if (text == NULL || table->columns[column].is_escaped || table->view->json || table->view->raw)
    return text;
  escaped = cli_escaped(text);
  free(text);
  return escaped;
}

struct libscols_line *cli_table_add(cli_table *table, const void *row, struct libscols_line *parent, size_t colored,
                                    const char *color) {
  struct libscols_line *line = scols_table_new_line(table->table, parent);

  if (line == NULL)
    cli_die("out of memory");
  for (size_t i = 0; i < table->count; i++) {
    char *text = cell_of(table, row, table->shown[i]);

    if (text != NULL && scols_line_refer_data(line, i, text) != 0)
      cli_die("out of memory");
    if (color != NULL && table->shown[i] == colored)
      scols_cell_set_color(scols_line_get_cell(line, i), color);
  }
  return line;
}

/* Returns true if libsmartcols prints the table: it has a tree, or a program reads it. */
static bool needs_smartcols(const cli_table *table) {
  for (size_t i = 0; i < table->count; i++)
    if ((table->columns[table->shown[i]].flags & SCOLS_FL_TREE) != 0)
      return true;
  return table->view->raw;
}

static void put_smartcols(const cli_table *table) {
  char *text = NULL;

  if (scols_print_table_to_string(table->table, &text) != 0)
    cli_die("out of memory");
  cli_put(text);
  cli_put("\n");
  free(text);
}

static void put_table(const cli_table *table) {
  if (scols_table_is_empty(table->table) && !table->view->keeps_headings)
    return;
  if (needs_smartcols(table))
    put_smartcols(table);
  else
    table_print_aligned(table);
}

/* Returns the width of the terminal, or 0 if the output is not a terminal. */
static size_t terminal_width(void) {
  struct winsize window;

  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 ? window.ws_col : 0;
}

/* The total is one line, or more if the terminal is narrow. */
static void put_total(const cli_table *table, size_t width) {
  char *lines = cli_escaped(table->total);

  if (width > 0)
    cli_break_lines(lines, width);
  cli_put(lines);
  cli_put("\n");
  free(lines);
}

static void put_lines(cli_table *table) {
  size_t width = table->view->raw ? 0 : terminal_width();

  if (width > 0)
    table_fit(table, width);
  put_table(table);
  if (table->total != NULL && !table->view->raw && !table->view->noheadings)
    put_total(table, width);
}

static bool is_empty(const cli_table *table, size_t i) {
  struct libscols_iter *lines = table_iterator();
  struct libscols_line *line;
  bool has_text = false;

  while (!has_text && scols_table_next_line(table->table, lines, &line) == 0)
    has_text = scols_cell_get_data(scols_line_get_cell(line, i)) != NULL;
  scols_free_iter(lines);
  return !has_text;
}

void cli_table_hide_if_empty(cli_table *table, size_t column) {
  bool is_read_by_program = table->view->raw || table->view->json;

  for (size_t i = 0; i < table->count; i++)
    if (table->shown[i] == column && table_is_default(table) && !is_read_by_program && is_empty(table, i))
      table_hide(table, column);
}

void cli_table_dispensable(cli_table *table, const size_t *columns, size_t count) {
  table->dispensable = columns;
  table->dispensable_count = count;
}

void cli_table_total(cli_table *table, const char *line, const char *json) {
  table->total = cli_format("%s", line);
  table->total_json = cli_format("%s", json);
}

void cli_table_print(cli_table *table) {
  if (table->view->json)
    table_print_json(table);
  else
    put_lines(table);
  scols_unref_table(table->table);
  free(table->total);
  free(table->total_json);
  free(table->shown);
  free(table);
}

char *cli_size(uint64_t bytes, const cli_view *view) {
  static const char units[] = "BKMGTPE";
  double size = (double)bytes;
  size_t unit = 0;

  if (view->in_bytes || bytes < 1024)
    return cli_format("%" PRIu64 "%s", bytes, view->in_bytes ? "" : "B");
  while (size >= 1023.95) {
    size /= 1024;
    unit++;
  }
  return cli_format(size < 9.95 ? "%.1f%c" : "%.0f%c", size, units[unit]);
}
