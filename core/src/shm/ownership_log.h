/*
 * ownership_log.h - the ownership log: which blocks a process owns, in a file beside the blocks, for the cleaner after its end.
 *
 * Each process that owns blocks has a log of its own in a directory of its user's (owner_directory.h). It holds a kernel lock
 * (fcntl(2), of the open file description) on the log by a mapping that a fork's child does not get. So the lock is free when
 * the process has ended, however it ended, for every process that shares the file system, whatever its pid namespace.
 *
 *   0    a head: the magic word, an heir (shareable__successor), and which process it is
 *   512  records of 512 bytes each
 *
 * A record is stored before the block has its name, so no block is ever missing from the log. It identifies the block by device
 * and inode, so that another block that has taken the name is not mistaken for it.
 *
 * A log is used only through a descriptor of its checked directory, and only if it is a regular file of the directory's user,
 * with one link, and closed to all other users. It is opened for reading; only to lock or to extend it, for writing too. What
 * cannot be read, or is not such a file, is unknown: it proves nothing, and the other logs are still read.
 */
#ifndef SHAREABLE__OWNERSHIP_LOG_H
#define SHAREABLE__OWNERSHIP_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/descriptor.h"
#include "base/file_set.h"
#include "base/process.h"
#include "shm/name.h"
#include "shm/owner_directory.h"

#define SHAREABLE__OWNERSHIP_LOG_MAGIC UINT64_C(0x326c6e6a65726873) /* "shrejnl2" on a little-endian machine */

/* What only the owner itself uses: whether the block has its name yet. MISSED: for a moment, while unused records are freed. */
enum { SHAREABLE__ENTRY_FREE, SHAREABLE__ENTRY_PENDING, SHAREABLE__ENTRY_PUBLISHED, SHAREABLE__ENTRY_MISSING };

typedef struct shareable__ownership_entry {
  shareable__word inode;  /* 0: the record names no block */
  shareable__word device; /* st_dev of the block */
  char name[SHAREABLE__NAME_MAX + 1];
  uint32_t state; /* SHAREABLE__ENTRY_FREE, ... */
  uint32_t use;   /* counts how often the record was claimed */
  unsigned char unused[232];
} shareable__ownership_entry;

/* A process that the blocks go to when their owner has ended, as long as that process lives; pid 0: none. */
typedef struct shareable__successor {
  int64_t __attribute__((aligned(8))) pid;
  uint64_t start; /* field 22 of /proc/PID/stat, because a pid may be used again; or SHAREABLE__START_UNKNOWN */
} shareable__successor;

/* What kind of process a log is of. */
enum { SHAREABLE__OWNER_PROCESS, SHAREABLE__OWNER_MANAGER };

typedef struct shareable__ownership_log_header {
  uint64_t magic;
  shareable__successor successor;
  uint64_t pid_namespace; /* in which the pids are valid: its inode; 0: unknown */
  int64_t pid;            /* the owner, for messages only */
  uint32_t kind;          /* SHAREABLE__OWNER_PROCESS, ...; for messages only */
  uint32_t unused_word;
  uint64_t time_namespace; /* in which the heir's start is valid: its inode; 0: unknown, or the system has none */
  unsigned char unused[456];
} shareable__ownership_log_header;

_Static_assert(sizeof(shareable__ownership_entry) == 512, "in the file");
_Static_assert(sizeof(shareable__ownership_log_header) == sizeof(shareable__ownership_entry),
               "so that records follow it");

/* A log that was opened and checked. */
typedef struct shareable__ownership_log {
  int fd; /* above 2; read-only until the log is locked */
  const shareable__owner_directory *directory;
  const char *name; /* in the directory */
  shareable__file_id id;
  uint64_t *budget; /* how many records may still be read; NULL: any number */
} shareable__ownership_log;

/*
 * Opens a log by its name in the directory, and checks it. Both must outlive the log. Returns 0, EPERM if it is not a private
 * regular file of the directory's user, or another errno.
 */
int shareable__ownership_log_open(const shareable__owner_directory *directory, const char *name,
                                  shareable__ownership_log *log);
void shareable__ownership_log_close(shareable__ownership_log *log);

/* Opens the same file for reading and writing. Returns a descriptor, which the caller closes; or -1 with errno. */
int shareable__ownership_log_open_for_writing(const shareable__ownership_log *log);

/*
 * Calls `visit` with each log in the directory. The log is closed after the call. What is not a log's file is passed over. Returns
 * 0, or an errno if something there is unknown: it cannot be opened, or is not read because the budget is used up.
 */
typedef void shareable__ownership_log_callback(shareable__ownership_log *log, void *context);
int shareable__ownership_log_foreach(const shareable__owner_directory *directory,
                                     shareable__ownership_log_callback *visit, void *context);

/*
 * The same for all directories of this process's effective user; for root, those of all users. Of each user only so much is
 * read as takes about a second.
 */
int shareable__ownership_log_foreach_of_users(shareable__ownership_log_callback *visit, void *context);

/* Locks the file that a descriptor for writing refers to. Returns false if another description has the lock, or on an error. */
bool shareable__ownership_log_lock_file(int fd, bool wait);

/*
 * Opens the log for writing and locks it: true if the owner has ended. With `wait`, waits until it has. The lock is released by
 * shareable__ownership_log_close().
 */
bool shareable__ownership_log_lock(shareable__ownership_log *log, bool wait);

/* Whether the lock is free, so that the owner has ended. A descriptor for reading is enough. */
bool shareable__ownership_log_owner_is_dead(int fd);

/* The answer to a question that the system may not answer. */
typedef enum shareable__tristate { SHAREABLE__NO, SHAREABLE__YES, SHAREABLE__UNKNOWN } shareable__tristate;

/* Whether the file has the head of a log; copies it. */
shareable__tristate shareable__ownership_log_read_header(int fd, shareable__ownership_log_header *head);

/*
 * Reads the record at *at, which counts from 0, and sets *at to the next one that may be in use. Returns NO past the end, and
 * UNTOLD if the record cannot be read or the budget is used up. The record's name ends in NUL.
 */
shareable__tristate shareable__ownership_log_next_entry(const shareable__ownership_log *log, uint64_t *at,
                                                        shareable__ownership_entry *record);

/* Whether there is an heir, and it is not proven that it has ended. */
bool shareable__successor_is_alive(const shareable__ownership_log_header *head);

/*
 * Whether the block with that name is the one of the record, and of the log's user. NO does not take_liveness_lock that the block is gone:
 * another process may have moved it for a moment (shareable__moved_find()).
 */
shareable__tristate shareable__ownership_entry_matches_block(int fd, const shareable__ownership_entry *record);

/* Unlinks the blocks of a log that was locked, and then the log, unless a block may be left. */
void shareable__ownership_log_unlink_blocks(const shareable__ownership_log *log);

/* Whether no block of the log has its name, or is among the files that are moved. */
bool shareable__ownership_log_is_obsolete(const shareable__ownership_log *log, const shareable__file_set *moved);

/*
 * Locks the file and unlinks it, if it was never filled and no process has it locked: a killed process has left it. Returns false if
 * such a file stays, because a process is about to fill it.
 */
bool shareable__ownership_log_remove_unfilled(shareable__ownership_log *log);

/* Unlinks the log, if its name still stands for it; and the directory with the last log in it. */
void shareable__ownership_log_remove(const shareable__ownership_log *log);

#endif
