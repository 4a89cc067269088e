/*
 * proc_maps.h - the files of shared memory that processes have mapped or open, as /proc shows it.
 *
 * These processes need not hold a lock on the files. /proc names the users of a block, but proves
 * nothing about processes that it does not show (lease.h).
 */
#ifndef SHAREABLE__PROC_MAPS_H
#define SHAREABLE__PROC_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

/*
 * A file that a process has mapped or open. An entry with inode 0 is a process of that user whose
 * files cannot be read.
 */
typedef struct shareable__mapping {
  uint64_t inode;
  uint64_t size;       /* of the mapped memory or, if none is mapped, of the open file, in bytes */
  uint64_t used;       /* the memory that an open file takes, in bytes; 0 if it is only mapped */
  uint64_t start, end; /* a mapped part of the process's memory: its file in /proc/PID/map_files */
  int64_t pid;
  uid_t user; /* that owns the open file, or the process whose files cannot be read */
  char *name; /* the name that an unlinked file had; NULL if the file has a name */
  bool is_mapped;
  bool is_open;  /* by a descriptor */
  bool is_named; /* the open file has a name now; false if it is only mapped */
} shareable__mapping;

typedef struct shareable__proc_maps {
  shareable__mapping *mappings; /* sorted by inode, then by pid */
  size_t count;
  bool is_complete; /* false if /proc could not be read, or memory was short */
} shareable__proc_maps;

/* Finds the files on that device which the processes have mapped or open now. */
shareable__proc_maps shareable__proc_maps_read_all(dev_t device);
void shareable__proc_maps_free(shareable__proc_maps *maps);

/*
 * The two steps of shareable__proc_maps_read_all(): adds the mappings of one process, and sorts all
 * of them. The first returns the number of lines in the process's maps file.
 */
size_t shareable__proc_maps_read(shareable__proc_maps *maps, FILE *file, dev_t device, int64_t pid);
void shareable__proc_maps_sort(shareable__proc_maps *maps);

/* Returns the first of the `*count` processes that have the file mapped or open. */
const shareable__mapping *shareable__proc_maps_users(const shareable__proc_maps *maps, uint64_t inode, size_t *count);

/*
 * Returns a process that may use the file, and whose files cannot be read; NULL if there is none.
 */
const shareable__mapping *shareable__proc_maps_unreadable(const shareable__proc_maps *maps, const struct stat *file);

#endif
