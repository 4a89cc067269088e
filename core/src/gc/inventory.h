/*
 * inventory.h - a snapshot of all blocks: the owner of each block, and the processes that use it.
 */
#ifndef SHAREABLE__INVENTORY_H
#define SHAREABLE__INVENTORY_H

#include "gc/proc_maps.h"
#include "shareable.h"
#include "shm/lease.h"
#include "shm/ownership_log.h"

/* An entry of an ownership log, with what the log's header states about the owner. */
typedef struct shareable__inventory_entry {
  uint64_t inode;
  uint64_t log_inode; /* the owner has the log mapped */
  int64_t successor;  /* its pid, if it is alive; otherwise 0 */
  int64_t owner;      /* its pid in its own pid namespace, as its log states it */
  bool is_manager;    /* as its log states it */
  bool is_dead;       /* the owner has ended: the kernel lock on the log is free */
  char name[SHAREABLE__NAME_MAX + 1];
} shareable__inventory_entry;

typedef struct shareable__inventory {
  shareable__inventory_entry *entries;
  size_t count;
  bool is_complete; /* all logs could be read: a block without an entry has no owner */
  int errnum;       /* ENOMEM if there was no memory for an entry */
  int directory;    /* the directory, if it is not this process's /dev/shm; otherwise -1 */
  shareable__proc_maps maps;
} shareable__inventory;

typedef struct shareable__usage {
  const shareable__inventory_entry *owner; /* NULL: no log that was read records it */
  bool is_owner_unknown;                   /* an unreadable log may record the block */
  const shareable__mapping *users;         /* that /proc shows; each process once */
  size_t user_count;
  const shareable__mapping *unreadable; /* may have mapped the block; or NULL */
  bool is_unknown;                      /* /proc or the block cannot be read */
  bool is_locked;                       /* a process has mapped it by this library */
  shareable__use use;                   /* as the kernel knows it; unknown if a user was found before */
} shareable__usage;

/*
 * Calls `visit` with this user's logs; with all users' logs if this user is root. Returns 0, or an
 * errno if some are unknown.
 */
int shareable__inventory_foreach_log(shareable__ownership_log_callback *visit, void *context);

/*
 * Reads all ownership logs and checks all processes. What cannot be read is unknown, and is not a
 * failure. The entries are valid for blocks that existed before this call and still exist. Returns
 * E_SYSTEM or E_NO_MEMORY; otherwise the caller must call shareable__inventory_free().
 */
shareable_status shareable__inventory_take(shareable__inventory *inventory, shareable_error *error);

/*
 * Does the same for another directory like /dev/shm, such as that of another mount namespace. The
 * descriptor must be open for reading until shareable__inventory_free() is called.
 */
shareable_status shareable__inventory_take_in(shareable__inventory *inventory, int directory, shareable_error *error);
void shareable__inventory_free(shareable__inventory *inventory);

/*
 * Returns what is known of one block. `fd` is open on it for reading only, or -1 if the block
 * cannot be opened. Takes a lease for a moment.
 */
shareable__usage shareable__inventory_usage_of(const shareable__inventory *inventory, const char *name,
                                               const struct stat *file, int fd);

/*
 * Returns the entry of that block, of a living owner if there is one. Returns NULL if no log names
 * the block.
 */
const shareable__inventory_entry *shareable__inventory_entry_of(const shareable__inventory *inventory, const char *name,
                                                                uint64_t inode);

/*
 * Returns whether this process may read the logs that may name the block: those of the block's
 * user.
 */
bool shareable__inventory_can_read_logs_of(const char *name, const struct stat *file);

/*
 * Returns whether no process uses the block, as the kernel knows it or, if the kernel cannot
 * answer, as /proc shows it.
 */
bool shareable__usage_is_none(const shareable__usage *usage);

#endif
