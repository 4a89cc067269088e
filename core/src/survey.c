/*
 * survey.c - what is known at one moment of the blocks that are here: who owns each, and who uses it.
 */
#include "survey.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "segment.h"

static void add_claim(shareable__survey *survey, const shareable__claim *claim) {
  shareable__claim *more;

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

/* Takes in what a journal says; false where it cannot be read, and errno says why. */
static bool read_records(int fd, shareable__survey *survey) {
  shareable__answer is_journal, more, has;
  shareable__claim claim = {0};
  shareable__journal_head head;
  shareable__record record;
  struct stat journal;
  uint64_t at = 0;

  is_journal = shareable__journal_read(fd, &head);
  if (is_journal == SHAREABLE__NO)
    return true;
  if (is_journal == SHAREABLE__UNTOLD || fstat(fd, &journal) != 0)
    return false;
  claim.journal = journal.st_ino;
  claim.is_dead = shareable__journal_is_left(fd);
  claim.heir = shareable__heir_lives(&head.heir) ? head.heir.pid : 0;
  while ((more = shareable__journal_next(fd, &at, &record)) == SHAREABLE__YES) {
    has = shareable__journal_has_block(fd, &record);
    if (has == SHAREABLE__UNTOLD)
      return false;
    if (has == SHAREABLE__YES) {
      claim.inode = record.inode;
      memcpy(claim.name, record.name, sizeof claim.name);
      add_claim(survey, &claim);
    }
  }
  return more == SHAREABLE__NO;
}

/* A visit. */
static void read_journal(int fd, const char *path, void *context) {
  shareable__survey *survey = context;

  (void)path;
  if (!read_records(fd, survey))
    survey->system = errno;
}

/* The folder of another user, in a container, may be closed to its root. */
static int visit_folder(const char *name, shareable__journal_visit *visit, void *context) {
  shareable__folder own = shareable__journal_folder(), folder;
  int length = snprintf(folder.path, sizeof folder.path, SHAREABLE__DIRECTORY "/%s", name), system;

  if ((size_t)length >= sizeof folder.path)
    return 0;
  system = shareable__journal_each(&folder, visit, context);
  return system == EACCES && strcmp(folder.path, own.path) != 0 ? 0 : system;
}

int shareable__survey_visit(shareable__journal_visit *visit, void *context) {
  shareable__folder own = shareable__journal_folder();
  const struct dirent *entry;
  DIR *directory;
  int system = 0;

  if (geteuid() != 0)
    return shareable__journal_each(&own, visit, context);
  directory = opendir(SHAREABLE__DIRECTORY);
  if (directory == NULL)
    return errno;
  while (system == 0 && (errno = 0, entry = readdir(directory)) != NULL)
    if (strncmp(entry->d_name, ".shareable-", 11) == 0 && entry->d_type == DT_DIR)
      system = visit_folder(entry->d_name, visit, context);
  if (system == 0)
    system = errno;
  closedir(directory);
  return system;
}

static int by_inode(const void *one, const void *other) {
  uint64_t first = ((const shareable__claim *)one)->inode, second = ((const shareable__claim *)other)->inode;

  return first < second ? -1 : first > second;
}

shareable_status shareable__survey_begin(shareable__survey *survey, shareable_error *error) {
  struct stat directory;
  int system;

  memset(survey, 0, sizeof *survey);
  if (stat(SHAREABLE__DIRECTORY, &directory) != 0)
    return shareable__fail(error, SHAREABLE_E_SYSTEM, errno, "cannot look at " SHAREABLE__DIRECTORY ": %s",
                           shareable__system_text(errno));
  system = shareable__survey_visit(read_journal, survey);
  if (system == 0)
    system = survey->system;
  if (system != 0) {
    free(survey->claims);
    return shareable__fail_system(error, system, "cannot read who owns what in " SHAREABLE__DIRECTORY);
  }
  if (survey->count > 0)
    qsort(survey->claims, survey->count, sizeof *survey->claims, by_inode);
  survey->mapped = shareable__mapped_find(directory.st_dev);
  return SHAREABLE_OK;
}

void shareable__survey_end(shareable__survey *survey) {
  shareable__mapped_free(&survey->mapped);
  free(survey->claims);
}

/* A user may record what another owns: then the one counts that lives. */
static const shareable__claim *claim_of(const shareable__survey *survey, const char *name, uint64_t inode) {
  const shareable__claim key = {.inode = inode}, *end = survey->claims + survey->count, *found = NULL, *at;

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

shareable__usage shareable__survey_look(const shareable__survey *survey, const char *name, const struct stat *file,
                                        int fd) {
  shareable__usage usage = {.owner = claim_of(survey, name, file->st_ino)};

  usage.users = shareable__mapped_users(&survey->mapped, file->st_ino, &usage.user_count);
  usage.unasked = shareable__mapped_unasked(&survey->mapped, file);
  usage.is_unknown = !survey->mapped.is_whole || fd < 0;
  usage.is_locked = fd >= 0 && shareable__segment_is_in_use(fd);
  return usage;
}

bool shareable__usage_is_none(const shareable__usage *usage) {
  return usage->user_count == 0 && usage->unasked == NULL && !usage->is_unknown && !usage->is_locked;
}
