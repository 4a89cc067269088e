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
#include "shm/owner_directory.h"
#include "shm/segment.h"

#define SHM SHAREABLE__DIRECTORY "/"

enum { TRIES = 100 };

/*
 * Outcomes beside 0 and an errno. RETRY: check the name again. NOT_RETURNED: another block was
 * moved, and cannot be moved back. OTHER_BLOCK: the name belongs to another block.
 */
enum { RETRY = -1, NOT_RETURNED = -2, OTHER_BLOCK = -3 };

typedef struct block_removal {
  int place;             /* the directory that the file is moved to (moved.h) */
  const char *directory; /* the place's path and a '/'; "" if the place is /dev/shm */
  const shareable__file_id *block;
  const char *name;
  char path[sizeof SHM + SHAREABLE__NAME_MAX]; /* of the name */
  bool was_recovered;                          /* by another process */
  shareable__moved_name moved;
  char directory_path[sizeof SHM + sizeof((shareable__owner_directory *)NULL)->name + 1];
} block_removal;

static int move_out(const block_removal *removal) {
  int system = shareable__rename_to_new(AT_FDCWD, removal->path, removal->place, removal->moved.text);

  if (system != ENOSYS)
    return system;
  return renameat(AT_FDCWD, removal->path, removal->place, removal->moved.text) == 0 ? 0 : errno;
}

static bool is_block(const block_removal *removal, const struct stat *file) {
  return file->st_dev == removal->block->device && file->st_ino == removal->block->inode;
}

static int move_back(const block_removal *removal) {
  return shareable__moved_return(removal->place, removal->moved.text, removal->path);
}

/*
 * Another process that recovers moved files may have unlinked or returned the file first: then it
 * is not there.
 */
static int unlink_or_return(block_removal *removal) {
  struct stat file;
  int system = fstatat(removal->place, removal->moved.text, &file, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;

  if (system == 0 && !is_block(removal, &file)) {
    system = move_back(removal);
    return system == 0 || system == ENOENT ? RETRY : NOT_RETURNED;
  }
  removal->was_recovered = system == ENOENT;
  if (removal->was_recovered)
    return RETRY;
  if (system == 0 && (unlinkat(removal->place, removal->moved.text, 0) == 0 || errno == ENOENT))
    return 0;
  if (system == 0)
    system = errno;
  move_back(removal);
  return system;
}

static int remove_through(block_removal *removal, int place, const char *directory) {
  int system;

  removal->place = place;
  removal->directory = directory;
  system = shareable__moved_make_name(place, removal->block->inode, removal->name, &removal->moved);
  if (system != 0)
    return system;
  system = move_out(removal);
  if (system == 0)
    system = unlink_or_return(removal);
  if (system != NOT_RETURNED)
    shareable__moved_remove_link(place, removal->moved.text);
  return system;
}

/* Returns whether another place may work: the first needs memory, or this process cannot use it. */
static bool is_about_place(int system) {
  return system == ENOSPC || system == EXDEV || system == EROFS || system == EDQUOT;
}

static int remove_through_own_directory(block_removal *removal) {
  shareable__owner_directory directory;
  int system;

  if (shareable__owner_directory_create(&directory) != 0)
    return ENOSPC;
  snprintf(removal->directory_path, sizeof removal->directory_path, SHM "%s/", directory.name);
  system = remove_through(removal, directory.fd, removal->directory_path);
  shareable__owner_directory_remove(&directory);
  shareable__owner_directory_close(&directory);
  return system == ENOENT ? RETRY : system; /* the name or the directory is gone */
}

static shareable_status fail_gone(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT, "block '%s' is already gone", name);
}

static shareable_status fail_other_block(shareable_error *error, const char *name) {
  return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT,
                         "block '%s' is already gone: its name belongs to another block now, which is kept", name);
}

static shareable_status fail(const block_removal *removal, int system, shareable_error *error) {
  if (system == ENOENT)
    return fail_gone(error, removal->name);
  if (system == OTHER_BLOCK)
    return fail_other_block(error, removal->name);
  if (system == NOT_RETURNED)
    return shareable__fail(error, SHAREABLE_E_NOT_FOUND, ENOENT,
                           "block '%s' is already gone; another block that had its name is now %s%s, because "
                           "the name was taken again",
                           removal->name, removal->directory, removal->moved.text);
  return shareable__fail_system(error, system == RETRY ? EBUSY : system, "cannot unlink '%s'", removal->name);
}

/* Returns 0 if the name belongs to the block, OTHER_BLOCK, or an errno. */
static int check_name(const block_removal *removal, struct stat *file) {
  if (lstat(removal->path, file) != 0)
    return errno;
  return is_block(removal, file) ? 0 : OTHER_BLOCK;
}

/* The block does not have its name: another process may have moved it for a moment. */
static int remove_moved(const block_removal *removal, int system) {
  struct stat file;

  if (system != ENOENT && system != OTHER_BLOCK)
    return system;
  if (shareable__moved_unlink(removal->block, removal->name, SHAREABLE__ANY_USER))
    return 0;
  system = check_name(removal, &file);
  return system == 0 ? RETRY : system;
}

/*
 * Moves another user's block within /dev/shm: if this process is killed, that user's processes find
 * the block there.
 */
static int try_once(block_removal *removal) {
  struct stat file;
  int system = check_name(removal, &file);

  if (system == ENOENT && removal->was_recovered)
    return 0;
  if (system != 0)
    return remove_moved(removal, system);
  system = file.st_uid == geteuid() ? remove_through_own_directory(removal) : EXDEV;
  if (!is_about_place(system))
    return system;
  system = remove_through(removal, AT_FDCWD, "");
  return system == ENOENT ? RETRY : system;
}

shareable_status shareable__unlink_block(const shareable__file_id *block, const char *name, shareable_error *error) {
  block_removal removal = {.block = block, .name = name};
  int system = RETRY;

  snprintf(removal.path, sizeof removal.path, SHM "%s", name);
  for (int tries = 0; tries < TRIES && system == RETRY; tries++)
    system = try_once(&removal);
  return system == 0 ? SHAREABLE_OK : fail(&removal, system, error);
}
