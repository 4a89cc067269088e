/*
 * block.h - what is known of one file in /dev/shm: kind, size, users, owner and state.
 */
#ifndef SHAREABLE__CLI_BLOCK_H
#define SHAREABLE__CLI_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "files.h"
#include "gc/inventory.h"
#include "kind.h"
#include "unnamed.h"

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
  char *reason; /* why the state is unknown, or what this process cannot see; or NULL */
  uint64_t inode;
  /*
   * In bytes; used: the memory that the file system has allocated. Those of a directory are the sums
   * of all files in it.
   */
  uint64_t size, used;
  /* The processes that have it mapped or open; of a directory, those that use a file in it. */
  size_t user_count;
  const shareable__mapping *users;
  shareable__mapping *own_users; /* the same array if it belongs to the block, or NULL */
  int64_t unreadable_pid;        /* a process that may use it but cannot be inspected; or 0 */
  int64_t owner;                 /* its pid; 0: no process owns it; -1: dead, or not visible */
  int64_t age;                   /* in seconds; -1 if it has no name */
  list_properties list;          /* of a list */
  shareable_array *array;        /* of an array, without memory; or NULL */
  block_kind kind;
  block_state state;
  uid_t uid;   /* the user that owns the file */
  mode_t mode; /* the permission bits */
  /*
   * gc removes it if it is garbage. False for other files: a file whose name begins with a dot and
   * that no ownership log lists, and a file that is not regular.
   */
  bool is_block;
  bool is_used_unknown;  /* the size of memory without a name counts as used */
  bool has_other_users;  /* that this process cannot see */
  bool is_refused;       /* only a lease shows that it is in use: perhaps for a moment */
  bool is_owner_dead;    /* and transferred the block to no other process */
  bool is_owner_unknown; /* the ownership logs that may list it cannot be read */
  bool is_user_unknown;
} block;

const char *block_state_name(block_state state);

/*
 * Returns whether no user is known, but processes that this one cannot see use the block or may use
 * it.
 */
bool block_has_unseen_users(const block *info);

/* These fill a block whose bytes are 0: from a file with a name, or from one without. */
void block_set_file(block *info, const char *name, const struct statx *file);
void block_set_unnamed(block *info, const unnamed_file *file);

/*
 * Sets the users, the owner and the state of a regular file; may be called again. `errnum` is that
 * of opening the file, or 0.
 */
void block_set_usage(block *info, const shareable__inventory *inventory, const shareable__usage *usage, int errnum);

/* Sets the users of a directory: the processes that use the files in it, each once. */
void block_set_users_in(block *info, const shareable__inventory *inventory, const file_set *inside);

/* Sets the state of another file from its users. is_complete is false for an unreadable directory. */
void block_set_other_state(block *info, const shareable__inventory *inventory, const struct stat *file,
                           bool is_complete);

/* Releases the memory that the block refers to. */
void block_free(block *info);

#endif
