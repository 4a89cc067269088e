/*
 * top_state.h - what the live view shows: its page, and the selected row.
 */
#ifndef SHAREABLE__CLI_TOP_STATE_H
#define SHAREABLE__CLI_TOP_STATE_H

#include "top_order.h"

typedef enum top_page { TOP_PAGE_BLOCKS, TOP_PAGE_PROCESSES, TOP_PAGE_DETAILS, TOP_PAGE_HELP } top_page;

typedef struct top_state {
  top_page page;
  top_page table; /* the table to which the other pages return */
  top_order order;
  char processes_filter[sizeof((top_order *)NULL)->filter]; /* while the blocks of a process are shown */
  bool edits_filter;                                        /* the keys are the text of the filter */
  bool quits;
  bool refreshes; /* take the next sample now */
  int64_t delay;  /* between samples, in nanoseconds */

  /* The rows of the table, as they were drawn last. */
  uint64_t *ids; /* inodes or pids */
  size_t count;
  size_t height; /* the rows that fit on the screen */
  size_t first;  /* the first row on the screen */
  size_t selected;
  uint64_t selected_id;
  char *selected_name; /* of the selected block, or NULL */

  /* The block on the page of details. */
  char *name;
  uint64_t inode;
  uint64_t line, line_count; /* the first line on the screen; and all lines */
} top_state;

/*
 * Sets the rows of the table, which belong to the state then. If the user has selected a row, the
 * row stays selected at its new place. The first row is the default: then the new first row is
 * selected.
 */
void top_state_set_rows(top_state *state, uint64_t *ids, size_t count, size_t height);

/* Selects the row that is `rows` rows below the selected one, or the nearest. */
void top_state_move(top_state *state, int64_t rows);

/* Shows another page, and selects its first row. */
void top_state_show(top_state *state, top_page page);

/* Shows the details of the selected block, or the blocks of the selected process. */
void top_state_open(top_state *state);

/* Stops showing only the blocks of a process, and restores the filter of the processes. */
void top_state_leave_process(top_state *state);

/* Returns to the table or, from a table, to all of its rows. */
void top_state_back(top_state *state);

void top_state_end(top_state *state);

#endif
