/*
 * top_screen.c - draws the pages of the live view.
 */
#include "top_screen.h"

#include <curses.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uniwidth.h>

#include "escape.h"
#include "shm/segment.h"
#include "top_cells.h"
#include "top_details.h"

/* The lines above the rows of the table, and below them. */
enum { HEADER_LINES = 4, FOOTER_LINES = 1, BAR_WIDTH = 20, FULL_PERCENT = 90 };

/* Color pairs of top_terminal.c. */
enum { RED = 1, YELLOW = 2 };

/* A column of a table. The columns without a width share the rest of the line. */
typedef struct layout {
  size_t column;
  int width;
  int share; /* of the rest */
  int from;  /* the number of columns of the terminal from which on it is shown */
} layout;

static const layout block_layout[] = {{COLUMN_NAME, 0, 60, 0},  {COLUMN_KIND, 9, 0, 100}, {COLUMN_ITEMS, 9, 0, 120},
                                      {COLUMN_SIZE, 6, 0, 120}, {COLUMN_USED, 6, 0, 0},   {TOP_CHANGES, 9, 0, 50},
                                      {COLUMN_AGE, 4, 0, 60},   {COLUMN_STATE, 8, 0, 0},  {COLUMN_USERS, 0, 40, 60}};
static const layout process_layout[] = {
  {TOP_PID, 8, 0, 0}, {TOP_USER, 10, 0, 50}, {TOP_MEMORY, 7, 0, 0}, {TOP_BLOCKS, 7, 0, 0}, {TOP_COMMAND, 0, 100, 0}};

static int lines_of_table(void) {
  return LINES > HEADER_LINES + FOOTER_LINES ? LINES - HEADER_LINES - FOOTER_LINES : 0;
}

/* How a text is drawn that does not have the width of its column. */
typedef enum fitting { AS_TEXT, AS_NAME, RIGHT } fitting;

/* Draws an escaped text, at most `width` columns of it. */
static void put(int y, int x, int width, const char *text, fitting how) {
  int columns = u8_strwidth((const uint8_t *)text, nl_langinfo(CODESET));
  char *shortened = NULL;

  if (width <= 0)
    return;
  if (columns > width) {
    shortened = cli_shortened(text, (size_t)width, how == AS_NAME);
    text = shortened;
    columns = width;
  }
  mvaddstr(y, how == RIGHT ? x + width - columns : x, text);
  free(shortened);
}

/* Draws text that is not escaped. */
static void put_escaped(int y, int x, int width, const char *text, fitting how) {
  char *escaped = cli_escaped(text);

  put(y, x, width, escaped, how);
  free(escaped);
}

/* Draws a line of trusted or escaped text, and frees it. */
static void put_line(int y, char *text) {
  move(y, 0);
  clrtoeol();
  put(y, 0, COLS, text, AS_TEXT);
  free(text);
}

/* Returns the width that the other columns leave for the columns without a width. */
static int rest_of(const layout *columns, size_t count) {
  int rest = COLS + 1;

  for (size_t i = 0; i < count; i++)
    if (columns[i].from <= COLS)
      rest -= columns[i].width + 1;
  return rest;
}

/* The first column of a table contains the names. */
static fitting fitting_of(const cli_column *columns, size_t i) {
  return (columns[i].flags & SCOLS_FL_RIGHT) != 0 ? RIGHT : i == 0 ? AS_NAME : AS_TEXT;
}

/* Returns the sum of the shares of the columns that are shown. */
static int shares_of(const layout *columns, size_t count) {
  int sum = 0;

  for (size_t i = 0; i < count; i++)
    sum += columns[i].from <= COLS ? columns[i].share : 0;
  return sum;
}

/* Draws a row, or the names of the columns if `row` is NULL. */
static void put_row(int y, const layout *shown, size_t count, const cli_column *columns, cli_cell *cell,
                    const void *row) {
  const cli_view view = {.in_bytes = false};
  int rest = rest_of(shown, count), shares = shares_of(shown, count), x = 0;

  for (size_t i = 0; i < count; i++) {
    const cli_column *column = &columns[shown[i].column];
    int width = shown[i].share > 0 ? rest * shown[i].share / shares : shown[i].width;
    char *text;

    if (shown[i].from > COLS)
      continue;
    text = row == NULL ? cli_format("%s", column->name) : cell(row, shown[i].column, &view);
    if (text != NULL)
      put_escaped(y, x, width, text, fitting_of(columns, shown[i].column));
    free(text);
    x += width + 1;
  }
}

/* Begins an empty line with these attributes. */
static void begin_line(int y, attr_t attributes) {
  attrset(attributes);
  move(y, 0);
  for (int x = 0; x < COLS; x++)
    addch(' ');
}

static attr_t color(int pair) {
  return has_colors() ? (attr_t)COLOR_PAIR(pair) : A_NORMAL;
}

static attr_t attributes_of(const top_block *row) {
  if (row->info.state == BLOCK_ORPHANED)
    return color(RED);
  return row->info.state == BLOCK_DELETED ? color(YELLOW) : A_NORMAL;
}

static void put_heading(const layout *shown, size_t count, const cli_column *columns) {
  begin_line(HEADER_LINES - 1, A_REVERSE);
  put_row(HEADER_LINES - 1, shown, count, columns, NULL, NULL);
  attrset(A_NORMAL);
}

static void remember_name(top_state *state, const top_block *row) {
  free(state->selected_name);
  state->selected_name = row == NULL ? NULL : cli_format("%s", row->info.name);
}

static void draw_blocks(top_state *state, const top_sample *sample) {
  const size_t columns = sizeof block_layout / sizeof *block_layout;
  size_t count;
  const top_block **shown = top_order_blocks(&state->order, sample, &count);
  uint64_t *ids = cli_allocate(NULL, count, sizeof *ids);

  for (size_t i = 0; i < count; i++)
    ids[i] = shown[i]->info.inode;
  top_state_set_rows(state, ids, count, (size_t)lines_of_table());
  remember_name(state, count == 0 ? NULL : shown[state->selected]);
  put_heading(block_layout, columns, top_block_columns());
  for (size_t i = state->first; i < count && i < state->first + state->height; i++) {
    int y = HEADER_LINES + (int)(i - state->first);

    begin_line(y, attributes_of(shown[i]) | (i == state->selected ? A_REVERSE : 0));
    put_row(y, block_layout, columns, top_block_columns(), top_block_cell, shown[i]);
  }
  free(shown);
}

static void draw_processes(top_state *state, const top_processes *processes) {
  const size_t columns = sizeof process_layout / sizeof *process_layout;
  size_t count;
  const top_process **shown = top_order_processes(&state->order, processes, &count);
  uint64_t *ids = cli_allocate(NULL, count, sizeof *ids);

  for (size_t i = 0; i < count; i++)
    ids[i] = (uint64_t)shown[i]->pid;
  top_state_set_rows(state, ids, count, (size_t)lines_of_table());
  put_heading(process_layout, columns, top_process_columns);
  for (size_t i = state->first; i < count && i < state->first + state->height; i++) {
    int y = HEADER_LINES + (int)(i - state->first);

    begin_line(y, i == state->selected ? A_REVERSE : A_NORMAL);
    put_row(y, process_layout, columns, top_process_columns, top_process_cell, shown[i]);
  }
  free(shown);
}

static void draw_details(top_state *state, const top_sample *sample, const top_processes *processes) {
  static top_details details; /* large */

  top_details_begin(&details, sample, processes, top_sample_find(sample, state->name, state->inode));
  state->height = (size_t)lines_of_table();
  state->line_count = top_details_count(&details);
  top_state_move(state, 0); /* there may be fewer lines than before */
  for (size_t i = 0; i < state->height && state->line + i < state->line_count; i++)
    put_line(HEADER_LINES + (int)i, top_details_line(&details, state->line + i));
  top_details_end(&details);
}

static void draw_help(void) {
  static const char *const lines[] = {
    "Up Down Page Up Page Down Home End   select a row (also k j g G)",
    "Enter      show a block, its users and its items; or the blocks of a process",
    "Escape     go back, or remove the filter (also Left, Backspace)",
    "Tab  p     switch between blocks and processes",
    "m          sort by the memory that is used",
    "s          sort blocks by size",
    "c          sort blocks by changes: items that differ in the last two samples",
    "n          sort by name; processes: by command",
    "u          sort by the number of users; processes: of blocks",
    "a          sort by age; processes: by pid",
    "R          reverse the order",
    "/          show only names (processes: also users, pids) that contain a text",
    "Space      take a sample now, and read the users of all blocks",
    "Control-L  draw the screen again",
    "h  ?       this help",
    "q          quit",
    "",
    "A \"~\" before CHANGES: the list is large, and is compared over several samples.",
    "STATE new: created after the users of the blocks were read.",
  };

  for (size_t i = 0; i < sizeof lines / sizeof *lines && (int)i < lines_of_table(); i++)
    put_line(HEADER_LINES + (int)i, cli_format("%s", lines[i]));
}

static char *title(const top_sample *sample, const top_processes *processes, const top_state *state) {
  char clock[sizeof "HH:MM:SS"] = "", *counts = top_counts_text(sample, processes), *text;
  const time_t now = time(NULL);

  strftime(clock, sizeof clock, "%H:%M:%S", localtime(&now));
  text = cli_format("shareable top - %s  %s, every %g s", clock, counts, (double)state->delay / 1e9);
  free(counts);
  return text;
}

static void draw_space(const top_space *space) {
  unsigned percent = top_percent(space->used, space->size), inodes = top_percent(space->inodes_used, space->inodes);
  char bar[BAR_WIDTH + 1], *text = top_space_text(space);

  memset(bar, '-', BAR_WIDTH);
  memset(bar, '#', percent > 100 ? BAR_WIDTH : (size_t)percent * BAR_WIDTH / 100);
  bar[BAR_WIDTH] = '\0';
  attrset(percent >= FULL_PERCENT ? A_BOLD | color(RED) : A_NORMAL);
  put_line(1, cli_format(SHAREABLE__DIRECTORY " [%s] %s  inodes %u%%", bar, text, inodes));
  attrset(A_NORMAL);
  free(text);
}

/* Returns what was selected: the order, the filter, and the age of what is known of the users. */
static char *status(const top_sample *sample, const top_state *state) {
  int64_t age = (sample->time - sample->users_at) / 1000000000;
  char *filter = cli_escaped(state->order.filter), *users, *pid, *text;

  users = age == 0 ? cli_format("%s", "") : cli_format("  users read %" PRId64 " s ago", age);
  pid = state->order.pid == 0 ? cli_format("%s", "") : cli_format("  blocks of process %" PRId64, state->order.pid);
  text = cli_format(
    "by %s%s%s%s%s%s%s",
    state->table == TOP_PAGE_PROCESSES ? top_key_of_processes(state->order.key) : top_key_names[state->order.key],
    state->order.is_reversed ? ", reversed" : "", users, pid,
    state->edits_filter || filter[0] != '\0' ? "  filter: " : "", filter, state->edits_filter ? "_" : "");
  free(filter);
  free(users);
  free(pid);
  return text;
}

static const char *keys_of(const top_state *state) {
  if (state->edits_filter)
    return "Type a text  Enter keep the filter  Escape remove it";
  if (state->page == TOP_PAGE_HELP || state->page == TOP_PAGE_DETAILS)
    return "Escape back  Up Down Page Up Page Down scroll";
  if (state->page == TOP_PAGE_PROCESSES)
    return "Enter show  Tab blocks, processes  m n u a sort  / filter  h help  q quit";
  return "Enter show  Tab blocks, processes  m s c n u a sort  / filter  h help  q quit";
}

static void draw_page(top_state *state, const top_sample *sample, const top_processes *processes) {
  if (state->page == TOP_PAGE_BLOCKS)
    draw_blocks(state, sample);
  else if (state->page == TOP_PAGE_PROCESSES)
    draw_processes(state, processes);
  else if (state->page == TOP_PAGE_DETAILS)
    draw_details(state, sample, processes);
  else
    draw_help();
  attrset(A_NORMAL);
}

void top_screen_draw(top_state *state, const top_sample *sample, const top_processes *processes) {
  erase();
  put_line(0, title(sample, processes, state));
  draw_space(&sample->space);
  put_line(2, status(sample, state));
  draw_page(state, sample, processes);
  if (LINES > HEADER_LINES)
    put_line(LINES - 1, cli_format("%s", keys_of(state)));
  refresh();
}
