/*
 * gc.c - finding and removing the blocks of owners that have ended: what a reaper that was killed too has left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "journal.h"
#include "mapped.h"
#include "segment.h"

typedef struct finding {
  char name[SHAREABLE__NAME_MAX + 1];
  char reason[120];
  shareable_fate fate;
} finding;

struct shareable_gc {
  finding *all;
  size_t count;
};

/* What the journals say about a block. */
typedef struct claim {
  uint64_t inode;
  int64_t heir; /* that lives, or 0 */
  bool is_dead; /* its owner has ended */
  char name[SHAREABLE__NAME_MAX + 1];
} claim;

typedef struct survey {
  claim *claims;
  size_t count;
  bool has_memory;
  shareable__mapped mapped;
} survey;

static bool owner_has_ended(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

static void add_claim(survey *all, const shareable__record *record, bool is_dead, int64_t heir) {
  claim *more = reallocarray(all->claims, all->count + 1, sizeof *more);

  if (more == NULL) {
    all->has_memory = false;
    return;
  }
  all->claims = more;
  more += all->count++;
  *more = (claim){.inode = record->inode, .heir = heir, .is_dead = is_dead};
  snprintf(more->name, sizeof more->name, "%s", record->name);
}

/* A visit: takes in what a journal says. */
static void read_journal(int fd, const char *path, void *context) {
  shareable__journal_head head;
  shareable__record record;
  uint64_t at = 0;
  bool is_dead;

  (void)path;
  if (!shareable__journal_read(fd, &head))
    return;
  is_dead = owner_has_ended(fd);
  while (shareable__journal_next(fd, &at, &record))
    if (shareable__journal_has_block(fd, &record))
      add_claim(context, &record, is_dead, shareable__heir_lives(&head.heir) ? head.heir.pid : 0);
}

/* A visit: removes a journal of a dead owner that says nothing any more. */
static void remove_empty(int fd, const char *path, void *context) {
  shareable__journal_head head;
  shareable__record record;
  uint64_t at = 0;

  (void)context;
  if (!shareable__journal_read(fd, &head) || !owner_has_ended(fd))
    return;
  while (shareable__journal_next(fd, &at, &record))
    if (shareable__journal_has_block(fd, &record))
      return;
  shareable__journal_remove(path);
}

/* The journals of this user; root sees to everybody's. */
static void visit_journals(shareable__journal_visit *visit, void *context) {
  shareable__folder folder = shareable__journal_folder();
  const struct dirent *entry;
  DIR *directory;

  if (geteuid() != 0) {
    shareable__journal_each(&folder, visit, context);
    return;
  }
  directory = opendir(SHAREABLE__DIRECTORY);
  if (directory == NULL)
    return;
  while ((entry = readdir(directory)) != NULL)
    if (strncmp(entry->d_name, ".shareable-", 11) == 0 && entry->d_type == DT_DIR) {
      int length = snprintf(folder.path, sizeof folder.path, SHAREABLE__DIRECTORY "/%s", entry->d_name);
      if ((size_t)length < sizeof folder.path)
        shareable__journal_each(&folder, visit, context);
    }
  closedir(directory);
}

static const claim *claim_of(const survey *all, const char *name, const struct stat *file) {
  for (size_t i = 0; i < all->count; i++)
    if (all->claims[i].inode == file->st_ino && strcmp(all->claims[i].name, name) == 0)
      return &all->claims[i];
  return NULL;
}

/* Of a block whose owner has ended: whether somebody uses it, in words. */
static bool is_in_use(const survey *all, const char *path, const struct stat *file, char *reason, size_t size) {
  const shareable__mapping *user = shareable__mapped_user(&all->mapped, file);
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  bool is_used = true;

  if (user != NULL && user->inode != 0)
    snprintf(reason, size, "its owner has ended, but process %" PRId64 " has it mapped", user->pid);
  else if (user != NULL)
    snprintf(reason, size, "its owner has ended, but process %" PRId64 " cannot be asked whether it has it mapped",
             user->pid);
  else if (!all->mapped.is_whole)
    snprintf(reason, size, "its owner has ended, but /proc does not tell who has it mapped");
  else if (fd < 0)
    snprintf(reason, size, "its owner has ended, but it cannot be opened to see whether it is in use");
  else if (shareable__segment_is_in_use(fd))
    snprintf(reason, size, "its owner has ended, but a process that cannot be seen from here has it mapped");
  else
    is_used = false;
  if (fd >= 0)
    close(fd);
  return is_used;
}

static shareable_fate judge(const survey *all, const char *path, const char *name, const struct stat *file,
                            char *reason, size_t size) {
  const claim *owner = claim_of(all, name, file);

  if (owner == NULL)
    snprintf(reason, size, "nobody has it recorded as owned: it is there until somebody unlinks it");
  else if (!owner->is_dead)
    snprintf(reason, size, "its owner lives");
  else if (owner->heir != 0)
    snprintf(reason, size, "its owner has left it to process %" PRId64 ", which lives", owner->heir);
  else if (!is_in_use(all, path, file, reason, size)) {
    snprintf(reason, size, "its owner has ended, and nobody uses it");
    return SHAREABLE_FATE_GARBAGE;
  }
  return SHAREABLE_FATE_KEPT;
}

static finding *add_finding(shareable_gc *gc, const char *name) {
  finding *more = reallocarray(gc->all, gc->count + 1, sizeof *more);

  if (more == NULL)
    return NULL;
  gc->all = more;
  more += gc->count++;
  snprintf(more->name, sizeof more->name, "%s", name);
  return more;
}

/* Looked at once more: the name may stand for another block by now. */
static shareable_fate remove_block(const char *path, const struct stat *file, finding *found) {
  struct stat now;

  if (lstat(path, &now) == 0 && now.st_ino == file->st_ino && unlink(path) == 0)
    return SHAREABLE_FATE_REMOVED;
  snprintf(found->reason, sizeof found->reason, "its owner has ended, and nobody uses it, but it cannot be removed: %s",
           errno == ENOENT ? "it has gone by itself" : strerror(errno));
  return SHAREABLE_FATE_KEPT;
}

static bool look_at(shareable_gc *gc, const survey *all, const char *name, bool remove) {
  char path[sizeof SHAREABLE__DIRECTORY + sizeof((struct dirent *)0)->d_name];
  struct stat file;
  finding *found;

  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", name);
  if (lstat(path, &file) != 0 || !S_ISREG(file.st_mode))
    return true;
  found = add_finding(gc, name);
  if (found == NULL)
    return false;
  found->fate = judge(all, path, name, &file, found->reason, sizeof found->reason);
  if (remove && found->fate == SHAREABLE_FATE_GARBAGE)
    found->fate = remove_block(path, &file, found);
  return true;
}

static bool look_at_all(shareable_gc *gc, const survey *all, DIR *directory, bool remove) {
  const struct dirent *entry;

  while ((entry = readdir(directory)) != NULL)
    if (entry->d_name[0] != '.' && !look_at(gc, all, entry->d_name, remove))
      return false;
  return true;
}

static int by_name(const void *one, const void *other) {
  return strcmp(((const finding *)one)->name, ((const finding *)other)->name);
}

static shareable_status run(shareable_gc *gc, DIR *directory, bool remove, shareable_error *error) {
  survey all = {.has_memory = true};
  struct stat status;
  bool has_memory;

  if (fstat(dirfd(directory), &status) != 0)
    return shareable__fail_system(error, errno, "cannot look at " SHAREABLE__DIRECTORY);
  visit_journals(read_journal, &all);
  all.mapped = shareable__mapped_find(status.st_dev);
  has_memory = all.has_memory && look_at_all(gc, &all, directory, remove);
  shareable__mapped_free(&all.mapped);
  free(all.claims);
  if (remove)
    visit_journals(remove_empty, NULL);
  if (!has_memory)
    return shareable__fail(error, SHAREABLE_E_NO_MEMORY, 0, "no memory for what there is in " SHAREABLE__DIRECTORY);
  if (gc->count > 0)
    qsort(gc->all, gc->count, sizeof *gc->all, by_name);
  return SHAREABLE_OK;
}

shareable_status shareable_gc_run(shareable_gc **result, uint32_t flags, shareable_error *error) {
  DIR *directory;
  shareable_status status;
  shareable_gc *gc;

  if (result == NULL)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "no place was given for the findings");
  if (flags & ~(uint32_t)SHAREABLE_REMOVE)
    return shareable__fail(error, SHAREABLE_E_ARGUMENT, 0, "flags 0x%x: gc takes 0 or SHAREABLE_REMOVE",
                           (unsigned)flags);
  directory = opendir(SHAREABLE__DIRECTORY);
  if (directory == NULL)
    return shareable__fail_system(error, errno, "cannot look into " SHAREABLE__DIRECTORY);
  gc = calloc(1, sizeof *gc);
  status = gc == NULL ? shareable__fail(error, SHAREABLE_E_NO_MEMORY, 0, "no memory for the findings")
                      : run(gc, directory, (flags & SHAREABLE_REMOVE) != 0, error);
  closedir(directory);
  if (status == SHAREABLE_OK)
    *result = gc;
  else
    shareable_gc_free(gc);
  return status;
}

void shareable_gc_free(shareable_gc *gc) {
  if (gc == NULL)
    return;
  free(gc->all);
  free(gc);
}

size_t shareable_gc_count(const shareable_gc *gc) {
  return gc == NULL ? 0 : gc->count;
}

const char *shareable_gc_name(const shareable_gc *gc, size_t index) {
  return gc == NULL || index >= gc->count ? NULL : gc->all[index].name;
}

const char *shareable_gc_reason(const shareable_gc *gc, size_t index) {
  return gc == NULL || index >= gc->count ? NULL : gc->all[index].reason;
}

shareable_fate shareable_gc_fate(const shareable_gc *gc, size_t index) {
  return gc == NULL || index >= gc->count ? SHAREABLE_FATE_KEPT : gc->all[index].fate;
}
