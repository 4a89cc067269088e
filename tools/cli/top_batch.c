/*
 * top_batch.c - prints samples for scripts: tables, or JSON.
 */
#include "top_batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "output.h"
#include "shm/segment.h"
#include "top_cells.h"

#define BLOCK_COLUMNS "NAME,KIND,ITEMS,SIZE,USED,CHANGES,AGE,STATE,USERS,REASON"
#define PROCESS_COLUMNS "PID,USER,MEMORY,BLOCKS,COMMAND"

static void print_blocks(const top_sample *sample, const top_order *order) {
  const cli_view view = {.keeps_headings = true};
  cli_table *table =
    cli_table_new("blocks", top_block_columns(), TOP_BLOCK_COLUMNS, BLOCK_COLUMNS, top_block_cell, &view);
  size_t count;
  const top_block **shown = top_order_blocks(order, sample, &count);

  for (size_t i = 0; i < count; i++)
    cli_table_add(table, shown[i], NULL, 0, NULL);
  cli_table_hide_if_empty(table, COLUMN_REASON);
  block_columns_narrow(table);
  cli_table_print(table);
  free(shown);
}

static void print_processes(const top_processes *processes, const top_order *order) {
  const cli_view view = {.keeps_headings = true};
  cli_table *table =
    cli_table_new("processes", top_process_columns, TOP_PROCESS_COLUMNS, PROCESS_COLUMNS, top_process_cell, &view);
  size_t count;
  const top_process **shown = top_order_processes(order, processes, &count);

  for (size_t i = 0; i < count; i++)
    cli_table_add(table, shown[i], NULL, 0, NULL);
  cli_table_print(table);
  free(shown);
}

void top_batch_print(const top_sample *sample, const top_processes *processes, const top_order *order,
                     bool shows_processes) {
  char *space = top_space_text(&sample->space), *counts = top_counts_text(sample, processes),
       clock[sizeof "YYYY-MM-DDTHH:MM:SS+HHMM"] = "";
  const time_t now = time(NULL);

  strftime(clock, sizeof clock, "%Y-%m-%dT%H:%M:%S%z", localtime(&now));
  cli_line("%s " SHAREABLE__DIRECTORY ": %s, %s", clock, space, counts);
  free(counts);
  free(space);
  if (shows_processes)
    print_processes(processes, order);
  else
    print_blocks(sample, order);
  cli_put("\n");
}

static void put_object(const cli_column *columns, size_t count, cli_cell *cell, const void *row) {
  const cli_view view = {.json = true, .in_bytes = true};

  cli_put("{");
  for (size_t i = 0; i < count; i++) {
    char *text = cell(row, i, &view);

    cli_put(i == 0 ? "" : ", ");
    cli_put_json_cell(&columns[i], text);
    free(text);
  }
  cli_put("}");
}

static void put_blocks(const top_sample *sample, const top_order *order) {
  size_t count;
  const top_block **shown = top_order_blocks(order, sample, &count);

  cli_put(", \"blocks\": [");
  for (size_t i = 0; i < count; i++) {
    cli_put(i == 0 ? "" : ", ");
    put_object(top_block_columns(), TOP_BLOCK_COLUMNS, top_block_cell, shown[i]);
  }
  cli_put("]");
  free(shown);
}

static void put_processes(const top_processes *processes, const top_order *order) {
  size_t count;
  const top_process **shown = top_order_processes(order, processes, &count);

  cli_put(", \"processes\": [");
  for (size_t i = 0; i < count; i++) {
    cli_put(i == 0 ? "" : ", ");
    put_object(top_process_columns, TOP_PROCESS_COLUMNS, top_process_cell, shown[i]);
  }
  cli_put("]");
  free(shown);
}

void top_batch_print_json(const top_sample *sample, const top_processes *processes, const top_order *order) {
  const top_space *space = &sample->space;
  char *hidden = space->is_settled ? cli_format("%" PRIu64, space->not_visible) : cli_format("null"), *head;
  struct timespec now;

  clock_gettime(CLOCK_REALTIME, &now);
  head = cli_format("{\"time\": %" PRId64 ".%03ld, \"users_age\": %.3f, \"size\": %" PRIu64 ", \"used\": %" PRIu64
                    ", \"not_visible\": %s, \"inodes\": %" PRIu64 ", \"inodes_used\": %" PRIu64,
                    (int64_t)now.tv_sec, now.tv_nsec / 1000000, (double)(sample->time - sample->users_at) / 1e9,
                    space->size, space->used, hidden, space->inodes, space->inodes_used);
  cli_put(head);
  free(head);
  free(hidden);
  put_blocks(sample, order);
  put_processes(processes, order);
  cli_put("}\n");
}
