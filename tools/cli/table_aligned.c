/*
 * table_aligned.c - prints a table in aligned columns.
 */
#include "table_aligned.h"

#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "output.h"
#include "table_rows.h"
#include "table_width.h"

static void add_text(cli_text *out, const char *text) {
  cli_text_add(out, text, strlen(text));
}

static void add_blanks(cli_text *out, size_t count) {
  for (; count > 0; count--)
    cli_text_add(out, " ", 1);
}

static void add_colored(cli_text *out, const char *text, const char *color) {
  add_text(out, color == NULL ? "" : color);
  add_text(out, text);
  add_text(out, color == NULL ? "" : "\033[0m");
}

/* Returns the text of a cell, or of a heading if the line is NULL. */
static const char *text_of(const cli_table *table, struct libscols_line *line, size_t i) {
  return line == NULL ? table->columns[table->shown[i]].name : scols_cell_get_data(scols_line_get_cell(line, i));
}

static const char *color_of(struct libscols_line *line, size_t i) {
  return line == NULL || !cli_has_colors() ? NULL : scols_cell_get_color(scols_line_get_cell(line, i));
}

/*
 * Cuts the first line off a text that may be NULL, and returns it. Sets *copy to what the caller frees:
 * most texts are one line, and need no copy.
 */
static const char *cut_line(const char **text, char **copy) {
  const char *line = *text == NULL ? "" : *text, *end = strchr(line, '\n');

  *copy = end == NULL ? NULL : cli_format("%.*s", (int)(end - line), line);
  *text = end == NULL ? NULL : end + 1;
  return end == NULL ? line : *copy;
}

/*
 * Adds a line of output: the first lines of the texts, which it cuts off. `blanks` counts those that
 * are due before the next text, so that no line ends in blanks. Returns whether texts are left.
 */
static bool add_line(cli_text *out, const cli_table *table, struct libscols_line *line, const char **texts,
                     const size_t *widths) {
  size_t blanks = 0;
  bool has_more = false;

  for (size_t i = 0; i < table->count; i++) {
    char *copy;
    const char *text = cut_line(&texts[i], &copy);
    size_t width = table_text_width(text), rest = widths[i] > width ? widths[i] - width : 0;
    bool is_right = (table->columns[table->shown[i]].flags & SCOLS_FL_RIGHT) != 0;

    if (width > 0 && !table_is_hidden(table, i)) {
      add_blanks(out, blanks + (is_right ? rest : 0));
      add_colored(out, text, color_of(line, i));
      blanks = 0;
    }
    if (!table_is_hidden(table, i))
      blanks += 1 + (width > 0 && is_right ? 0 : rest);
    has_more |= texts[i] != NULL;
    free(copy);
  }
  add_text(out, "\n");
  return has_more;
}

/* Adds a row, or the headings if the line is NULL. */
static void add_row(cli_text *out, const cli_table *table, struct libscols_line *line, const size_t *widths) {
  const char **texts = cli_allocate(NULL, table->count, sizeof *texts);

  for (size_t i = 0; i < table->count; i++)
    texts[i] = text_of(table, line, i);
  while (add_line(out, table, line, texts, widths))
    continue;
  free(texts);
}

/*
 * libsmartcols counts 7 columns for an escaped \xHH, and does not count the backslash as a safe
 * character. The functions that it calls for wrapping can replace the first count, but not the second.
 */
void table_print_aligned(const cli_table *table) {
  struct libscols_iter *lines = table_iterator();
  size_t *widths = table_measure(table);
  struct libscols_line *line;
  cli_text out = {0};

  if (!table->view->noheadings)
    add_row(&out, table, NULL, widths);
  while (scols_table_next_line(table->table, lines, &line) == 0)
    add_row(&out, table, line, widths);
  cli_put_bytes(out.bytes, out.length); /* at once: by lines, a terminal would get each by a system call */
  scols_free_iter(lines);
  free(widths);
  free(out.bytes);
}
