/*
 * blocks.h - all that is known of the blocks that are here.
 */
#ifndef SHAREABLE__CLI_BLOCKS_H
#define SHAREABLE__CLI_BLOCKS_H

#include <sys/types.h>

#include "cli.h"
#include "gc/inventory.h"

typedef enum block_kind { BLOCK_RAW, BLOCK_LIST, BLOCK_SEMAPHORE, BLOCK_UNREADABLE } block_kind;

typedef enum block_state {
  BLOCK_LIVE,     /* a process has it open or mapped, or its owner lives */
  BLOCK_UNUSED,   /* nobody does, and nobody owns it: it stays until somebody unlinks it */
  BLOCK_ORPHANED, /* its owner has ended, and nobody uses it: garbage */
  BLOCK_DELETED,  /* it has no name any more, but a process has it mapped or open */
  BLOCK_UNKNOWN   /* it cannot be told from here who uses it */
} block_state;

typedef struct block {
  char *name;
  uint64_t inode;
  block_kind kind;
  block_state state;
  size_t items; /* of a list */
  bool is_synced;
  uint64_t size, used; /* in bytes; used: of memory, as the file system counts it */
  size_t user_count;
  const shareable__mapping *users;
  bool has_other_users;  /* that cannot be seen from here */
  int64_t unasked;       /* a process that may use it, but cannot be looked into; or 0 */
  bool is_owner_unknown; /* the logs that may name its owner cannot be read */
  int64_t owner;         /* a process; 0: no process owns it; -1: it has ended, or cannot be seen from here */
  int64_t age;           /* in seconds */
  uid_t uid;
  mode_t mode; /* the permission bits */
} block;

typedef struct blocks {
  block *all;
  size_t count;
  shareable__inventory survey;
} blocks;

/*
 * Looks at all blocks, or at those that are named: by name, and then the deleted ones. A file whose name begins with a dot
 * is a block only if it is named here or an ownership log has it. Reports those that are not there,
 * and returns false then.
 */
bool blocks_read(blocks *to, char *const *names, size_t count);
void blocks_free(blocks *of);

/* The memory of all of them; that of a block with several names counts once. */
uint64_t blocks_used(const blocks *of);

const char *block_kind_name(block_kind kind);
const char *block_state_name(block_state state);

#endif
