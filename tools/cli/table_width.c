/*
 * table_width.c - the widths of the columns of a table, and texts that are shortened to fit them.
 */
#include "table_width.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>
#include <uniwidth.h>

#include "table_rows.h"

char *cli_shortened(const char *text, size_t width) {
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

static bool is_ascii(const char *text) {
  while (*text >= ' ' && *text <= '~')
    text++;
  return *text == '\0';
}

/* Most texts are ASCII, and need no table of characters. */
size_t table_text_width(const char *text) {
  if (text == NULL || is_ascii(text))
    return text == NULL ? 0 : strlen(text);
  return (size_t)u8_strwidth((const uint8_t *)text, nl_langinfo(CODESET));
}

/* Shortens cells visibly: without a mark, a cell would look like another, shorter name. */
static void shorten_column(cli_table *table, size_t column, size_t width) {
  struct libscols_iter *lines = table_iterator();
  struct libscols_line *line;

  while (scols_table_next_line(table->table, lines, &line) == 0) {
    const char *text = scols_cell_get_data(scols_line_get_cell(line, column));

    if (table_text_width(text) > width && scols_line_refer_data(line, column, cli_shortened(text, width)) != 0)
      cli_die("out of memory");
  }
  scols_free_iter(lines);
}

/* Returns the width of a cell, with the lines of the tree before it. */
static size_t cell_width(const cli_table *table, struct libscols_line *line, size_t i) {
  size_t width = table_text_width(scols_cell_get_data(scols_line_get_cell(line, i)));

  if (table_is_hidden(table, i))
    return 0;
  if ((table->columns[table->shown[i]].flags & SCOLS_FL_TREE) == 0)
    return width;
  while ((line = scols_line_get_parent(line)) != NULL)
    width += sizeof "|-" - 1;
  return width;
}

/* Returns the width of the widest cell of each column, and of its heading. The caller frees them. */
size_t *table_measure(const cli_table *table) {
  size_t *widths = cli_allocate(NULL, table->count, sizeof *widths);
  struct libscols_iter *lines = table_iterator();
  struct libscols_line *line;
  bool has_heading = !table->view->noheadings;

  for (size_t i = 0; i < table->count; i++)
    widths[i] = has_heading && !table_is_hidden(table, i) ? strlen(table->columns[table->shown[i]].name) : 0;
  while (scols_table_next_line(table->table, lines, &line) == 0)
    for (size_t i = 0; i < table->count; i++) {
      size_t width = cell_width(table, line, i);

      widths[i] = width > widths[i] ? width : widths[i];
    }
  scols_free_iter(lines);
  return widths;
}

static size_t line_width(const cli_table *table, const size_t *widths) {
  size_t sum = 0;

  for (size_t i = 0; i < table->count; i++)
    sum += table_is_hidden(table, i) ? 0 : widths[i] + 1;
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
void table_fit(cli_table *table, size_t limit) {
  size_t *widths = table_measure(table), *before = cli_allocate(NULL, table->count, sizeof *before), column;

  memcpy(before, widths, table->count * sizeof *widths);
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
