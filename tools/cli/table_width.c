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

/* Returns the number of bytes of the first character. */
static size_t character_size(const char *text) {
  int size = u8_mblen((const uint8_t *)text, strlen(text));

  return size < 1 ? 1 : (size_t)size;
}

/* Returns the number of bytes at the start of the text that take at most `width` columns. */
static size_t bytes_within(const char *text, size_t width) {
  const char *encoding = nl_langinfo(CODESET);
  size_t end = 0, taken = 0;

  while (text[end] != '\0') {
    int columns = u8_width((const uint8_t *)text + end, character_size(text + end), encoding);

    if (taken + (size_t)columns > width)
      break;
    taken += (size_t)columns;
    end += character_size(text + end);
  }
  return end;
}

char *cli_shortened(const char *text, size_t width, bool is_name) {
  const char *mark = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "…" : "~";
  size_t rest = width > 0 ? width - 1 : 0, tail = is_name ? rest / 2 : 0, head = bytes_within(text, rest - tail);
  const char *end = text + head;

  while (table_text_width(end) > tail)
    end += character_size(end);
  return cli_format("%.*s%s%s", (int)head, text, mark, end);
}

/* The first column of a table contains the names. */
static bool is_name(const cli_table *table, size_t i) {
  return table->shown[i] == 0;
}

static bool is_wrapped(const cli_table *table, size_t i) {
  return (table->columns[table->shown[i]].flags & SCOLS_FL_WRAP) != 0;
}

/*
 * Returns a narrower copy of a text. It is shortened visibly: without a mark, a name would look like
 * another, shorter name.
 */
static char *narrowed(const cli_table *table, const char *text, size_t i, size_t width) {
  char *lines;

  if (!is_wrapped(table, i))
    return cli_shortened(text, width, is_name(table, i));
  lines = cli_format("%s", text);
  cli_break_lines(lines, width);
  return lines;
}

static void narrow_column(cli_table *table, size_t i, size_t width) {
  struct libscols_iter *lines = table_iterator();
  struct libscols_line *line;

  while (scols_table_next_line(table->table, lines, &line) == 0) {
    const char *text = scols_cell_get_data(scols_line_get_cell(line, i));

    if (table_text_width(text) > width && scols_line_refer_data(line, i, narrowed(table, text, i, width)) != 0)
      cli_die("out of memory");
  }
  scols_free_iter(lines);
}

/* Returns the width of the widest line of a text, or 0 for NULL. */
static size_t widest_line(const char *text) {
  size_t widest = 0;

  for (const char *end; text != NULL; text = *end == '\0' ? NULL : end + 1) {
    char *line;
    size_t width;

    end = text + strcspn(text, "\n");
    line = cli_format("%.*s", (int)(end - text), text);
    width = table_text_width(line);
    widest = width > widest ? width : widest;
    free(line);
  }
  return widest;
}

/* Returns the width of a cell, with the lines of the tree before it. */
static size_t cell_width(const cli_table *table, struct libscols_line *line, size_t i) {
  const char *text = scols_cell_get_data(scols_line_get_cell(line, i));
  size_t width = is_wrapped(table, i) ? widest_line(text) : table_text_width(text);

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

/* How far columns become narrower: to `least`, to their headings except for names and lines, or all. */
typedef enum narrowing { TO_LEAST, TO_HEADINGS, ALL } narrowing;

/* Returns the width below which the column does not become narrower. A heading is never shortened. */
static size_t least_width(const cli_table *table, size_t i, narrowing how) {
  const cli_column *column = &table->columns[table->shown[i]];
  size_t heading = strlen(column->name);
  bool respects_least = how == TO_LEAST || (how == TO_HEADINGS && (is_name(table, i) || is_wrapped(table, i)));

  return respects_least && column->least > heading ? column->least : heading;
}

static bool may_be_narrow(const cli_table *table, size_t i) {
  int flags = table->columns[table->shown[i]].flags;

  return (flags & SCOLS_FL_TREE) == 0 && (flags & (SCOLS_FL_TRUNC | SCOLS_FL_WRAP)) != 0 && !table_is_hidden(table, i);
}

/* Returns the widest of the columns that may become narrower, or table->count. */
static size_t widest(const cli_table *table, const size_t *widths, narrowing how) {
  size_t found = table->count, most = 0;

  for (size_t i = 0; i < table->count; i++)
    if (may_be_narrow(table, i) && widths[i] > least_width(table, i, how) && widths[i] > most) {
      found = i;
      most = widths[i];
    }
  return found;
}

/*
 * The widest column becomes narrower first, so that a long name, or a long list of users, leaves
 * space for the other columns.
 */
static void narrow(const cli_table *table, size_t *widths, size_t limit, narrowing how) {
  for (size_t i; line_width(table, widths) > limit && (i = widest(table, widths, how)) < table->count;)
    widths[i]--;
}

/* Leaves out the next column that is dispensable. Returns false if there is none. */
static bool leave_out(cli_table *table) {
  if (table->dispensable_count == 0 || !table_is_default(table))
    return false;
  table_hide(table, *table->dispensable++);
  table->dispensable_count--;
  return true;
}

/* Names have 20 columns or more while another column can be shorter, or can be left out. */
void table_fit(cli_table *table, size_t limit) {
  size_t *before = table_measure(table), *widths = cli_allocate(NULL, table->count, sizeof *widths);

  do {
    memcpy(widths, before, table->count * sizeof *widths);
    narrow(table, widths, limit, TO_LEAST);
    narrow(table, widths, limit, TO_HEADINGS);
  } while (line_width(table, widths) > limit && leave_out(table));
  narrow(table, widths, limit, ALL);
  for (size_t i = 0; i < table->count; i++)
    if (widths[i] < before[i])
      narrow_column(table, i, widths[i]);
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
