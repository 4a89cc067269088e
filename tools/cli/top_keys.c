/*
 * top_keys.c - the keys of the live view.
 */
#include "top_keys.h"

#include <curses.h>
#include <string.h>

#include "top_terminal.h"

enum { ESCAPE = 27, CONTROL_H = 8, CONTROL_L = 12, CONTROL_U = 21, RETURN = 13, DELETE = 127 };

/* Adds a byte: a terminal sends a character that is not ASCII as several bytes. */
static void add_to_filter(top_order *order, char byte) {
  size_t length = strlen(order->filter);

  if (length + 1 < sizeof order->filter) {
    order->filter[length] = byte;
    order->filter[length + 1] = '\0';
  }
}

/* Removes the last character: its first byte, and those that follow it in UTF-8. */
static void shorten_filter(top_order *order) {
  size_t length = strlen(order->filter);

  while (length > 0 && ((unsigned char)order->filter[--length] & 0xc0) == 0x80)
    ;
  order->filter[length] = '\0';
}

static void remove_filter(top_state *state) {
  state->order.filter[0] = '\0';
  state->edits_filter = false;
}

static void edit_filter(top_state *state, int key) {
  if (key == KEY_BACKSPACE || key == CONTROL_H || key == DELETE)
    shorten_filter(&state->order);
  else if (key == CONTROL_U)
    state->order.filter[0] = '\0';
  else if (key == '\n' || key == RETURN || key == KEY_ENTER)
    state->edits_filter = false;
  else if (key == ESCAPE)
    remove_filter(state);
  else if (key >= ' ' && key <= 0xff)
    add_to_filter(&state->order, (char)key);
}

/* Returns whether the key moves the selection. */
static bool move_selection(top_state *state, int key) {
  static const struct {
    int key;
    int64_t rows, pages;
  } moves[] = {{KEY_UP, -1, 0},         {'k', -1, 0},       {KEY_DOWN, 1, 0},          {'j', 1, 0},
               {KEY_PPAGE, 0, -1},      {KEY_NPAGE, 0, 1},  {KEY_HOME, -INT64_MAX, 0}, {'g', -INT64_MAX, 0},
               {KEY_END, INT64_MAX, 0}, {'G', INT64_MAX, 0}};
  int64_t page = state->height > 1 ? (int64_t)state->height - 1 : 1;

  for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
    if (key == moves[i].key) {
      top_state_move(state, moves[i].rows + moves[i].pages * page);
      return true;
    }
  return false;
}

/* Returns whether the key sorts the table. A process has no size and no changes. */
static bool sort(top_state *state, int key) {
  static const char letters[] = {[TOP_BY_USED] = 'm', [TOP_BY_SIZE] = 's',  [TOP_BY_CHANGES] = 'c',
                                 [TOP_BY_NAME] = 'n', [TOP_BY_USERS] = 'u', [TOP_BY_AGE] = 'a'};

  for (unsigned i = 0; i < TOP_KEY_COUNT; i++)
    if (key == letters[i] && (state->page == TOP_PAGE_BLOCKS || (i != TOP_BY_SIZE && i != TOP_BY_CHANGES))) {
      state->order.key = (top_key)i;
      return true;
    }
  return false;
}

static void apply_to_table(top_state *state, int key) {
  if (sort(state, key))
    return;
  switch (key) {
  case 'R':
    state->order.is_reversed = !state->order.is_reversed;
    break;
  case '/':
    state->edits_filter = true;
    break;
  case '\t':
  case 'p':
    top_state_leave_process(state);
    top_state_show(state, state->table == TOP_PAGE_BLOCKS ? TOP_PAGE_PROCESSES : TOP_PAGE_BLOCKS);
    break;
  case '\n':
  case RETURN:
  case KEY_ENTER:
    top_state_open(state);
    break;
  default:
    break;
  }
}

void top_keys_apply(top_state *state, int key) {
  if (key == CONTROL_L)
    top_terminal_redraw();
  else if (state->edits_filter)
    edit_filter(state, key);
  else if (key == ESCAPE || key == KEY_LEFT || key == KEY_BACKSPACE || (key == 'q' && state->page != state->table))
    top_state_back(state);
  else if (key == 'q')
    state->quits = true;
  else if (key == 'h' || key == '?')
    top_state_show(state, TOP_PAGE_HELP);
  else if (key == ' ')
    state->refreshes = true;
  else if (!move_selection(state, key) && state->page == state->table)
    apply_to_table(state, key);
}
