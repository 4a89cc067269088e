/*
 * files.h - a set of files, with the size of each and the memory that it uses.
 */
#ifndef SHAREABLE__CLI_FILES_H
#define SHAREABLE__CLI_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct file_entry {
  uint64_t inode;
  uint64_t size, used; /* in bytes */
} file_entry;

typedef struct file_set {
  file_entry *entries;
  size_t count, places;
} file_set;

void files_add(file_set *set, file_entry entry);
void files_add_all(file_set *set, const file_set *others);

/* Sorts the files by inode, and removes duplicates: a file with several links counts once. */
void files_sort(file_set *set);

/* These need a sorted set. */
bool files_has(const file_set *set, uint64_t inode);
uint64_t files_size(const file_set *set);
uint64_t files_used(const file_set *set);

void files_free(file_set *set);

#endif
