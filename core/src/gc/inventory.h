/*
 * inventory.h - what is known at one moment of the blocks that are here: who owns each, and who uses it.
 */
#ifndef SHAREABLE__INVENTORY_H
#define SHAREABLE__INVENTORY_H

#include "gc/proc_maps.h"
#include "shareable.h"
#include "shm/lease.h"
#include "shm/ownership_log.h"

/* What a journal says of a block. */
typedef struct shareable__inventory_entry {
  uint64_t inode;
  uint64_t journal; /* its inode: the owner has it mapped */
  int64_t successor; /* that lives, or 0 */
  int64_t owner;    /* its pid, as it says itself; in its own pid namespace */
  bool is_manager;  /* as it says itself */
  bool is_dead;     /* the owner has ended, as the kernel's lock on the journal tells */
  char name[SHAREABLE__NAME_MAX + 1];
} shareable__inventory_entry;

typedef struct shareable__inventory {
  shareable__inventory_entry *claims;
  size_t count;
  bool is_whole; /* all logs could be read: what none of them claims, no process owns */
  int system;    /* ENOMEM if the claims found no room */
  shareable__proc_maps mapped;
} shareable__inventory;

typedef struct shareable__usage {
  const shareable__inventory_entry *owner; /* NULL: nobody has it recorded as owned */
  bool is_owner_unknown;                   /* then it may be in a log that this process may not read */
  const shareable__mapping *users;         /* who has it mapped, as /proc tells; each process once */
  size_t user_count;
  const shareable__mapping *unasked; /* a process that may have it mapped, but cannot be looked into; or NULL */
  bool is_unknown;                   /* /proc does not tell, or the block cannot be opened to ask for its lock */
  bool is_locked;                    /* somebody has it mapped through this library, wherever */
  shareable__use use;                /* what the kernel says; not asked if it is in use by what stands above */
} shareable__usage;

/* Visits the logs of this user; root's, those of all users. Returns 0, or an errno if some are unknown. */
int shareable__inventory_foreach_log(shareable__ownership_log_callback *visit, void *context);

/*
 * Reads all ownership logs and looks at all processes. What cannot be read is unknown, and is no failure. A block that was there
 * before this call, and still is, is one that the claims are about. E_SYSTEM or E_NO_MEMORY; else shareable__inventory_free() is due.
 */
shareable_status shareable__inventory_take(shareable__inventory *survey, shareable_error *error);
void shareable__inventory_free(shareable__inventory *survey);

/* What is known of one block; `fd` is open on it for reading only, or -1 if it cannot be opened. Takes a lease for a moment. */
shareable__usage shareable__inventory_usage_of(const shareable__inventory *survey, const char *name,
                                               const struct stat *file, int fd);

/* The claim on a block by that name: the one of a living owner, if there is one. NULL: no log names it. */
const shareable__inventory_entry *shareable__inventory_entry_of(const shareable__inventory *survey, const char *name,
                                                                uint64_t inode);

/* Whether this process may read the logs that may name the block: those of the user that it belongs to. */
bool shareable__inventory_can_read_logs_of(const char *name, const struct stat *file);

/* Whether no process uses the block: the kernel says so or, if it cannot be asked, nothing else says that one does. */
bool shareable__usage_is_none(const shareable__usage *usage);

#endif
