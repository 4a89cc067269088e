/*
 * ls_total.c - the last line of ls: the memory of the files beside what df(1) shows.
 */
#include "ls_total.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"

/* The rows that are shown. */
typedef struct shown {
  size_t blocks, others;
  uint64_t used;
} shown;

static shown count_rows(const blocks *found, bool is_whole) {
  shown rows = {.used = found->space.listed};
  file_set used = {0};

  for (size_t i = 0; i < found->count; i++) {
    const block *info = &found->blocks[i];

    *(info->is_block ? &rows.blocks : &rows.others) += 1;
    files_add(&used, (file_entry){info->inode, info->size, info->used});
  }
  files_sort(&used);
  if (!is_whole)
    rows.used = files_used(&used);
  files_free(&used);
  return rows;
}

/* As df(1): rounded up. */
static unsigned percent_of(const space_sums *sums) {
  uint64_t all = sums->now.used + sums->now.available;

  return all == 0 ? 100 : (unsigned)((sums->now.used * 100 + all - 1) / all);
}

/* Returns what the total says about the memory that no row explains. */
static char *rest_text(const cli_view *view, const space_sums *sums, bool are_all_read) {
  char *size, *text;

  if (!are_all_read || !sums->is_limited || (sums->is_settled && sums->not_visible == 0))
    return cli_format("%s", "");
  if (!sums->is_settled)
    return cli_format(", changing");
  size = cli_size(sums->not_visible, view);
  text = cli_format(", %s not visible to UID %u", size, (unsigned)geteuid());
  free(size);
  return text;
}

/* Returns " of 64.0M used in /dev/shm (df: 98%)", or less if the file system has no limit. */
static char *space_text(const cli_view *view, const blocks *found) {
  const space_sums *sums = &found->space;
  char *used, *text;

  if (!sums->is_limited)
    return cli_format(" used in %s", found->place->text);
  used = cli_size(sums->now.used, view);
  text = cli_format(" of %s used in %s (df: %u%%)", used, found->place->text, percent_of(sums));
  free(used);
  return text;
}

/* Returns the last line: what the rows use beside what df(1) shows. */
static char *total_line(const cli_view *view, const blocks *found, const shown *rows, bool are_all_read) {
  char *used = cli_size(rows->used, view), *space = space_text(view, found),
       *rest = rest_text(view, &found->space, are_all_read), *others = cli_format("%s", ""), *line;

  if (rows->others > 0) {
    free(others);
    others = cli_format(", %zu other file%s", rows->others, rows->others == 1 ? "" : "s");
  }
  line = cli_format("%zu block%s%s, %s%s%s", rows->blocks, rows->blocks == 1 ? "" : "s", others, used, space, rest);
  free(used);
  free(space);
  free(rest);
  free(others);
  return line;
}

/* Returns a number as JSON, or null. */
static char *number_json(bool is_known, uint64_t number) {
  return is_known ? cli_format("%" PRIu64, number) : cli_format("null");
}

/* Returns the same as JSON. */
static char *total_json(const blocks *found, const shown *rows, bool are_all_read) {
  const space_sums *sums = &found->space;
  char *used = number_json(sums->is_limited, sums->now.used), *size = number_json(sums->is_limited, sums->now.size),
       *rest = number_json(are_all_read && sums->is_limited && sums->is_settled, sums->not_visible), *json;
  cli_text name = {0};

  cli_escape_json(&name, found->place->text, strlen(found->place->text));
  json = cli_format("{\"directory\": %s, \"blocks\": %zu, \"others\": %zu, \"used\": %" PRIu64
                    ", \"df_used\": %s, \"df_size\": %s, \"not_visible\": %s}",
                    name.bytes, rows->blocks, rows->others, rows->used, used, size, rest);
  free(name.bytes);
  free(used);
  free(size);
  free(rest);
  return json;
}

void ls_total_add(cli_table *table, const cli_view *view, const blocks *found, bool are_all_read, bool is_filtered) {
  shown rows = count_rows(found, are_all_read && !is_filtered);
  char *line = total_line(view, found, &rows, are_all_read), *json = total_json(found, &rows, are_all_read);

  cli_table_total(table, line, json);
  free(line);
  free(json);
}
