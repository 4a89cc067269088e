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
  size_t *shown, count;     /* the indexes of the columns that are shown, each once */
  char *total, *total_json; /* or NULL */
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
  choose_columns(table, count, view->columns == NULL || view->columns[0] == '+' ? shown : view->columns);
  if (view->columns != NULL && view->columns[0] == '+')
    add_columns(table, count, view->columns + 1);
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

static size_t width_of(const char *text) {
  return text == NULL ? 0 : (size_t)u8_strwidth((const uint8_t *)text, nl_langinfo(CODESET));
}

static struct libscols_iter *new_iterator(void) {
  struct libscols_iter *lines = scols_new_iter(SCOLS_ITER_FORWARD);

  if (lines == NULL)
    cli_die("out of memory");
  return lines;
}

static bool is_hidden(const cli_table *table, size_t i) {
  return scols_column_is_hidden(scols_table_get_column(table->table, i));
}

/* Shortens cells visibly: without a mark, a cell would look like another, shorter name. */
static void shorten_column(cli_table *table, size_t column, size_t width) {
  struct libscols_iter *lines = new_iterator();
  struct libscols_line *line;

  while (scols_table_next_line(table->table, lines, &line) == 0) {
    const char *text = scols_cell_get_data(scols_line_get_cell(line, column));

    if (width_of(text) > width && scols_line_refer_data(line, column, shortened(text, width)) != 0)
      cli_die("out of memory");
  }
  scols_free_iter(lines);
}

/* Returns the width of the widest cell of each column, and of its heading. The caller frees them. */
static size_t *measure(const cli_table *table) {
  size_t *widths = cli_allocate(NULL, table->count, sizeof *widths);
  struct libscols_iter *lines = new_iterator();
  struct libscols_line *line;
  bool has_heading = !table->view->noheadings;

  for (size_t i = 0; i < table->count; i++)
    widths[i] = has_heading && !is_hidden(table, i) ? strlen(table->columns[table->shown[i]].name) : 0;
  while (scols_table_next_line(table->table, lines, &line) == 0)
    for (size_t i = 0; i < table->count; i++) {
      size_t width = is_hidden(table, i) ? 0 : width_of(scols_cell_get_data(scols_line_get_cell(line, i)));

      widths[i] = width > widths[i] ? width : widths[i];
    }
  scols_free_iter(lines);
  return widths;
}

static size_t line_width(const cli_table *table, const size_t *widths) {
  size_t sum = 0;

  for (size_t i = 0; i < table->count; i++)
    sum += is_hidden(table, i) ? 0 : widths[i] + 1;
  return sum == 0 ? 0 : sum - 1;
}

/*
 * Returns the column to shorten next: the widest one that may be shortened, or table->count. A
 * heading is never shortened.
 */
static size_t widest(const cli_table *table, const size_t *widths, bool respects_least) {
  size_t found = table->count, most = 0;

  for (size_t i = 0; i < table->count; i++) {
    const cli_column *column = &table->columns[table->shown[i]];
    size_t least = strlen(column->name);

    if (respects_least && column->least > least)
      least = column->least;
    if ((column->flags & (SCOLS_FL_TRUNC | SCOLS_FL_TREE)) == SCOLS_FL_TRUNC && widths[i] > least && widths[i] > most) {
      found = i;
      most = widths[i];
    }
  }
  return found;
}

/*
 * Makes the lines fit the terminal. The widest column becomes narrower first, so that a long name,
 * or a long list of users, leaves space for the other columns.
 */
static void fit(cli_table *table, size_t limit) {
  size_t *widths = measure(table), *before = measure(table), column;

  while (line_width(table, widths) > limit) {
    column = widest(table, widths, true);
    if (column == table->count)
      column = widest(table, widths, false);
    if (column == table->count)
      break;
    widths[column]--;
  }
  for (size_t i = 0; i < table->count; i++)
    if (widths[i] < before[i])
      shorten_column(table, i, widths[i]);
  free(widths);
  free(before);
}

/* Returns the width of the terminal, or 0 if the output is not a terminal. */
static size_t terminal_width(void) {
  struct winsize window;

  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 ? window.ws_col : 0;
}

static void indent(int depth) {
  cli_put("\n");
  for (int i = 0; i < depth; i++)
    cli_put("   ");
}

/* Prints numbers, or strings in JSON, that are separated by commas as an array. */
static void put_json_array(const char *elements) {
  cli_put("[");
  cli_put(elements == NULL ? "" : elements);
  cli_put("]");
}

static void put_json_string(const char *text) {
  cli_text string = {0};

  cli_escape_json(&string, text, strlen(text));
  cli_put(string.bytes);
  free(string.bytes);
}

static void put_json_value(const char *text, int type) {
  if (type == SCOLS_JSON_ARRAY_NUMBER || type == SCOLS_JSON_ARRAY_STRING)
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

static void put_json(const cli_table *table) {
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
  if (table->total_json != NULL) {
    cli_put(",\n   \"total\": ");
    cli_put(table->total_json);
  }
  cli_put("\n}\n");
  scols_free_iter(lines);
}

/* Returns true if libsmartcols must print the table: it has a tree, or cells of several lines. */
static bool needs_smartcols(const cli_table *table) {
  for (size_t i = 0; i < table->count; i++)
    if ((table->columns[table->shown[i]].flags & (SCOLS_FL_TREE | SCOLS_FL_WRAP)) != 0)
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

static void put_blanks(size_t count) {
  for (; count > 0; count--)
    cli_put_bytes(" ", 1);
}

static void put_colored(const char *text, const char *color) {
  if (color != NULL)
    cli_put(color);
  cli_put(text);
  if (color != NULL)
    cli_put("\033[0m");
}

/*
 * Prints a line, or the headings if it is NULL. `blanks` counts those that are due before the next
 * text, so that no line ends in blanks.
 */
static void put_line(const cli_table *table, struct libscols_line *line, const size_t *widths) {
  size_t blanks = 0;

  for (size_t i = 0; i < table->count; i++) {
    const cli_column *column = &table->columns[table->shown[i]];
    struct libscols_cell *cell = line == NULL ? NULL : scols_line_get_cell(line, i);
    const char *text = line == NULL ? column->name : scols_cell_get_data(cell);
    size_t width = width_of(text), rest = widths[i] > width ? widths[i] - width : 0;
    bool is_right = (column->flags & SCOLS_FL_RIGHT) != 0;

    if (is_hidden(table, i))
      continue;
    if (width > 0) {
      put_blanks(blanks + (is_right ? rest : 0));
      put_colored(text, cell == NULL || !cli_has_colors() ? NULL : scols_cell_get_color(cell));
      blanks = 0;
    }
    blanks += 1 + (width > 0 && is_right ? 0 : rest);
  }
  cli_put("\n");
}

/*
 * libsmartcols miscounts the width of cells that contain \xHH, so this prints all tables that need
 * nothing else of it.
 */
static void put_aligned(const cli_table *table) {
  struct libscols_iter *lines = new_iterator();
  size_t *widths = measure(table);
  struct libscols_line *line;

  if (!table->view->noheadings)
    put_line(table, NULL, widths);
  while (scols_table_next_line(table->table, lines, &line) == 0)
    put_line(table, line, widths);
  scols_free_iter(lines);
  free(widths);
}

/* A table without lines has no headings. */
static void put_table(const cli_table *table) {
  if (scols_table_is_empty(table->table))
    return;
  if (needs_smartcols(table))
    put_smartcols(table);
  else
    put_aligned(table);
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
    fit(table, width);
  put_table(table);
  if (table->total != NULL && !table->view->raw && !table->view->noheadings)
    put_total(table, width);
}

static bool is_empty(const cli_table *table, size_t i) {
  struct libscols_iter *lines = new_iterator();
  struct libscols_line *line;
  bool has_text = false;

  while (!has_text && scols_table_next_line(table->table, lines, &line) == 0)
    has_text = scols_cell_get_data(scols_line_get_cell(line, i)) != NULL;
  scols_free_iter(lines);
  return !has_text;
}

void cli_table_hide_if_empty(cli_table *table, size_t column) {
  bool is_default = table->view->columns == NULL || table->view->columns[0] == '+';

  for (size_t i = 0; i < table->count; i++)
    if (table->shown[i] == column && is_default && !table->view->raw && !table->view->json && is_empty(table, i))
      scols_column_set_flags(scols_table_get_column(table->table, i), table->columns[column].flags | SCOLS_FL_HIDDEN);
}

void cli_table_total(cli_table *table, const char *line, const char *json) {
  table->total = cli_format("%s", line);
  table->total_json = cli_format("%s", json);
}

void cli_table_print(cli_table *table) {
  if (table->view->json)
    put_json(table);
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
