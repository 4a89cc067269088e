/*
 * mapped.h - which files of shared memory processes have mapped, as /proc tells: also those that hold no lock on them.
 */
#ifndef SHAREABLE__MAPPED_H
#define SHAREABLE__MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

/* A file that a process has mapped; or, with inode 0, a process of that user that cannot be looked into. */
typedef struct shareable__mapping {
  uint64_t inode;
  uint64_t size; /* of the memory that is mapped */
  int64_t pid;
  uid_t user;
  char *name; /* of a file that was unlinked: the one that it had; else NULL */
} shareable__mapping;

typedef struct shareable__mapped {
  shareable__mapping *all; /* by inode, and then by pid */
  size_t count;
  bool is_whole; /* else /proc could not be read, or there was no memory for what it says */
} shareable__mapped;

/* Looks at every process now, for files on that device. */
shareable__mapped shareable__mapped_find(dev_t device);
void shareable__mapped_free(shareable__mapped *mapped);

/* The two steps of that: takes in what the maps of one process say, and then puts all in order. */
void shareable__mapped_read(shareable__mapped *mapped, FILE *maps, dev_t device, int64_t pid);
void shareable__mapped_sort(shareable__mapped *mapped);

/* The processes that have the file mapped, `*count` in a row. */
const shareable__mapping *shareable__mapped_users(const shareable__mapped *mapped, uint64_t inode, size_t *count);

/* A process that may have the file mapped and cannot be looked into; NULL: there is none. */
const shareable__mapping *shareable__mapped_unasked(const shareable__mapped *mapped, const struct stat *file);

#endif
