/*
 * owner_file.h - the ownership log that this process writes: creating its file, growing it, and
 * finding free entries.
 *
 * ownership_log.h describes the file, and contains what other processes do with it. All calls
 * happen under the fork lock.
 */
#ifndef SHAREABLE__OWNER_FILE_H
#define SHAREABLE__OWNER_FILE_H

#include "shm/ownership_log.h"

/* A log grows by chunks, each twice as large as the one before. */
enum { SHAREABLE__OWNER_FILE_CHUNKS = 19 };

typedef struct shareable__owner_file_chunk {
  unsigned char *base; /* mapped */
  size_t size;
} shareable__owner_file_chunk;

typedef struct shareable__owner_file {
  shareable__owner_file_chunk chunks[SHAREABLE__OWNER_FILE_CHUNKS];
  unsigned count; /* of chunks; 0: there is no log yet */
  size_t next;    /* the index at which the search for a free entry starts */
  shareable__file_id id;
  char directory[sizeof((shareable__owner_directory *)NULL)->name];
  char name[17];
} shareable__owner_file;

/* What the header states about the owner, besides its pid. */
typedef struct shareable__owner_facts {
  shareable__successor successors[SHAREABLE__SUCCESSORS];
  uint64_t time_namespace; /* in which the start times are valid */
  uint32_t kind;           /* SHAREABLE__OWNER_PROCESS, ... */
} shareable__owner_facts;

/* Creates the log and locks it. Returns 0 or an errno. */
int shareable__owner_file_create(shareable__owner_file *file, const shareable__owner_facts *facts);

/* Unlinks the log and unmaps it. */
void shareable__owner_file_remove(shareable__owner_file *file);

/*
 * Unlinks the log if it lists no block that exists. It remains mapped and locked, so that its reaper
 * waits for the end of the process. Returns whether it was unlinked.
 */
bool shareable__owner_file_unlink_unused(shareable__owner_file *file);

void shareable__owner_file_set_successors(const shareable__owner_file *file, const shareable__owner_facts *facts);
void shareable__owner_file_set_kind(const shareable__owner_file *file, uint32_t kind);

/*
 * Finds a free entry, and makes it pending. If there is none, frees the entries of blocks that are
 * gone, and otherwise makes the log grow. Returns 0 or an errno.
 */
int shareable__owner_file_reserve(shareable__owner_file *file, shareable__ownership_entry **entry);

void shareable__owner_file_free_entry(shareable__ownership_entry *entry);

/* Returns the size in bytes that a log of `count` chunks needs to grow by another one. */
size_t shareable__owner_file_grown_size(unsigned count);

#endif
