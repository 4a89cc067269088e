/*
 * inventory.c - a snapshot of all blocks: the owner of each block, and the processes that use it.
 */
#include "gc/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "shm/segment.h"

static void add_entry(shareable__inventory *inventory, const shareable__inventory_entry *entry) {
  shareable__inventory_entry *more;

  if (inventory->count % 64 == 0) {
    more = reallocarray(inventory->entries, inventory->count + 64, sizeof *more);
    if (more == NULL) {
      inventory->errnum = ENOMEM;
      return;
    }
    inventory->entries = more;
  }
  inventory->entries[inventory->count++] = *entry;
}

static shareable__tristate matches_block(const shareable__inventory *inventory, int fd,
                                         const shareable__ownership_entry *entry) {
  return inventory->directory < 0 ? shareable__ownership_entry_matches_block(fd, entry)
                                  : shareable__ownership_entry_matches_in(inventory->directory, fd, entry);
}

/* Adds the entries of a log. An entry that cannot be read is unknown. */
static void read_log(shareable__ownership_log *log, void *context) {
  shareable__inventory *inventory = context;
  shareable__inventory_entry entry = {.log_inode = log->id.inode};
  shareable__ownership_log_header header;
  shareable__tristate is_log, more, matches;
  shareable__ownership_entry logged;
  uint64_t index = 0;

  is_log = shareable__ownership_log_read_header(log->fd, &header);
  if (is_log != SHAREABLE__YES) {
    inventory->is_complete = inventory->is_complete && is_log == SHAREABLE__NO;
    return;
  }
  entry.is_dead = shareable__ownership_log_owner_is_dead(log->fd);
  entry.successor = shareable__living_successor(&header);
  entry.owner = header.pid;
  entry.is_manager = header.kind == SHAREABLE__OWNER_MANAGER;
  while ((more = shareable__ownership_log_next_entry(log, &index, &logged)) == SHAREABLE__YES) {
    matches = matches_block(inventory, log->fd, &logged);
    inventory->is_complete = inventory->is_complete && matches != SHAREABLE__UNKNOWN;
    if (matches == SHAREABLE__YES) {
      entry.inode = logged.inode;
      memcpy(entry.name, logged.name, sizeof entry.name);
      add_entry(inventory, &entry);
    }
  }
  inventory->is_complete = inventory->is_complete && more == SHAREABLE__NO;
}

/*
 * Returns whether this process lacks memory or descriptors. Another user's files do not cause these
 * errors.
 */
static bool is_shortage(int errnum) {
  return errnum == ENOMEM || errnum == EMFILE || errnum == ENFILE;
}

int shareable__inventory_foreach_log(shareable__ownership_log_callback *visit, void *context) {
  return shareable__ownership_log_foreach_of_users(visit, context);
}

static int by_inode(const void *a, const void *b) {
  uint64_t first = ((const shareable__inventory_entry *)a)->inode,
           second = ((const shareable__inventory_entry *)b)->inode;

  return first < second ? -1 : first > second;
}

/* Reads the logs and the processes. `device` is that of the directory. */
static shareable_status take(shareable__inventory *inventory, dev_t device, shareable_error *error) {
  int errnum;

  inventory->is_complete = true;
  if (inventory->directory < 0)
    errnum = shareable__inventory_foreach_log(read_log, inventory);
  else
    errnum = shareable__ownership_log_foreach_in(inventory->directory, read_log, inventory);
  if (inventory->errnum != 0)
    errnum = inventory->errnum;
  if (errnum != 0)
    inventory->is_complete = false;
  if (is_shortage(errnum)) {
    free(inventory->entries);
    return shareable__fail_errno(error, errnum, "cannot read the ownership logs in " SHAREABLE__DIRECTORY);
  }
  if (inventory->count > 0)
    qsort(inventory->entries, inventory->count, sizeof *inventory->entries, by_inode);
  inventory->maps = shareable__proc_maps_read_all(device);
  return SHAREABLE_OK;
}

shareable_status shareable__inventory_take(shareable__inventory *inventory, shareable_error *error) {
  struct stat directory;

  *inventory = (shareable__inventory){.directory = -1};
  if (stat(SHAREABLE__DIRECTORY, &directory) != 0)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, errno, "cannot stat " SHAREABLE__DIRECTORY ": %s",
                           shareable__errno_text(errno));
  return take(inventory, directory.st_dev, error);
}

shareable_status shareable__inventory_take_in(shareable__inventory *inventory, int directory, shareable_error *error) {
  struct stat status;

  *inventory = (shareable__inventory){.directory = directory};
  if (fstat(directory, &status) != 0)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, errno, "cannot stat a directory: %s",
                           shareable__errno_text(errno));
  return take(inventory, status.st_dev, error);
}

void shareable__inventory_free(shareable__inventory *inventory) {
  shareable__proc_maps_free(&inventory->maps);
  free(inventory->entries);
}

/* Several logs may record a block: then an entry of a living owner counts. */
const shareable__inventory_entry *shareable__inventory_entry_of(const shareable__inventory *inventory, const char *name,
                                                                uint64_t inode) {
  const shareable__inventory_entry key = {.inode = inode}, *end = inventory->entries + inventory->count, *found = NULL,
                                   *next;

  if (inventory->count == 0)
    return NULL;
  next = bsearch(&key, inventory->entries, inventory->count, sizeof key, by_inode);
  while (next != NULL && next > inventory->entries && next[-1].inode == inode)
    next--;
  for (; next != NULL && next < end && next->inode == inode; next++)
    if (strcmp(next->name, name) == 0 && (found == NULL || found->is_dead))
      found = next;
  return found;
}

static bool can_read_logs(const shareable__inventory *inventory, const char *name, const struct stat *file) {
  if (inventory->directory < 0)
    return shareable__inventory_can_read_logs_of(name, file);
  return file->st_uid == geteuid() ||
         (geteuid() == 0 && shareable__owner_is_mapped(inventory->directory, name, file->st_uid));
}

shareable__usage shareable__inventory_usage_of(const shareable__inventory *inventory, const char *name,
                                               const struct stat *file, int fd) {
  shareable__usage usage = {.owner = shareable__inventory_entry_of(inventory, name, file->st_ino)};

  usage.is_owner_unknown = usage.owner == NULL && !can_read_logs(inventory, name, file);
  usage.users = shareable__proc_maps_users(&inventory->maps, file->st_ino, &usage.user_count);
  usage.unreadable = shareable__proc_maps_unreadable(&inventory->maps, file);
  usage.is_unknown = !inventory->maps.is_complete || fd < 0;
  usage.is_locked = fd >= 0 && shareable__segment_is_in_use(fd);
  usage.use = SHAREABLE__USE_UNKNOWN;
  if (fd >= 0 && usage.user_count == 0 && !usage.is_locked)
    usage.use = shareable__lease_probe(fd);
  return usage;
}

bool shareable__usage_is_none(const shareable__usage *usage) {
  if (usage->user_count > 0 || usage->is_locked || usage->use == SHAREABLE__IN_USE)
    return false;
  return usage->use == SHAREABLE__UNUSED || (usage->unreadable == NULL && !usage->is_unknown);
}

/* Root of a user namespace cannot access the files of a user without an id there. */
bool shareable__inventory_can_read_logs_of(const char *name, const struct stat *file) {
  char path[sizeof SHAREABLE__DIRECTORY + SHAREABLE__NAME_MAX + 1];

  if (file->st_uid == geteuid())
    return true;
  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", name);
  return geteuid() == 0 && shareable__owner_is_mapped(AT_FDCWD, path, file->st_uid);
}
