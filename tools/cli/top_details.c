/*
 * top_details.c - the lines of the page that shows one block, its users and its items.
 */
#include "top_details.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "format/item.h"
#include "text.h"
#include "top_cells.h"

/* Adds a line, which the details free. */
static void add(top_details *details, char *line) {
  if (details->count % 16 == 0)
    details->lines = cli_allocate(details->lines, details->count + 16, sizeof *details->lines);
  details->lines[details->count++] = line;
}

/* Adds the cell of a column, with its name. Each block has the same lines, so that they stay in place. */
static void add_cell(top_details *details, const top_block *shown, size_t column) {
  const cli_view view = {.in_bytes = false};
  char *text = top_block_cell(shown, column, &view), *escaped;

  escaped = cli_escaped(text == NULL ? "-" : text);
  add(details, cli_format("%-8s %s", top_block_columns()[column].name, escaped));
  free(escaped);
  free(text);
}

static void add_user(top_details *details, const top_processes *processes, const shareable__mapping *user) {
  const top_process *process = top_processes_find(processes, user->pid);
  char *command = cli_escaped(process == NULL || process->command == NULL ? "?" : process->command);

  add(details,
      cli_format("%-8s %" PRId64 " %s%s", "PROCESS", user->pid, command, user->is_mapped ? "" : " (open, not mapped)"));
  free(command);
}

static void add_block(top_details *details, const top_processes *processes, const top_block *shown) {
  static const size_t columns[] = {COLUMN_NAME, COLUMN_KIND,  COLUMN_ITEMS,  COLUMN_SIZE,  COLUMN_USED, TOP_CHANGES,
                                   COLUMN_AGE,  COLUMN_STATE, COLUMN_REASON, COLUMN_OWNER, COLUMN_USER, COLUMN_MODE};

  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    add_cell(details, shown, columns[i]);
  for (size_t i = 0; i < shown->info.user_count; i++)
    add_user(details, processes, &shown->info.users[i]);
}

void top_details_begin(top_details *details, const top_sample *sample, const top_processes *processes,
                       const top_block *shown) {
  details->lines = NULL;
  details->count = 0;
  details->has_items = false;
  if (shown == NULL) {
    add(details, cli_format("This block no longer exists."));
    return;
  }
  add_block(details, processes, shown);
  if (!block_kind_is_list(shown->info.kind) || shown->info.state == BLOCK_DELETED)
    return;
  details->has_items = top_list_open(&details->list, sample->directory, shown->info.name, shown->info.inode);
  if (details->has_items)
    add(details, cli_format("%10s  %-5s  %s", "ITEM", "TYPE", "VALUE"));
}

void top_details_end(top_details *details) {
  for (size_t i = 0; i < details->count; i++)
    free(details->lines[i]);
  free(details->lines);
  if (details->has_items)
    top_list_close(&details->list);
}

uint64_t top_details_count(const top_details *details) {
  return details->count + (details->has_items ? details->list.count : 0);
}

/* The parts of an item in private memory, aligned to 8. */
typedef struct item_copy {
  uint64_t data[TOP_PART_MAX / 8], format;
  unsigned char code;
} item_copy;

static char *format_item(uint64_t i, const char *type, const char *value) {
  return cli_format("%10" PRIu64 "  %-5s  %s", i, type, value);
}

/* Formats an item whose slot is longer than a part by its length only. */
static char *format_long_item(uint64_t i, const shareable__slot *slot) {
  shareable__item_info info;
  char *value, *line;

  if (!shareable__item_inspect(slot, &info))
    return format_item(i, "corrupt", "");
  value = cli_format("(%zu bytes: 'shareable get' prints them)", info.length);
  line = format_item(i, cli_type_name(info.type), value);
  free(value);
  return line;
}

/* Another process may be writing the item: then a text may be torn, or corrupt, in this drawing. */
static char *format_short_item(uint64_t i, const shareable__slot *slot) {
  char buffer[TOP_PART_MAX];
  shareable_value value;
  cli_text text = {0};
  char *line;

  if (shareable__item_read(slot, &value, buffer, sizeof buffer) != SHAREABLE_OK)
    return format_item(i, "corrupt", "");
  cli_format_value(&text, &value, CLI_ONE_LINE);
  line = format_item(i, cli_type_name(value.type), text.bytes);
  free(text.bytes);
  return line;
}

static char *item_line(top_list *list, uint64_t i) {
  const unsigned char *data;
  item_copy copy;
  top_slot slot;
  shareable__slot copied;

  if (!top_list_slot(list, i, &slot))
    return format_item(i, "missing", "the block was truncated");
  copy.format = slot.format;
  copy.code = slot.code;
  copied = (shareable__slot){(unsigned char *)copy.data, (size_t)slot.size, (unsigned char *)&copy.format, &copy.code};
  if (slot.size == 0)
    return format_item(i, "corrupt", "");
  if (slot.size > TOP_PART_MAX)
    return format_long_item(i, &copied);
  data = top_list_data(list, slot.data, (size_t)slot.size);
  if (data == NULL)
    return format_item(i, "missing", "the block was truncated");
  memcpy(copy.data, data, (size_t)slot.size);
  return format_short_item(i, &copied);
}

char *top_details_line(top_details *details, uint64_t i) {
  if (i < details->count)
    return cli_format("%s", details->lines[i]);
  return item_line(&details->list, i - details->count);
}
