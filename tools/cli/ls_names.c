/*
 * ls_names.c - the names of blocks, for programs: unescaped, each followed by a NUL.
 */
#include "ls_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

/*
 * The ownership logs. They are read only when a name needs them, because reading them inspects all
 * processes and takes time.
 */
typedef struct logs {
  const block_place *place;
  shareable__inventory inventory;
  bool are_read;
} logs;

static bool is_owned(logs *owned, const char *name, uint64_t inode) {
  shareable_error error;

  if (!owned->are_read && shareable__inventory_take_in(&owned->inventory, owned->place->fd, &error) != SHAREABLE_OK)
    cli_die_message(error.message);
  owned->are_read = true;
  return shareable__inventory_entry_of(&owned->inventory, name, inode) != NULL;
}

static void put_name(const char *name) {
  cli_put_value(name, strlen(name));
  cli_put_bytes("", 1);
}

static void print_name(const char *name, logs *owned) {
  struct stat file;

  if (fstatat(owned->place->fd, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file.st_mode) ||
      (name[0] == '.' && !is_owned(owned, name, file.st_ino)))
    return;
  put_name(name);
}

void ls_names_print_all(const block_place *where) {
  int copy = openat(where->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *directory = copy < 0 ? NULL : fdopendir(copy);
  const struct dirent *entry;
  logs owned = {.place = where};

  if (directory == NULL)
    cli_die("cannot read %s: %s", where->text, strerror(errno));
  while ((entry = readdir(directory)) != NULL)
    print_name(entry->d_name, &owned);
  closedir(directory);
  if (owned.are_read)
    shareable__inventory_free(&owned.inventory);
}

void ls_names_print(const blocks *found) {
  for (size_t i = 0; i < found->count; i++)
    if (found->blocks[i].is_block && found->blocks[i].state != BLOCK_DELETED)
      put_name(found->blocks[i].name);
}
