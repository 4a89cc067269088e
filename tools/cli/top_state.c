/*
 * top_state.c - what the live view shows: its page, and the selected row.
 */
#include "top_state.h"

#include <stdlib.h>
#include <string.h>

static size_t find(const top_state *state) {
  for (size_t i = 0; i < state->count; i++)
    if (state->ids[i] == state->selected_id)
      return i;
  return state->selected;
}

/* Moves the part of the table that is on the screen, so that it contains the selected row. */
static void scroll(top_state *state) {
  if (state->selected >= state->count)
    state->selected = state->count == 0 ? 0 : state->count - 1;
  if (state->selected < state->first)
    state->first = state->selected;
  if (state->height > 0 && state->selected - state->first >= state->height)
    state->first = state->selected - state->height + 1;
  if (state->first + state->height > state->count)
    state->first = state->count < state->height ? 0 : state->count - state->height;
  state->selected_id = state->count == 0 ? 0 : state->ids[state->selected];
}

void top_state_set_rows(top_state *state, uint64_t *ids, size_t count, size_t height) {
  free(state->ids);
  state->ids = ids;
  state->count = count;
  state->height = height;
  if (state->selected > 0 && (state->selected >= count || ids[state->selected] != state->selected_id))
    state->selected = find(state); /* several rows may have the same id: names of one file */
  scroll(state);
}

/* Returns position + distance, from 0 to max. */
static uint64_t moved(uint64_t position, int64_t distance, uint64_t max) {
  if (distance < 0)
    return position < (uint64_t)-distance ? 0 : position - (uint64_t)-distance;
  return max - position < (uint64_t)distance ? max : position + (uint64_t)distance;
}

void top_state_move(top_state *state, int64_t rows) {
  uint64_t lines = state->line_count > state->height ? state->line_count - state->height : 0;

  if (state->page == TOP_PAGE_DETAILS) {
    state->line = moved(state->line < lines ? state->line : lines, rows, lines);
  } else if (state->count > 0) {
    state->selected = (size_t)moved(state->selected, rows, state->count - 1);
    scroll(state);
  }
}

void top_state_show(top_state *state, top_page page) {
  if (page == TOP_PAGE_BLOCKS || page == TOP_PAGE_PROCESSES) {
    if (page != state->table)
      state->selected = state->first = 0;
    state->table = page;
  }
  state->page = page;
}

static void open_block(top_state *state) {
  if (state->selected_name == NULL)
    return;
  free(state->name);
  state->name = cli_format("%s", state->selected_name);
  state->inode = state->selected_id;
  state->line = 0;
  top_state_show(state, TOP_PAGE_DETAILS);
}

void top_state_open(top_state *state) {
  if (state->page == TOP_PAGE_BLOCKS) {
    open_block(state);
  } else if (state->page == TOP_PAGE_PROCESSES && state->count > 0) {
    state->order.pid = (int64_t)state->selected_id;
    memcpy(state->processes_filter, state->order.filter, sizeof state->processes_filter);
    state->order.filter[0] = '\0';
    top_state_show(state, TOP_PAGE_BLOCKS);
  }
}

void top_state_leave_process(top_state *state) {
  if (state->order.pid == 0)
    return;
  state->order.pid = 0;
  memcpy(state->order.filter, state->processes_filter, sizeof state->order.filter);
}

void top_state_back(top_state *state) {
  if (state->page != state->table) {
    top_state_show(state, state->table);
  } else if (state->order.pid != 0) {
    top_state_leave_process(state);
    top_state_show(state, TOP_PAGE_PROCESSES);
  } else {
    state->order.filter[0] = '\0';
  }
}

void top_state_end(top_state *state) {
  free(state->ids);
  free(state->selected_name);
  free(state->name);
}
