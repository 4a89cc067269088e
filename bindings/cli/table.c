/*
 * table.c - rows and columns as lsblk(8) prints them: a table, raw, or JSON.
 */
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define COLUMNS_MAX 16

struct cli_table {
  struct libscols_table *table;
  const cli_column *columns;
  cli_cell *cell;
  const cli_view *view;
  size_t shown[COLUMNS_MAX], count;
};

bool cli_view_take(cli_view *view, int option) {
  switch (option) {
  case 'J':
    view->json = view->in_bytes = true;
    return true;
  case 'r':
    view->raw = true;
    return true;
  case 'n':
    view->headless = true;
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

static size_t find_column(const cli_column *columns, size_t count, const char *name, size_t length) {
  for (size_t i = 0; i < count; i++)
    if (strlen(columns[i].name) == length && strncasecmp(columns[i].name, name, length) == 0)
      return i;
  cli_misuse("there is no column '%.*s'", (int)length, name);
}

static void choose_columns(cli_table *table, size_t count, const char *names) {
  for (const char *name = names; *name != '\0' && table->count < COLUMNS_MAX;) {
    size_t length = strcspn(name, ",");

    table->shown[table->count++] = find_column(table->columns, count, name, length);
    name += length + (name[length] == ',');
  }
}

/* An array of JSON's is lines of a cell; so are texts that were broken into some. */
static void add_column(cli_table *table, const cli_column *column) {
  bool has_lines = column->json == SCOLS_JSON_ARRAY_NUMBER ? table->view->json : (column->flags & SCOLS_FL_WRAP) != 0;
  int flags = has_lines ? (column->flags & ~SCOLS_FL_TRUNC) | SCOLS_FL_WRAP : column->flags;
  struct libscols_column *added = scols_table_new_column(table->table, column->name, 0.1, flags);

  if (added == NULL || scols_column_set_json_type(added, column->json) != 0)
    cli_fail("no memory");
  if (has_lines) {
    scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
    scols_column_set_safechars(added, "\n");
  }
}

cli_table *cli_table_new(const char *name, const cli_column *columns, size_t count, const char *shown, cli_cell *cell,
                         const cli_view *view) {
  cli_table *table = cli_allocate(NULL, 1, sizeof *table);

  *table = (cli_table){.table = scols_new_table(), .columns = columns, .cell = cell, .view = view};
  if (table->table == NULL)
    cli_fail("no memory");
  scols_table_set_name(table->table, name);
  scols_table_enable_json(table->table, view->json);
  scols_table_enable_raw(table->table, view->raw && !view->json);
  scols_table_enable_noheadings(table->table, view->headless);
  scols_table_enable_colors(table->table, isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL);
  choose_columns(table, count, view->columns == NULL ? shown : view->columns);
  for (size_t i = 0; i < table->count; i++)
    add_column(table, &columns[table->shown[i]]);
  return table;
}

struct libscols_line *cli_table_add(cli_table *table, const void *row, struct libscols_line *parent, size_t colored,
                                    const char *color) {
  struct libscols_line *line = scols_table_new_line(table->table, parent);

  if (line == NULL)
    cli_fail("no memory");
  for (size_t i = 0; i < table->count; i++) {
    char *text = table->cell(row, table->shown[i], table->view);

    if (text != NULL && scols_line_refer_data(line, i, text) != 0)
      cli_fail("no memory");
    if (color != NULL && table->shown[i] == colored)
      scols_cell_set_color(scols_line_get_cell(line, i), color);
  }
  return line;
}

void cli_table_print(cli_table *table) {
  scols_print_table(table->table);
  scols_unref_table(table->table);
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

void cli_break_lines(char *text, size_t width) {
  size_t start = 0;

  for (size_t i = 0, blank = 0; text[i] != '\0'; i++) {
    if (text[i] == ' ')
      blank = i;
    if (i - start >= width && blank > start) {
      text[blank] = '\n';
      start = blank + 1;
    }
  }
}
