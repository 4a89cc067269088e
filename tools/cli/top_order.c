/*
 * top_order.c - the order of the blocks and the processes of a sample, and the filter.
 */
#include "top_order.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "process.h"

const char *const top_key_names[TOP_KEY_COUNT] = {"used", "size", "changes", "name", "users", "age"};

const char *top_key_of_processes(top_key key) {
  static const char *const names[TOP_KEY_COUNT] = {"memory", "memory", "blocks", "command", "blocks", "pid"};

  return names[key];
}

typedef int comparison(const void *a, const void *b);

top_key top_key_of(const char *name) {
  for (unsigned i = 0; i < TOP_KEY_COUNT; i++)
    if (strcasecmp(name, top_key_names[i]) == 0)
      return (top_key)i;
  cli_usage_error("cannot sort by '%s': expected name, size, used, age, users or changes", name);
}

static int descending(uint64_t first, uint64_t second) {
  return first < second ? 1 : first > second ? -1 : 0;
}

static int block_by_name(const void *a, const void *b) {
  const top_block *first = *(const top_block *const *)a, *second = *(const top_block *const *)b;
  int order = strcmp(first->info.name, second->info.name);

  return order != 0 ? order : descending(second->info.inode, first->info.inode);
}

static int block_by_used(const void *a, const void *b) {
  const top_block *first = *(const top_block *const *)a, *second = *(const top_block *const *)b;
  int order = descending(first->info.used, second->info.used);

  return order != 0 ? order : block_by_name(a, b);
}

static int block_by_size(const void *a, const void *b) {
  const top_block *first = *(const top_block *const *)a, *second = *(const top_block *const *)b;
  int order = descending(first->info.size, second->info.size);

  return order != 0 ? order : block_by_name(a, b);
}

static uint64_t changes_of(const top_block *row) {
  return row->items == NULL || !row->items->has_changes ? 0 : row->items->changes;
}

static int block_by_changes(const void *a, const void *b) {
  const top_block *first = *(const top_block *const *)a, *second = *(const top_block *const *)b;
  int order = descending(changes_of(first), changes_of(second));

  return order != 0 ? order : block_by_used(a, b);
}

static int block_by_users(const void *a, const void *b) {
  const top_block *first = *(const top_block *const *)a, *second = *(const top_block *const *)b;
  int order = descending(first->info.user_count, second->info.user_count);

  return order != 0 ? order : block_by_used(a, b);
}

static int block_by_age(const void *a, const void *b) {
  const top_block *first = *(const top_block *const *)a, *second = *(const top_block *const *)b;

  if (first->info.age != second->info.age)
    return first->info.age < second->info.age ? 1 : -1;
  return block_by_name(a, b);
}

static int process_by_pid(const void *a, const void *b) {
  const top_process *first = *(const top_process *const *)a, *second = *(const top_process *const *)b;

  return first->pid < second->pid ? -1 : first->pid > second->pid;
}

static int process_by_memory(const void *a, const void *b) {
  const top_process *first = *(const top_process *const *)a, *second = *(const top_process *const *)b;
  int order = descending(first->memory, second->memory);

  return order != 0 ? order : process_by_pid(a, b);
}

static int process_by_blocks(const void *a, const void *b) {
  const top_process *first = *(const top_process *const *)a, *second = *(const top_process *const *)b;
  int order = descending(first->blocks, second->blocks);

  return order != 0 ? order : process_by_memory(a, b);
}

static const char *text_of(const char *text) {
  return text == NULL ? "" : text;
}

static int process_by_command(const void *a, const void *b) {
  const top_process *first = *(const top_process *const *)a, *second = *(const top_process *const *)b;
  int order = strcmp(text_of(first->command), text_of(second->command));

  return order != 0 ? order : process_by_pid(a, b);
}

/* Sorts an array of pointers. */
static void sort(const void **pointers, size_t count, comparison *compare, bool is_reversed) {
  if (count > 0)
    qsort(pointers, count, sizeof *pointers, compare);
  for (size_t i = 0; is_reversed && i < count / 2; i++) {
    const void *other = pointers[i];

    pointers[i] = pointers[count - 1 - i];
    pointers[count - 1 - i] = other;
  }
}

static bool is_shown(const top_order *order, const char *text) {
  return strcasestr(text_of(text), order->filter) != NULL;
}

static bool is_block_shown(const top_order *order, const block *info) {
  bool is_held = order->pid == 0;

  for (size_t i = 0; i < info->user_count && !is_held; i++)
    is_held = info->users[i].pid == order->pid;
  return is_held && is_shown(order, info->name);
}

const top_block **top_order_blocks(const top_order *order, const top_sample *sample, size_t *count) {
  static comparison *const comparisons[] = {block_by_used, block_by_size,  block_by_changes,
                                            block_by_name, block_by_users, block_by_age};
  const top_block **shown = cli_allocate(NULL, sample->count, sizeof(void *));

  *count = 0;
  for (size_t i = 0; i < sample->count; i++)
    if (is_block_shown(order, &sample->blocks[i].info))
      shown[(*count)++] = &sample->blocks[i];
  sort((const void **)shown, *count, comparisons[order->key], order->is_reversed);
  return shown;
}

static bool is_process_shown(const top_order *order, const top_process *process) {
  char pid[24];

  snprintf(pid, sizeof pid, "%" PRId64, process->pid);
  return is_shown(order, process->command) || is_shown(order, pid) ||
         is_shown(order, process->uid == (uid_t)-1 ? "" : process_user_name(process->uid));
}

const top_process **top_order_processes(const top_order *order, const top_processes *found, size_t *count) {
  static comparison *const comparisons[] = {process_by_memory,  process_by_memory, process_by_blocks,
                                            process_by_command, process_by_blocks, process_by_pid};
  const top_process **shown = cli_allocate(NULL, found->count, sizeof(void *));

  *count = 0;
  for (size_t i = 0; i < found->count; i++)
    if (is_process_shown(order, &found->processes[i]))
      shown[(*count)++] = &found->processes[i];
  sort((const void **)shown, *count, comparisons[order->key], order->is_reversed);
  return shown;
}
