/*
 * top_processes.c - the processes that have blocks mapped or open, and the memory of these blocks.
 */
#include "top_processes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "process.h"

/* A block that a process has mapped or open. */
typedef struct holding {
  int64_t pid;
  uint64_t inode, used;
} holding;

typedef struct holdings {
  holding *holdings;
  size_t count;
} holdings;

static int by_pid_and_inode(const void *a, const void *b) {
  const holding *first = a, *second = b;

  if (first->pid != second->pid)
    return first->pid < second->pid ? -1 : 1;
  return first->inode < second->inode ? -1 : first->inode > second->inode;
}

static int by_pid(const void *a, const void *b) {
  int64_t first = ((const top_process *)a)->pid, second = ((const top_process *)b)->pid;

  return first < second ? -1 : first > second;
}

static void add_holding(holdings *all, holding added) {
  if (all->count % 64 == 0)
    all->holdings = cli_allocate(all->holdings, all->count + 64, sizeof *all->holdings);
  all->holdings[all->count++] = added;
}

/* Returns what all processes hold, sorted by process. */
static holdings read_holdings(const top_sample *sample) {
  holdings all = {0};

  for (size_t i = 0; i < sample->count; i++) {
    const block *info = &sample->blocks[i].info;

    for (size_t j = 0; j < info->user_count; j++)
      add_holding(&all, (holding){info->users[j].pid, info->users[j].inode, info->used});
  }
  if (all.count > 0)
    qsort(all.holdings, all.count, sizeof *all.holdings, by_pid_and_inode);
  return all;
}

const top_process *top_processes_find(const top_processes *found, int64_t pid) {
  const top_process key = {.pid = pid};

  return found->count == 0 ? NULL : bsearch(&key, found->processes, found->count, sizeof key, by_pid);
}

static uid_t user_of(int64_t pid) {
  char path[40];
  struct stat file;

  snprintf(path, sizeof path, "/proc/%" PRId64, pid);
  return stat(path, &file) == 0 ? file.st_uid : (uid_t)-1;
}

static top_process *add(top_processes *found, int64_t pid) {
  if (found->count % 64 == 0)
    found->processes = cli_allocate(found->processes, found->count + 64, sizeof *found->processes);
  found->processes[found->count] = (top_process){.pid = pid};
  return &found->processes[found->count++];
}

/* The user is read together with the users of blocks, and kept as long. */
static void describe(top_process *process, const top_processes *before, bool is_current) {
  const top_process *old = is_current ? NULL : top_processes_find(before, process->pid);

  process->command = process_command_once(process->pid);
  process->uid = old == NULL ? user_of(process->pid) : old->uid;
}

void top_processes_read(top_processes *found, const top_sample *sample) {
  holdings all = read_holdings(sample);
  top_processes now = {0};

  for (size_t i = 0; i < all.count; i++) {
    const holding *each = &all.holdings[i];

    if (i > 0 && by_pid_and_inode(each, each - 1) == 0)
      continue; /* a block with several names */
    if (i == 0 || each->pid != each[-1].pid)
      describe(add(&now, each->pid), found, sample->has_users);
    now.processes[now.count - 1].memory += each->used;
    now.processes[now.count - 1].blocks++;
  }
  free(all.holdings);
  top_processes_free(found);
  *found = now;
}

void top_processes_free(top_processes *found) {
  free(found->processes);
}
