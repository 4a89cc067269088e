/*
 * blocks.h - reads the state of all files in /dev/shm: kind, size, users and owner.
 */
#ifndef SHAREABLE__CLI_BLOCKS_H
#define SHAREABLE__CLI_BLOCKS_H

#include <sys/types.h>

#include "cli.h"
#include "files.h"
#include "gc/inventory.h"
#include "kind.h"
#include "place.h"
#include "space.h"

typedef enum block_state {
  BLOCK_USED,     /* a process has it mapped, or its owner is alive */
  BLOCK_OPEN,     /* a process has it open, but none has it mapped */
  BLOCK_ORPHANED, /* its owner is dead, and no process uses it: garbage */
  BLOCK_UNOWNED,  /* no process uses it or owns it: it stays until it is unlinked */
  BLOCK_DELETED,  /* it no longer has a name, but a process has it mapped or open */
  BLOCK_UNKNOWN,  /* this process cannot find out whether it is in use; see `reason` */
  BLOCK_STATES
} block_state;

typedef struct block {
  char *name;
  uint64_t inode;
  block_kind kind;
  block_state state;
  char *reason; /* why the state is unknown, or what this process cannot see; or NULL */
  /*
   * gc removes it if it is garbage. False for other files: a file whose name begins with a dot and
   * that no ownership log lists, and a file that is not regular.
   */
  bool is_block;
  list_properties list; /* of a list */
  /*
   * In bytes; used: the memory that the file system has allocated. Those of a directory are the sums
   * of all files in it.
   */
  uint64_t size, used;
  bool is_used_unknown; /* the size of memory without a name counts as used */
  /* The processes that have it mapped or open; of a directory, those that use a file in it. */
  size_t user_count;
  const shareable__mapping *users;
  shareable__mapping *own_users; /* the same array if it belongs to the block, or NULL */
  bool has_other_users;          /* that this process cannot see */
  bool is_refused;               /* only the lease shows that it is in use: perhaps for a moment */
  int64_t unreadable_pid;        /* a process that may use it but cannot be inspected; or 0 */
  bool is_owner_unknown;         /* the ownership logs that may list it cannot be read */
  int64_t owner;                 /* its pid; 0: no process owns it; -1: it is dead, or not visible */
  int64_t age;                   /* in seconds; -1 if it has no name */
  bool is_user_unknown;
  uid_t uid;   /* the user that owns the file */
  mode_t mode; /* the permission bits */
} block;

typedef struct blocks {
  block *blocks; /* sorted by name; deleted blocks are last */
  size_t count;
  shareable__inventory inventory; /* all mappings and owners */
  space_sums space;               /* the memory of the file system, and of all files if all were read */
  /* For blocks.c. */
  const block_place *place;
  file_set files; /* all files with a name, also those in directories */
} blocks;

/*
 * Reads all files in /dev/shm (count 0), or the named ones. Use is_block to find the blocks among
 * them. Prints a message for each named file that does not exist, and then returns false. A file
 * that is removed while this runs may be missing. The caller must call blocks_free().
 */
bool blocks_read(blocks *found, char *const *names, size_t count);

/*
 * Does the same in another place, which must be open until blocks_free() is called. A name may be a
 * pattern, as in glob(7), unless a file has exactly that name. A pattern matches deleted blocks too.
 */
bool blocks_read_in(blocks *found, const block_place *place, char *const *names, size_t count);
void blocks_free(blocks *found);

/*
 * Finds the memory that no file explains, after blocks_read_in() has read all files: sets
 * space.is_settled and space.not_visible. May read the files and processes several times.
 */
void blocks_add_up(blocks *found);

/*
 * Returns the memory that the blocks use, without that of other files. A block with several names
 * counts once.
 */
uint64_t blocks_used(const blocks *found);

const char *block_state_name(block_state state);

/* Releases the memory of a row, for code that removes rows. */
void block_free(block *info);

#endif
