/*
 * unlink.c - removes the name of one block, even if another block may take the name at the same
 * time.
 */
#include "shm/unlink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/rename.h"
#include "shm/moved.h"
#include "shm/name.h"
#include "shm/segment.h"

#define SHM SHAREABLE__DIRECTORY "/"

enum { TRIES = 100 };

/*
 * Results besides 0 and an errno. RETRY: check the name again. NOT_RETURNED: another block was
 * moved, and cannot be moved back. OTHER_BLOCK: the name belongs to another block.
 */
enum { RETRY = -1, NOT_RETURNED = -2, OTHER_BLOCK = -3 };

typedef struct block_removal {
  const shareable__file_id *block;
  const char *name;
  char path[sizeof SHM + SHAREABLE__NAME_MAX]; /* of the name */
  bool was_recovered;                          /* by another process */
  shareable__moved_path moved;
} block_removal;

static int move_out(const block_removal *removal) {
  int errnum = shareable__rename_to_new(removal->path, removal->moved.text);

  if (errnum != ENOSYS)
    return errnum;
  return rename(removal->path, removal->moved.text) == 0 ? 0 : errno;
}

static bool is_block(const block_removal *removal, const struct stat *file) {
  return file->st_dev == removal->block->device && file->st_ino == removal->block->inode;
}

static int move_back(const block_removal *removal) {
  return shareable__moved_return(removal->moved.text, removal->path);
}

/*
 * Another process that recovers moved files may have unlinked or returned the file first: then it
 * is not there.
 */
static int unlink_or_return(block_removal *removal) {
  struct stat file;
  int errnum = lstat(removal->moved.text, &file) == 0 ? 0 : errno;

  if (errnum == 0 && !is_block(removal, &file)) {
    errnum = move_back(removal);
    return errnum == 0 || errnum == ENOENT ? RETRY : NOT_RETURNED;
  }
  removal->was_recovered = errnum == ENOENT;
  if (removal->was_recovered)
    return RETRY;
  if (errnum == 0 && (unlink(removal->moved.text) == 0 || errno == ENOENT))
    return 0;
  if (errnum == 0)
    errnum = errno;
  move_back(removal);
  return errnum;
}

static int move_and_unlink(block_removal *removal) {
  int errnum = shareable__moved_make_path(removal->block->inode, removal->name, &removal->moved);

  if (errnum != 0)
    return errnum;
  errnum = move_out(removal);
  if (errnum == 0)
    errnum = unlink_or_return(removal);
  if (errnum != NOT_RETURNED)
    shareable__moved_remove_link(removal->moved.text);
  return errnum == ENOENT ? RETRY : errnum; /* the name is gone */
}

static shareable_status fail_gone(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "block '%s' is already gone", name);
}

static shareable_status fail_other_block(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT,
                         "block '%s' is already gone: its name belongs to another block now, which is kept", name);
}

static shareable_status fail(const block_removal *removal, int errnum, shareable_error *error) {
  if (errnum == ENOENT)
    return fail_gone(error, removal->name);
  if (errnum == OTHER_BLOCK)
    return fail_other_block(error, removal->name);
  if (errnum == NOT_RETURNED)
    return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT,
                           "block '%s' is already gone; another block with its name was moved to %s, and cannot be "
                           "moved back, because the name was taken again",
                           removal->name, removal->moved.text);
  return shareable__fail_errno(error, errnum == RETRY ? EBUSY : errnum, "cannot unlink '%s'", removal->name);
}

/* Returns 0 if the name belongs to the block, OTHER_BLOCK, or an errno. */
static int check_name(const block_removal *removal, struct stat *file) {
  if (lstat(removal->path, file) != 0)
    return errno;
  return is_block(removal, file) ? 0 : OTHER_BLOCK;
}

/* The block does not have its name: another process may have moved it for a moment. */
static int remove_moved(const block_removal *removal, int errnum) {
  struct stat file;

  if (errnum != ENOENT && errnum != OTHER_BLOCK)
    return errnum;
  if (shareable__moved_unlink(removal->block, removal->name, SHAREABLE__ANY_USER))
    return 0;
  errnum = check_name(removal, &file);
  return errnum == 0 ? RETRY : errnum;
}

static int try_once(block_removal *removal) {
  struct stat file;
  int errnum = check_name(removal, &file);

  if (errnum == ENOENT && removal->was_recovered)
    return 0;
  return errnum == 0 ? move_and_unlink(removal) : remove_moved(removal, errnum);
}

shareable_status shareable__unlink_block(const shareable__file_id *block, const char *name, shareable_error *error) {
  block_removal removal = {.block = block, .name = name};
  int errnum = RETRY;

  snprintf(removal.path, sizeof removal.path, SHM "%s", name);
  for (int tries = 0; tries < TRIES && errnum == RETRY; tries++)
    errnum = try_once(&removal);
  return errnum == 0 ? SHAREABLE_OK : fail(&removal, errnum, error);
}
