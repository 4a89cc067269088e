/*
 * replaced.c - the block that a command replaces by a new one.
 */
#include "replaced.h"

#include <stdlib.h>
#include <unistd.h>

#include "blocks.h"
#include "shm/segment.h"

static void check_kind(const char *name, const struct stat *file) {
  block_kind kind = BLOCK_RAW;

  if (!S_ISREG(file->st_mode))
    kind = kind_of_other(name, file->st_mode, file->st_uid);
  else if (kind_is_semaphore(name, (uint64_t)file->st_size))
    kind = BLOCK_SEMAPHORE;
  if (kind != BLOCK_RAW)
    cli_die("'%s' is a %s, not a block: it is not replaced", name, block_kind_name(kind));
}

/* Programs that use the old block would keep it, with its lock, and never see the new one. */
static void check_unused(const char *name) {
  char *names[] = {(char *)name};
  blocks found;

  blocks_read(&found, names, 1);
  for (size_t i = 0; i < found.count; i++) {
    const block *old = &found.blocks[i];

    if (old->state == BLOCK_USED || old->state == BLOCK_OPEN)
      cli_die("block '%s' is in use: 'shareable info' shows by which processes; 'shareable copy --used' replaces it",
              name);
    if (old->state == BLOCK_UNKNOWN)
      cli_die("block '%s' may be in use: %s. 'shareable copy --used' replaces it", name, old->reason);
  }
  blocks_free(&found);
}

void replaced_check(const char *name, const struct stat *source, bool may_be_used, uint32_t *mode) {
  const char *bare = shareable__name_normalize(name);
  struct stat file;
  bool exists;
  char *path;

  if (bare == NULL)
    cli_die("'%s': %s", name, shareable_status_message(SHAREABLE_E_NAME));
  path = cli_format(SHAREABLE__DIRECTORY "/%s", bare);
  exists = lstat(path, &file) == 0;
  free(path);
  if (!exists)
    return;
  if (source != NULL && file.st_ino == source->st_ino && file.st_dev == source->st_dev)
    cli_die("'%s' is the block to be copied", name);
  check_kind(bare, &file);
  if (file.st_uid != geteuid() && geteuid() != 0)
    cli_die("cannot replace '%s', which belongs to another user", bare);
  if (!may_be_used)
    check_unused(bare);
  if (*mode != 0)
    return;
  *mode = (file.st_mode & 0777) == 0 ? 0600 : file.st_mode & 0777;
  umask(0);
}
