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
#include "segment.h"
#include "survey.h"

typedef struct finding {
  char name[SHAREABLE__NAME_MAX + 1];
  char reason[120];
  shareable_fate fate;
} finding;

struct shareable_gc {
  finding *all;
  size_t count;
};

/* A visit: removes a journal of a dead owner that says nothing any more. */
static void remove_empty(shareable__owner_log *log, void *context) {
  shareable__journal_head head;
  shareable__record record;
  shareable__answer more;
  uint64_t at = 0;

  (void)context;
  shareable__journal_remove_unfilled(log);
  if (shareable__journal_read(log->fd, &head) != SHAREABLE__YES || !shareable__journal_is_left(log->fd))
    return;
  while ((more = shareable__journal_next(log, &at, &record)) == SHAREABLE__YES)
    if (shareable__journal_has_block(log->fd, &record) != SHAREABLE__NO)
      return;
  if (more == SHAREABLE__NO)
    shareable__journal_remove(log);
}

/* Of a block whose owner has ended: who uses it, in words. */
static void say_who(const shareable__usage *usage, bool is_open, char *reason, size_t size) {
  static const char ended[] = "its owner has ended, but";

  if (usage->user_count > 0)
    snprintf(reason, size, "%s process %" PRId64 " has it mapped", ended, usage->users[0].pid);
  else if (usage->unasked != NULL)
    snprintf(reason, size, "%s process %" PRId64 " cannot be asked whether it has it mapped", ended,
             usage->unasked->pid);
  else if (usage->is_locked)
    snprintf(reason, size, "%s a process that cannot be seen from here has it mapped", ended);
  else if (!is_open)
    snprintf(reason, size, "%s it cannot be opened to see whether it is in use", ended);
  else
    snprintf(reason, size, "%s /proc does not tell who has it mapped", ended);
}

static shareable_fate judge(const shareable__survey *survey, const char *path, const char *name,
                            const struct stat *file, char *reason, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  shareable__usage usage = shareable__survey_look(survey, name, file, fd);
  shareable_fate fate = SHAREABLE_FATE_KEPT;

  if (usage.owner == NULL && !survey->is_whole) {
    snprintf(reason, size, "no log that can be read has it recorded as owned: it is there until somebody unlinks it");
  } else if (usage.owner == NULL) {
    snprintf(reason, size, "nobody has it recorded as owned: it is there until somebody unlinks it");
  } else if (!usage.owner->is_dead) {
    snprintf(reason, size, "its owner lives");
  } else if (usage.owner->heir != 0) {
    snprintf(reason, size, "its owner has left it to process %" PRId64 ", which lives", usage.owner->heir);
  } else if (!shareable__usage_is_none(&usage)) {
    say_who(&usage, fd >= 0, reason, size);
  } else {
    snprintf(reason, size, "its owner has ended, and nobody uses it");
    fate = SHAREABLE_FATE_GARBAGE;
  }
  if (fd >= 0)
    close(fd);
  return fate;
}

static bool add_finding(shareable_gc *gc, const char *name) {
  finding *more = reallocarray(gc->all, gc->count + 1, sizeof *more);

  if (more == NULL)
    return false;
  gc->all = more;
  snprintf(more[gc->count++].name, sizeof more->name, "%s", name);
  return true;
}

/* Looked at once more: the name may stand for another block by now. */
static shareable_fate remove_block(const char *path, const struct stat *file, finding *found) {
  struct stat now;
  int system = ENOENT;

  if (lstat(path, &now) != 0)
    system = errno;
  else if (now.st_ino == file->st_ino)
    system = unlink(path) == 0 ? 0 : errno;
  if (system == 0)
    return SHAREABLE_FATE_REMOVED;
  snprintf(found->reason, sizeof found->reason, "its owner has ended, and nobody uses it, but it cannot be removed: %s",
           system == ENOENT ? "it has gone by itself" : shareable__system_text(system));
  return SHAREABLE_FATE_KEPT;
}

/* Whether there is such a block, still. */
static bool look_at(const shareable__survey *survey, finding *found, bool remove) {
  char path[sizeof SHAREABLE__DIRECTORY + sizeof found->name];
  struct stat file;

  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", found->name);
  found->fate = SHAREABLE_FATE_KEPT;
  if (lstat(path, &file) != 0) {
    if (errno == ENOENT)
      return false;
    snprintf(found->reason, sizeof found->reason, "it cannot be looked at: %s", shareable__system_text(errno));
    return true;
  }
  if (!S_ISREG(file.st_mode))
    return false;
  found->fate = judge(survey, path, found->name, &file, found->reason, sizeof found->reason);
  if (remove && found->fate == SHAREABLE_FATE_GARBAGE)
    found->fate = remove_block(path, &file, found);
  return true;
}

static void look_at_all(shareable_gc *gc, const shareable__survey *survey, bool remove) {
  size_t kept = 0;

  for (size_t i = 0; i < gc->count; i++)
    if (look_at(survey, &gc->all[i], remove))
      gc->all[kept++] = gc->all[i];
  gc->count = kept;
}

/* All names, before anything is removed: an errno where there are more. */
static int list_names(shareable_gc *gc, DIR *directory) {
  const struct dirent *entry;

  while (errno = 0, (entry = readdir(directory)) != NULL)
    if (entry->d_name[0] != '.' && !add_finding(gc, entry->d_name))
      return ENOMEM;
  return errno;
}

static int by_name(const void *one, const void *other) {
  return strcmp(((const finding *)one)->name, ((const finding *)other)->name);
}

static shareable_status run(shareable_gc *gc, DIR *directory, bool remove, shareable_error *error) {
  shareable__survey survey;
  shareable_status status;
  int system = list_names(gc, directory);

  if (system != 0)
    return shareable__fail_system(error, system, "cannot look at all that there is in " SHAREABLE__DIRECTORY);
  status = shareable__survey_begin(&survey, error);
  if (status != SHAREABLE_OK)
    return status;
  look_at_all(gc, &survey, remove);
  shareable__survey_end(&survey);
  if (remove)
    shareable__survey_visit(remove_empty, NULL);
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
    return shareable__fail(error, errno == EACCES ? SHAREABLE_E_PERMISSION : SHAREABLE_E_SYSTEM, errno,
                           "cannot look into " SHAREABLE__DIRECTORY ": %s", shareable__system_text(errno));
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
