/*
 * top_cells.c - the columns of the tables of blocks and of processes, and the texts of their cells.
 */
#include "top_cells.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

const cli_column *top_block_columns(void) {
  static cli_column all[TOP_BLOCK_COLUMNS] = {
    [TOP_CHANGES] = {"CHANGES", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
    [TOP_EXACT] = {"EXACT", 0, SCOLS_JSON_BOOLEAN, .least = 0},
  };

  memcpy(all, block_columns, sizeof block_columns);
  return all;
}

const cli_column top_process_columns[TOP_PROCESS_COLUMNS] = {
  [TOP_PID] = {"PID", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [TOP_USER] = {"USER", 0, SCOLS_JSON_STRING, .least = 0},
  [TOP_MEMORY] = {"MEMORY", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [TOP_BLOCKS] = {"BLOCKS", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [TOP_COMMAND] = {"COMMAND", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, .least = 0},
};

/* A "~" marks a number that is not the number of items that differ between the last two samples. */
static char *changes_cell(const top_block *row, const cli_view *view) {
  if (row->items == NULL || !row->items->has_changes)
    return NULL;
  return cli_format("%s%" PRIu64, row->items->is_exact || view->json ? "" : "~", row->items->changes);
}

static char *exact_cell(const top_block *row) {
  if (row->items == NULL || !row->items->has_changes)
    return NULL;
  return cli_format("%d", row->items->is_exact);
}

char *top_block_cell(const void *row, size_t column, const cli_view *view) {
  const top_block *shown = row;

  switch (column) {
  case TOP_CHANGES:
    return changes_cell(shown, view);
  case TOP_EXACT:
    return exact_cell(shown);
  case COLUMN_STATE:
    if (shown->is_new)
      return cli_format("new");
    /* fall through */
  default:
    return block_cell(&shown->info, column, view);
  }
}

char *top_process_cell(const void *row, size_t column, const cli_view *view) {
  const top_process *process = row;

  switch (column) {
  case TOP_PID:
    return cli_format("%" PRId64, process->pid);
  case TOP_USER:
    return process->uid == (uid_t)-1 ? NULL : cli_format("%s", process_user_name(process->uid));
  case TOP_MEMORY:
    return cli_size(process->memory, view);
  case TOP_BLOCKS:
    return cli_format("%zu", process->blocks);
  case TOP_COMMAND:
    return process->command == NULL ? NULL : cli_format("%s", process->command);
  default:
    return NULL;
  }
}

/* Returns whether there may be processes that this one cannot see. */
static bool has_unseen(const top_sample *sample) {
  for (size_t i = 0; i < sample->count; i++)
    if (!sample->blocks[i].is_new && block_has_unseen_users(&sample->blocks[i].info))
      return true;
  return false;
}

char *top_counts_text(const top_sample *sample, const top_processes *processes) {
  size_t others = sample->count - sample->block_count;
  char *files = others == 0 ? cli_format("%s", "") : cli_format(", %zu other file%s", others, others == 1 ? "" : "s"),
       *text =
         cli_format("%zu block%s%s, %zu process%s%s", sample->block_count, sample->block_count == 1 ? "" : "s", files,
                    processes->count, processes->count == 1 ? "" : "es", has_unseen(sample) ? " visible" : "");

  free(files);
  return text;
}

unsigned top_percent(uint64_t used, uint64_t size) {
  double percent = size == 0 ? 0 : (double)used * 100 / (double)size;
  unsigned whole = (unsigned)percent;

  return whole + (percent > whole);
}

char *top_space_text(const top_space *space) {
  const cli_view view = {.in_bytes = false};
  char *used = cli_size(space->used, &view), *size = cli_size(space->size, &view),
       *hidden = cli_size(space->not_visible, &view),
       *rest = space->not_visible == 0 ? cli_format("%s", "")
                                       : cli_format(", %s not visible to UID %u", hidden, (unsigned)geteuid()),
       *text;

  if (space->size == 0)
    text = cli_format("%s used, no limit%s", used, rest);
  else
    text = cli_format("%s of %s used (%u%%)%s", used, size, top_percent(space->used, space->size), rest);
  free(used);
  free(size);
  free(hidden);
  free(rest);
  return text;
}
