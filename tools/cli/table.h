/*
 * table.h - rows and columns as lsblk(8) prints them: a table, raw, or JSON.
 */
#ifndef SHAREABLE__CLI_TABLE_H
#define SHAREABLE__CLI_TABLE_H

#include <libsmartcols.h>

#include "cli.h"

/* How the user wants them. */
typedef struct cli_view {
  bool json, raw, headless;
  bool in_bytes;       /* sizes and times as plain numbers */
  const char *columns; /* their names with commas between, or NULL */
} cli_view;

#define CLI_VIEW_SHORTS ":Jrno:b"
/* No two versions agree on this. */
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
  int flags; /* SCOLS_FL_… */
  int json;  /* SCOLS_JSON_… */
  /* Its cells contain nothing from outside, or are escaped (escape.h) but for JSON; a newline breaks a line there. */
  bool is_escaped;
  unsigned share; /* 4: no more than a quarter of a terminal's width; 0: any */
} cli_column;

/* A cell's text, escaped or not: memory that becomes the table's, or NULL for nothing. */
typedef char *cli_cell(const void *row, size_t column, const cli_view *view);

typedef struct cli_table cli_table;

/* Takes an option of these. False: it is another's. */
bool cli_view_take(cli_view *view, int option);

/* `shown` is the names of the columns if the user names none. A wrong name, or one that is given twice, ends the program. */
cli_table *cli_table_new(const char *name, const cli_column *columns, size_t count, const char *shown, cli_cell *cell,
                         const cli_view *view);

/* Adds a row, below another one in a tree or below none. `color`, a sequence of the terminal's or NULL, is for `colored`. */
struct libscols_line *cli_table_add(cli_table *table, const void *row, struct libscols_line *parent, size_t colored,
                                    const char *color);

/* Prints the table, and frees it. */
void cli_table_print(cli_table *table);

/* Breaks a text at blanks into lines of so many bytes, where it can be. */
void cli_break_lines(char *text, size_t width);

/* 1.5M; or plainly in bytes, if so wanted. */
char *cli_size(uint64_t bytes, const cli_view *view);

#endif
