/*
 * top_live.c - the live view of shareable top, on a terminal.
 */
#include "top_live.h"

#include <stdlib.h>

#include "base/clock.h"
#include "top_keys.h"
#include "top_screen.h"
#include "top_terminal.h"

static void take(top_sample *sample, top_processes *processes, const top_state *state) {
  top_sample_take(sample, state->delay);
  top_processes_read(processes, sample);
}

/* Shows a sample until the next is due, or until a key requests it. */
static void show(top_state *state, const top_sample *sample, const top_processes *processes) {
  int64_t next = sample->time + state->delay;
  int key;

  do {
    top_screen_draw(state, sample, processes);
    key = top_terminal_key(next);
    if (key != TOP_NO_KEY)
      top_keys_apply(state, key);
  } while (!state->quits && !state->refreshes && shareable__now() < next);
}

int top_live(const top_options *options) {
  top_state state = {.order = options->order, .delay = options->delay};
  top_processes processes = {0};
  top_sample sample;

  state.page = state.table = options->shows_processes ? TOP_PAGE_PROCESSES : TOP_PAGE_BLOCKS;
  top_terminal_begin();
  top_sample_begin(&sample, options->patterns, options->pattern_count);
  while (!state.quits) {
    if (state.refreshes)
      top_sample_expire_users(&sample);
    state.refreshes = false;
    take(&sample, &processes, &state);
    show(&state, &sample, &processes);
  }
  top_terminal_end();
  top_state_end(&state);
  top_processes_free(&processes);
  top_sample_end(&sample);
  return CLI_DONE;
}
