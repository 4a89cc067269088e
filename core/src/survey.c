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
      survey->has_memory = false;
      return;
    }
    survey->claims = more;
  }
  survey->claims[survey->count++] = *claim;
}

/* A visit: takes in what a journal says. */
static void read_journal(int fd, const char *path, void *context) {
  shareable__claim claim = {0};
  shareable__journal_head head;
  shareable__record record;
  struct stat journal;
  uint64_t at = 0;

  (void)path;
  if (!shareable__journal_read(fd, &head) || fstat(fd, &journal) != 0)
    return;
  claim.journal = journal.st_ino;
  claim.is_dead = shareable__journal_is_left(fd);
  claim.heir = shareable__heir_lives(&head.heir) ? head.heir.pid : 0;
  while (shareable__journal_next(fd, &at, &record))
    if (shareable__journal_has_block(fd, &record)) {
      claim.inode = record.inode;
      memcpy(claim.name, record.name, sizeof claim.name);
      add_claim(context, &claim);
    }
}

void shareable__survey_visit(shareable__journal_visit *visit, void *context) {
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

static int by_inode(const void *one, const void *other) {
  uint64_t first = ((const shareable__claim *)one)->inode, second = ((const shareable__claim *)other)->inode;

  return first < second ? -1 : first > second;
}

shareable_status shareable__survey_begin(shareable__survey *survey, shareable_error *error) {
  struct stat directory;

  *survey = (shareable__survey){.has_memory = true};
  if (stat(SHAREABLE__DIRECTORY, &directory) != 0)
    return shareable__fail_system(error, errno, "cannot look at " SHAREABLE__DIRECTORY);
  shareable__survey_visit(read_journal, survey);
  if (!survey->has_memory) {
    free(survey->claims);
    return shareable__fail(error, SHAREABLE_E_NO_MEMORY, 0, "no memory for what there is in " SHAREABLE__DIRECTORY);
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
