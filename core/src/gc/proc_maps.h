/*
 * proc_maps.h - which files of shared memory processes have mapped or open, as /proc shows it: also those that hold no lock on them.
 *
 * This names the users of a block. It proves nothing about processes that /proc does not show (lease.h).
 */
#ifndef SHAREABLE__PROC_MAPS_H
#define SHAREABLE__PROC_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

/* A file that a process has mapped or open; or, with inode 0, a process of that user that cannot be looked into. */
typedef struct shareable__mapping {
  uint64_t inode;
  uint64_t size; /* in bytes: of the memory that is mapped or, if none is, of the open file */
  uint64_t used; /* of an open file: the memory that it takes, in bytes; else 0 */
  int64_t pid;
  uid_t user;
  char *name; /* of a file that was unlinked: the one that it had; else NULL */
  bool is_mapped;
  bool is_open;  /* by a descriptor */
  bool is_named; /* the open file has a name now, whatever `name` says; false if it is only mapped */
} shareable__mapping;

typedef struct shareable__proc_maps {
  shareable__mapping *all; /* by inode, and then by pid */
  size_t count;
  bool is_whole; /* else /proc could not be read, or there was no memory for what it says */
} shareable__proc_maps;

/* Looks at every process now, for files on that device. */
shareable__proc_maps shareable__proc_maps_read_all(dev_t device);
void shareable__proc_maps_free(shareable__proc_maps *mapped);

/* The two steps of that: takes in what the maps of one process say, and then puts all in order. Returns the lines there. */
size_t shareable__proc_maps_read(shareable__proc_maps *mapped, FILE *maps, dev_t device, int64_t pid);
void shareable__proc_maps_sort(shareable__proc_maps *mapped);

/* The processes that have the file mapped or open, `*count` in a row. */
const shareable__mapping *shareable__proc_maps_users(const shareable__proc_maps *mapped, uint64_t inode, size_t *count);

/* A process that may use the file and cannot be looked into; NULL: there is none. */
const shareable__mapping *shareable__proc_maps_unreadable(const shareable__proc_maps *mapped, const struct stat *file);

#endif
