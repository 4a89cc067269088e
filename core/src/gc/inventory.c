/*
 * inventory.c - what is known at one moment of the blocks that are here: who owns each, and who uses it.
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

static void add_claim(shareable__inventory *survey, const shareable__inventory_entry *claim) {
  shareable__inventory_entry *more;

  if (survey->count % 64 == 0) {
    more = reallocarray(survey->claims, survey->count + 64, sizeof *more);
    if (more == NULL) {
      survey->system = ENOMEM;
      return;
    }
    survey->claims = more;
  }
  survey->claims[survey->count++] = *claim;
}

/* Takes in what a log says. What of it cannot be read is unknown. */
static void read_log(shareable__ownership_log *log, void *context) {
  shareable__inventory *survey = context;
  shareable__inventory_entry claim = {.journal = log->id.inode};
  shareable__ownership_log_header head;
  shareable__tristate is_log, more, has;
  shareable__ownership_entry record;
  uint64_t at = 0;

  is_log = shareable__ownership_log_read_header(log->fd, &head);
  if (is_log != SHAREABLE__YES) {
    survey->is_whole = survey->is_whole && is_log == SHAREABLE__NO;
    return;
  }
  claim.is_dead = shareable__ownership_log_owner_is_dead(log->fd);
  claim.successor = shareable__successor_is_alive(&head) ? head.successor.pid : 0;
  claim.owner = head.pid;
  claim.is_manager = head.kind == SHAREABLE__OWNER_MANAGER;
  while ((more = shareable__ownership_log_next_entry(log, &at, &record)) == SHAREABLE__YES) {
    has = shareable__ownership_entry_matches_block(log->fd, &record);
    survey->is_whole = survey->is_whole && has != SHAREABLE__UNKNOWN;
    if (has == SHAREABLE__YES) {
      claim.inode = record.inode;
      memcpy(claim.name, record.name, sizeof claim.name);
      add_claim(survey, &claim);
    }
  }
  survey->is_whole = survey->is_whole && more == SHAREABLE__NO;
}

/* Something of this process's is missing, which is not in what another user put there. */
static bool is_shortage(int system) {
  return system == ENOMEM || system == EMFILE || system == ENFILE;
}

int shareable__inventory_foreach_log(shareable__ownership_log_callback *visit, void *context) {
  return shareable__ownership_log_foreach_of_users(visit, context);
}

static int by_inode(const void *one, const void *other) {
  uint64_t first = ((const shareable__inventory_entry *)one)->inode,
           second = ((const shareable__inventory_entry *)other)->inode;

  return first < second ? -1 : first > second;
}

shareable_status shareable__inventory_take(shareable__inventory *survey, shareable_error *error) {
  struct stat directory;
  int system;

  memset(survey, 0, sizeof *survey);
  if (stat(SHAREABLE__DIRECTORY, &directory) != 0)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, errno, "cannot look at " SHAREABLE__DIRECTORY ": %s",
                           shareable__system_text(errno));
  survey->is_whole = true;
  system = shareable__inventory_foreach_log(read_log, survey);
  if (survey->system != 0)
    system = survey->system;
  if (system != 0)
    survey->is_whole = false;
  if (is_shortage(system)) {
    free(survey->claims);
    return shareable__fail_system(error, system, "cannot read who owns what in " SHAREABLE__DIRECTORY);
  }
  if (survey->count > 0)
    qsort(survey->claims, survey->count, sizeof *survey->claims, by_inode);
  survey->mapped = shareable__proc_maps_read_all(directory.st_dev);
  return SHAREABLE_OK;
}

void shareable__inventory_free(shareable__inventory *survey) {
  shareable__proc_maps_free(&survey->mapped);
  free(survey->claims);
}

/* A user may record what another owns: then the one counts that lives. */
const shareable__inventory_entry *shareable__inventory_entry_of(const shareable__inventory *survey, const char *name,
                                                                uint64_t inode) {
  const shareable__inventory_entry key = {.inode = inode}, *end = survey->claims + survey->count, *found = NULL, *at;

  if (survey->count == 0)
    return NULL;
  at = bsearch(&key, survey->claims, survey->count, sizeof key, by_inode);
  while (at != NULL && at > survey->claims && at[-1].inode == inode)
    at--;
  for (; at != NULL && at < end && at->inode == inode; at++)
    if (strcmp(at->name, name) == 0 && (found == NULL || found->is_dead))
      found = at;
  return found;
}

shareable__usage shareable__inventory_usage_of(const shareable__inventory *survey, const char *name,
                                               const struct stat *file, int fd) {
  shareable__usage usage = {.owner = shareable__inventory_entry_of(survey, name, file->st_ino)};

  usage.is_owner_unknown = usage.owner == NULL && !shareable__inventory_can_read_logs_of(name, file);
  usage.users = shareable__proc_maps_users(&survey->mapped, file->st_ino, &usage.user_count);
  usage.unasked = shareable__proc_maps_unreadable(&survey->mapped, file);
  usage.is_unknown = !survey->mapped.is_whole || fd < 0;
  usage.is_locked = fd >= 0 && shareable__segment_is_in_use(fd);
  usage.use = SHAREABLE__USE_UNKNOWN;
  if (fd >= 0 && usage.user_count == 0 && !usage.is_locked)
    usage.use = shareable__lease_probe(fd);
  return usage;
}

bool shareable__usage_is_none(const shareable__usage *usage) {
  if (usage->user_count > 0 || usage->is_locked || usage->use == SHAREABLE__IN_USE)
    return false;
  return usage->use == SHAREABLE__UNUSED || (usage->unasked == NULL && !usage->is_unknown);
}

/* Root of a user namespace has no power over a user without an id there. */
bool shareable__inventory_can_read_logs_of(const char *name, const struct stat *file) {
  char path[sizeof SHAREABLE__DIRECTORY + SHAREABLE__NAME_MAX + 1];

  if (file->st_uid == geteuid())
    return true;
  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", name);
  return geteuid() == 0 && shareable__owner_is_mapped(AT_FDCWD, path, file->st_uid);
}
