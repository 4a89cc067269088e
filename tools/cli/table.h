/*
 * table.h - prints tables as lsblk(8) does: aligned, raw, or as JSON.
 */
#ifndef SHAREABLE__CLI_TABLE_H
#define SHAREABLE__CLI_TABLE_H

#include <libsmartcols.h>

#include "cli.h"

/* The options of all commands that print tables. */
typedef struct cli_view {
  bool json, raw, noheadings;
  bool in_bytes;       /* sizes and times as plain numbers */
  bool keeps_headings; /* also of a table without lines */
  const char *columns; /* names separated by commas, perhaps after a "+", or NULL */
} cli_view;

#define CLI_VIEW_SHORTS ":Jrno:b"
/* Versions of clang-format differ here. */
/* clang-format off */
#define CLI_VIEW_LONGS                                                                                                 \
  {"json", no_argument, NULL, 'J'}, {"raw", no_argument, NULL, 'r'}, {"noheadings", no_argument, NULL, 'n'},           \
  {"output", required_argument, NULL, 'o'}, {"bytes", no_argument, NULL, 'b'}
/* clang-format on */
#define CLI_VIEW_HELP                                                                                                  \
  "  -J, --json            print JSON\n"                                                                               \
  "  -r, --raw             do not align columns; write blanks and the like as \\xHH\n"                                 \
  "  -n, --noheadings      do not print the line of headings\n"                                                        \
  "  -b, --bytes           print sizes in bytes and ages in seconds\n"                                                 \
  "  -o, --output COLUMNS  print these columns, separated by commas:"

typedef struct cli_column {
  const char *name;
  int flags;       /* SCOLS_FL_… */
  int json;        /* SCOLS_JSON_… */
  bool is_escaped; /* the cells are trusted, or are escaped (escape.h) except for JSON */
  /*
   * With SCOLS_FL_TRUNC, which shortens cells on a terminal, or SCOLS_FL_WRAP, which breaks them into
   * lines: the width below which other columns become narrower first.
   */
  unsigned least;
} cli_column;

/* Returns the text of a cell, which the table frees, or NULL if the cell is empty. */
typedef char *cli_cell(const void *row, size_t column, const cli_view *view);

typedef struct cli_table cli_table;

/* Handles an option of CLI_VIEW_LONGS. Returns false if it is another option. */
bool cli_view_apply(cli_view *view, int option);

/* The least width of names. */
#define CLI_NAME_LEAST 20

/*
 * Creates a table. The first of the columns contains the names. `shown` lists the columns that are shown by default. Reports a usage error if
 * the user gives a wrong column, or a column twice. Columns after a "+" are added to `shown`.
 */
cli_table *cli_table_new(const char *name, const cli_column *columns, size_t count, const char *shown, cli_cell *cell,
                         const cli_view *view);

/*
 * Adds a row. In a tree, `parent` is the row above it, or NULL. `color` is the escape sequence for
 * the column `colored`, or NULL.
 */
struct libscols_line *cli_table_add(cli_table *table, const void *row, struct libscols_line *parent, size_t colored,
                                    const char *color);

/*
 * Leaves out these columns, in that order, if the terminal is too narrow for them. The array must be
 * valid until the table is printed. Columns that the user chose are not left out.
 */
void cli_table_dispensable(cli_table *table, const size_t *columns, size_t count);

/*
 * Does not show an empty column, unless the user chose the columns, or a program reads the table
 * (JSON, raw).
 */
void cli_table_hide_if_empty(cli_table *table, size_t column);

/* Adds a last line to the table, except with --raw and --noheadings, and in JSON an object "total". */
void cli_table_total(cli_table *table, const char *line, const char *json);

/* Prints the table, and frees it. */
void cli_table_print(cli_table *table);

/* Prints a cell as a member of a JSON object: the name of its column, and the text, or NULL. */
void cli_put_json_cell(const cli_column *column, const char *text);

/*
 * Shortens an escaped text to `width` columns of a terminal. An ellipsis or "~" replaces the end of a
 * text, or the middle of a name, because names often differ in their ends. The caller frees the result.
 */
char *cli_shortened(const char *text, size_t width, bool is_name);

/* Breaks a text at blanks into lines of at most `width` bytes, except for longer words. */
void cli_break_lines(char *text, size_t width);

/* Formats a size as in 1.5M, or as a number of bytes if the view requires that. */
char *cli_size(uint64_t bytes, const cli_view *view);

#endif
