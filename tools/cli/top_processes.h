/*
 * top_processes.h - the processes that have blocks mapped or open, and the memory of these blocks.
 */
#ifndef SHAREABLE__CLI_TOP_PROCESSES_H
#define SHAREABLE__CLI_TOP_PROCESSES_H

#include "top_sample.h"

typedef struct top_process {
  int64_t pid;
  uint64_t memory; /* of the blocks, in bytes; a block of several processes counts for each */
  size_t blocks;
  const char *command; /* valid until the next sample; NULL if the process has ended */
  uid_t uid;
} top_process;

typedef struct top_processes {
  top_process *processes; /* sorted by pid */
  size_t count;
} top_processes;

/* Replaces the processes by those of the sample. Initialize to zeros before the first call. */
void top_processes_read(top_processes *found, const top_sample *sample);
void top_processes_free(top_processes *found);

/* Returns the process with that pid, or NULL. */
const top_process *top_processes_find(const top_processes *found, int64_t pid);

#endif
