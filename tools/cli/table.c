/*
 * table.c - prints tables as lsblk(8) does: aligned, raw, or as JSON.
 */
#include "table.h"

#include <ctype.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <unistr.h>
#include <uniwidth.h>

#include "escape.h"
#include "output.h"

struct cli_table {
  struct libscols_table *table;
  const char *name;
  const cli_column *columns;
  cli_cell *cell;
  const cli_view *view;
  size_t *shown, count; /* the indexes of the columns that are shown, each once */
};

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

static size_t find_column(const cli_column *columns, size_t count, const char *name, size_t length) {
  for (size_t i = 0; i < count; i++)
    if (strlen(columns[i].name) == length && strncasecmp(columns[i].name, name, length) == 0)
      return i;
  cli_usage_error("unknown column '%.*s'", (int)length, name);
}

/* Rejects a column that is given twice, because a JSON object must not repeat a key. */
static void choose_column(cli_table *table, size_t column) {
  for (size_t i = 0; i < table->count; i++)
    if (table->shown[i] == column)
      cli_usage_error("column '%s' is given twice", table->columns[column].name);
  table->shown[table->count++] = column;
}

static void choose_columns(cli_table *table, size_t count, const char *names) {
  for (const char *name = names; *name != '\0';) {
    size_t length = strcspn(name, ",");

    choose_column(table, find_column(table->columns, count, name, length));
    name += length + (name[length] == ',');
  }
}

/* A column with SCOLS_FL_WRAP keeps the line breaks of its cells. */
static void add_column(cli_table *table, const cli_column *column) {
  bool has_lines = (column->flags & SCOLS_FL_WRAP) != 0;
  struct libscols_column *added = scols_table_new_column(table->table, column->name, 0.1, column->flags);

  if (added == NULL)
    cli_die("out of memory");
  if (has_lines)
    scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
  scols_column_set_safechars(added, has_lines ? "\\\n" : "\\"); /* backslashes come from escape.h */
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
  choose_columns(table, count, view->columns == NULL ? shown : view->columns);
  for (size_t i = 0; i < table->count; i++)
    add_column(table, &columns[table->shown[i]]);
  return table;
}

/* Raw and JSON output is escaped later: JSON in this file, raw output by libsmartcols. */
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

/* Shortens a text to `width` columns of a terminal. The last column is an ellipsis or "~". */
static char *shortened(const char *text, size_t width) {
  const char *encoding = nl_langinfo(CODESET);
  bool is_utf8 = strcmp(encoding, "UTF-8") == 0;
  size_t end = 0, taken = 0;

  while (text[end] != '\0') {
    int size = u8_mblen((const uint8_t *)text + end, strlen(text + end));
    int columns = size < 1 ? 1 : u8_width((const uint8_t *)text + end, (size_t)size, encoding);

    if (taken + (size_t)columns >= width)
      break;
    taken += (size_t)columns;
    end += size < 1 ? 1 : (size_t)size;
  }
  return cli_format("%.*s%s", (int)end, text, is_utf8 ? "…" : "~");
}

/* Shortens cells visibly: without a mark, a cell would look like another, shorter name. */
static void shorten_column(cli_table *table, size_t column, size_t width) {
  struct libscols_iter *lines = scols_new_iter(SCOLS_ITER_FORWARD);
  struct libscols_line *line;

  if (lines == NULL)
    cli_die("out of memory");
  while (scols_table_next_line(table->table, lines, &line) == 0) {
    const char *text = scols_cell_get_data(scols_line_get_cell(line, column));

    if (text != NULL && width > 0 && (size_t)u8_strwidth((const uint8_t *)text, nl_langinfo(CODESET)) > width &&
        scols_line_refer_data(line, column, shortened(text, width)) != 0)
      cli_die("out of memory");
  }
  scols_free_iter(lines);
}

/*
 * Limits columns to their share of the width: a long list of users would leave no space for the
 * names.
 */
static void limit_shares(cli_table *table) {
  struct winsize window;

  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
    return;
  for (size_t i = 0; i < table->count; i++) {
    unsigned share = table->columns[table->shown[i]].share;

    if (share > 0)
      shorten_column(table, i, window.ws_col / share);
  }
}

/* libsmartcols computes the widths of the columns when it prints. */
static void measure(cli_table *table) {
  char *text = NULL;

  if (scols_print_table_to_string(table->table, &text) != 0)
    cli_die("out of memory");
  free(text);
}

static void fit(cli_table *table) {
  limit_shares(table);
  measure(table);
  for (size_t i = 0; i < table->count; i++)
    if ((table->columns[table->shown[i]].flags & (SCOLS_FL_TRUNC | SCOLS_FL_TREE)) == SCOLS_FL_TRUNC)
      shorten_column(table, i, scols_column_get_width(scols_table_get_column(table->table, i)));
}

static void indent(int depth) {
  cli_put("\n");
  for (int i = 0; i < depth; i++)
    cli_put("   ");
}

/* Prints numbers that are separated by commas as an array. */
static void put_json_array(const char *numbers) {
  cli_put("[");
  cli_put(numbers == NULL ? "" : numbers);
  cli_put("]");
}

static void put_json_string(const char *text) {
  cli_text string = {0};

  cli_escape_json(&string, text, strlen(text));
  cli_put(string.bytes);
  free(string.bytes);
}

static void put_json_value(const char *text, int type) {
  if (type == SCOLS_JSON_ARRAY_NUMBER)
    put_json_array(text);
  else if (text == NULL)
    cli_put("null");
  else if (type == SCOLS_JSON_NUMBER)
    cli_put(text);
  else if (type == SCOLS_JSON_BOOLEAN)
    cli_put(text[0] == '1' ? "true" : "false");
  else
    put_json_string(text);
}

static void put_json_name(const char *column) {
  cli_put("\"");
  for (const char *letter = column; *letter != '\0'; letter++)
    cli_put_bytes(&(char){(char)tolower((unsigned char)*letter)}, 1);
  cli_put("\": ");
}

static void put_json_children(const cli_table *table, struct libscols_line *line, int depth);

static void put_json_line(const cli_table *table, struct libscols_line *line, int depth) {
  indent(depth);
  cli_put("{");
  for (size_t i = 0; i < table->count; i++) {
    const cli_column *column = &table->columns[table->shown[i]];

    cli_put(i == 0 ? "" : ",");
    indent(depth + 1);
    put_json_name(column->name);
    put_json_value(scols_cell_get_data(scols_line_get_cell(line, i)), column->json);
  }
  if (scols_line_has_children(line))
    put_json_children(table, line, depth);
  indent(depth);
  cli_put("}");
}

static void put_json_children(const cli_table *table, struct libscols_line *line, int depth) {
  struct libscols_iter *children = scols_new_iter(SCOLS_ITER_FORWARD);
  struct libscols_line *child;
  const char *separator = "";

  if (children == NULL)
    cli_die("out of memory");
  cli_put(table->count == 0 ? "" : ",");
  indent(depth + 1);
  cli_put("\"children\": [");
  while (scols_line_next_child(line, children, &child) == 0) {
    cli_put(separator);
    put_json_line(table, child, depth + 2);
    separator = ",";
  }
  indent(depth + 1);
  cli_put("]");
  scols_free_iter(children);
}

static void put_json(const cli_table *table, const char *member) {
  struct libscols_iter *lines = scols_new_iter(SCOLS_ITER_FORWARD);
  struct libscols_line *line;
  const char *separator = "";

  if (lines == NULL)
    cli_die("out of memory");
  cli_put("{\n   \"");
  cli_put(table->name);
  cli_put("\": [");
  while (scols_table_next_line(table->table, lines, &line) == 0) {
    if (scols_line_get_parent(line) != NULL)
      continue;
    cli_put(separator);
    put_json_line(table, line, 2);
    separator = ",";
  }
  cli_put(separator[0] == '\0' ? "]" : "\n   ]");
  cli_put(member[0] == '\0' ? "" : ",\n   ");
  cli_put(member);
  cli_put("\n}\n");
  scols_free_iter(lines);
}

/* libsmartcols returns no text for a table without lines. */
static void put_table(const cli_table *table) {
  char *text = NULL;

  if (scols_table_is_empty(table->table))
    return;
  if (scols_print_table_to_string(table->table, &text) != 0)
    cli_die("out of memory");
  cli_put(text);
  cli_put("\n");
  free(text);
}

void cli_table_print(cli_table *table) {
  cli_table_print_with(table, "");
}

void cli_table_print_with(cli_table *table, const char *member) {
  if (table->view->json) {
    put_json(table, member);
  } else {
    if (isatty(STDOUT_FILENO) && !table->view->raw)
      fit(table);
    put_table(table);
  }
  scols_unref_table(table->table);
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
