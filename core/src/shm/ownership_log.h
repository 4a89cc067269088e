/*
 * ownership_log.h - the ownership log: a file that lists the blocks of one process, for the reaper
 * that unlinks them.
 *
 * Each process that owns blocks has a log in its user's directory (owner_directory.h). It holds a
 * kernel lock (an OFD lock, fcntl(2)) on the log through a mapping that a fork's child does not
 * inherit. So every process that shares the file system finds the lock free once the owner has
 * ended for any reason, even from another pid namespace.
 *
 *   0    a header: the magic word, a successor, and the process's pid and kind
 *   512  entries of 512 bytes each
 *
 * An entry is stored before the block gets its name, so the log never lacks a block. The entry
 * identifies the block by device and inode, so that another block with the same name is not
 * mistaken for it.
 *
 * A log is used only through a descriptor of its checked directory, and only if it is a regular
 * file of the directory's user with one link and no rights for other users. It is opened for
 * reading; to lock or to extend it, also for writing. A file that cannot be read, or is not such a
 * file, is unknown: it proves nothing, and the other logs are still read.
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

/*
 * The number of the format, 1 to 9. Programs ignore logs of another format, so they do not share a
 * reaper with them either.
 */
#define SHAREABLE__OWNERSHIP_LOG_FORMAT 3
#define SHAREABLE__OWNERSHIP_LOG_MAGIC                                                                                 \
  (UINT64_C(0x306c6e6a65726873) + ((uint64_t)SHAREABLE__OWNERSHIP_LOG_FORMAT << 56)) /* "shrejnl" and the number */

/*
 * The state of an entry, which only the owner uses. MISSING is set for a moment while stale entries
 * are freed.
 */
enum { SHAREABLE__ENTRY_FREE, SHAREABLE__ENTRY_PENDING, SHAREABLE__ENTRY_PUBLISHED, SHAREABLE__ENTRY_MISSING };

typedef struct shareable__ownership_entry {
  shareable__word inode;  /* 0: the entry names no block */
  shareable__word device; /* st_dev of the block */
  char name[SHAREABLE__NAME_MAX + 1];
  uint32_t state; /* SHAREABLE__ENTRY_FREE, ... */
  uint32_t use;   /* the number of times the entry was reserved */
  unsigned char unused[232];
} shareable__ownership_entry;

/*
 * A process that keeps the blocks after their owner has ended, until that process ends too; pid 0:
 * none. A log has room for SHAREABLE__SUCCESSORS of them, in any order.
 */
enum { SHAREABLE__SUCCESSORS = 24 };
typedef struct shareable__successor {
  int64_t __attribute__((aligned(8))) pid;
  uint64_t start; /* shareable__process_start(), because a pid may be reused */
} shareable__successor;

/* The kind of process that owns a log. */
enum { SHAREABLE__OWNER_PROCESS, SHAREABLE__OWNER_MANAGER };

typedef struct shareable__ownership_log_header {
  uint64_t magic;
  uint64_t pid_namespace; /* in which the pids are valid; 0: unknown */
  int64_t pid;            /* of the owner, for messages only */
  uint32_t kind;          /* SHAREABLE__OWNER_PROCESS, ...; for messages only */
  uint32_t unused_word;
  uint64_t time_namespace; /* in which the start times are valid; 0: unknown or none */
  shareable__successor successors[SHAREABLE__SUCCESSORS];
  unsigned char unused[88];
} shareable__ownership_log_header;

_Static_assert(sizeof(shareable__ownership_entry) == 512, "in the file");
_Static_assert(sizeof(shareable__ownership_log_header) == sizeof(shareable__ownership_entry), "entries follow it");

/* A log that was opened and checked. */
typedef struct shareable__ownership_log {
  int fd; /* above 2; read-only until the log is locked */
  const shareable__owner_directory *directory;
  const char *name; /* in the directory */
  shareable__file_id id;
  uint64_t *budget; /* the number of entries that may still be read; NULL: no limit */
} shareable__ownership_log;

/*
 * Opens a log by its name in the directory, and checks it. The directory and the name must outlive
 * the log. Returns 0, EPERM if it is not a private regular file of the directory's user, or another
 * errno.
 */
int shareable__ownership_log_open(const shareable__owner_directory *directory, const char *name,
                                  shareable__ownership_log *log);
void shareable__ownership_log_close(shareable__ownership_log *log);

/*
 * Opens the same file for reading and writing. Returns a descriptor, which the caller must close,
 * or -1 with errno.
 */
int shareable__ownership_log_open_for_writing(const shareable__ownership_log *log);

/*
 * Calls `visit` with each log in the directory, and closes the log after the call. Skips files that
 * are not logs. Returns 0, or an errno if a file is unknown: it cannot be opened, or the budget is
 * used up.
 */
typedef void shareable__ownership_log_callback(shareable__ownership_log *log, void *context);
int shareable__ownership_log_foreach(const shareable__owner_directory *directory,
                                     shareable__ownership_log_callback *visit, void *context);

/*
 * Does the same for all directories of this process's effective user; if that is root, for those of
 * all users. Reads as many entries of each user as takes about a second.
 */
int shareable__ownership_log_foreach_of_users(shareable__ownership_log_callback *visit, void *context);

/* Does the same in another directory like /dev/shm, which is open for reading. */
int shareable__ownership_log_foreach_in(int shm, shareable__ownership_log_callback *visit, void *context);

/*
 * Locks a file that is open for writing. Returns false if another open file description has the
 * lock, or on an error.
 */
bool shareable__ownership_log_lock_file(int fd, bool wait);

/*
 * Opens the log for writing and locks it. Returns true if the owner has ended. If `wait`, waits
 * until the owner has ended. shareable__ownership_log_close() releases the lock.
 */
bool shareable__ownership_log_lock(shareable__ownership_log *log, bool wait);

/*
 * Returns whether the lock is free: then the owner has ended. The descriptor may be open for
 * reading only.
 */
bool shareable__ownership_log_owner_is_dead(int fd);

typedef enum shareable__tristate { SHAREABLE__NO, SHAREABLE__YES, SHAREABLE__UNKNOWN } shareable__tristate;

/* Copies the header. Returns YES if it is the header of a log, and UNKNOWN if it cannot be read. */
shareable__tristate shareable__ownership_log_read_header(int fd, shareable__ownership_log_header *header);

/*
 * Reads the entry at *index, and sets *index to the next entry that may be in use; the first is 0.
 * Returns NO past the end, and UNKNOWN if the entry cannot be read or the budget is used up. The
 * entry's name ends with NUL.
 */
shareable__tristate shareable__ownership_log_next_entry(const shareable__ownership_log *log, uint64_t *index,
                                                        shareable__ownership_entry *entry);

/* Returns whether a successor of the header is not proven to have ended. */
bool shareable__successor_is_alive(const shareable__ownership_log_header *header,
                                   const shareable__successor *successor);

/* Returns the pid of the first successor that is alive, or 0 if there is none. */
int64_t shareable__living_successor(const shareable__ownership_log_header *header);

/*
 * Returns whether the block with the entry's name is the block of the entry, and belongs to the
 * log's user. NO does not prove that the block is gone: another process may have moved it for a
 * moment (shareable__moved_find()).
 */
shareable__tristate shareable__ownership_entry_matches_block(int fd, const shareable__ownership_entry *entry);

/* Does the same for a log and a block in another directory like /dev/shm. */
shareable__tristate shareable__ownership_entry_matches_in(int shm, int fd, const shareable__ownership_entry *entry);

/*
 * Unlinks the blocks of a log that is locked, and then the log, unless a block may be left. Also
 * unlinks the socket of a killed manager (control_socket.h).
 */
void shareable__ownership_log_unlink_blocks(const shareable__ownership_log *log);

/* Returns whether all blocks of the log are gone: none has its name or is among the moved files. */
bool shareable__ownership_log_is_obsolete(const shareable__ownership_log *log, const shareable__file_set *moved);

/*
 * Locks and unlinks a file that was never filled and that no process has locked: a killed process
 * left it. Returns false if an unfilled file stays because a process is about to fill it.
 */
bool shareable__ownership_log_remove_unfilled(shareable__ownership_log *log);

/*
 * Returns whether the file was created or changed less than 0.2 seconds ago: its creator may be
 * about to lock it. After the clock was set back, no file is new.
 */
bool shareable__ownership_log_is_new(int fd);

/*
 * Unlinks the log if its name still belongs to it, and removes the directory if this was the last
 * log in it.
 */
void shareable__ownership_log_remove(const shareable__ownership_log *log);

#endif
