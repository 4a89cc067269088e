/*
 * blocks.h - reads the state of all files in /dev/shm: kind, size, users and owner.
 */
#ifndef SHAREABLE__CLI_BLOCKS_H
#define SHAREABLE__CLI_BLOCKS_H

#include "block.h"
#include "cli.h"
#include "files.h"
#include "gc/inventory.h"
#include "place.h"
#include "space.h"

typedef struct blocks {
  block *blocks; /* sorted by name; deleted blocks are last */
  size_t count;
  shareable__inventory inventory; /* all mappings and owners */
  space_sums space;               /* the memory of the file system, and of all files if all were read */
  /* For blocks.c. */
  const block_place *place;
  file_set files;                  /* all files with a name, also those in directories */
  shareable__proc_maps later_maps; /* of blocks that were opened since the inventory was taken */
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

/* Returns the message that no block can have this name. The caller frees it. */
char *blocks_name_error(const char *name);

/* Prints the message that no file has this name, or matches this pattern. */
void blocks_warn_no_match(const char *pattern);

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

#endif
