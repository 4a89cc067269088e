/*
 * blocks.h - reads the state of all blocks: kind, size, users and owner.
 */
#ifndef SHAREABLE__CLI_BLOCKS_H
#define SHAREABLE__CLI_BLOCKS_H

#include <sys/types.h>

#include "cli.h"
#include "gc/inventory.h"

typedef enum block_kind { BLOCK_RAW, BLOCK_LIST, BLOCK_SEMAPHORE, BLOCK_UNREADABLE } block_kind;

typedef enum block_state {
  BLOCK_LIVE,     /* a process has it open or mapped, or its owner is alive */
  BLOCK_UNUSED,   /* no process uses it or owns it: it stays until it is unlinked */
  BLOCK_ORPHANED, /* its owner is dead, and no process uses it: garbage */
  BLOCK_DELETED,  /* it no longer has a name, but a process has it mapped or open */
  BLOCK_UNKNOWN   /* this process cannot find out whether it is in use */
} block_state;

typedef struct block {
  char *name;
  uint64_t inode;
  block_kind kind;
  block_state state;
  size_t items; /* of a list */
  bool has_sync_area;
  uint64_t size, used; /* in bytes; used: the memory that the file system has allocated */
  size_t user_count;
  const shareable__mapping *users;
  bool has_other_users;   /* that this process cannot see */
  int64_t unreadable_pid; /* a process that may use it but cannot be inspected; or 0 */
  bool is_owner_unknown;  /* the ownership logs that may list it cannot be read */
  int64_t owner;          /* its pid; 0: no process owns it; -1: it is dead, or not visible */
  int64_t age;            /* in seconds */
  uid_t uid;
  mode_t mode; /* the permission bits */
} block;

typedef struct blocks {
  block *blocks;
  size_t count;
  shareable__inventory inventory;
} blocks;

/*
 * Reads all blocks, or the named ones, sorted by name; deleted blocks are last. A file whose name
 * begins with a dot is read only if it is named, or if an ownership log lists it. Prints a message
 * for each named block that does not exist, and then returns false.
 */
bool blocks_read(blocks *found, char *const *names, size_t count);
void blocks_free(blocks *found);

/* Returns the memory that they use. A block with several names counts once. */
uint64_t blocks_used(const blocks *found);

const char *block_kind_name(block_kind kind);
const char *block_state_name(block_state state);

#endif
