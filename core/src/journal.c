/*
 * journal.c - what a process owns, in a file beside the blocks, for whoever cleans up after it.
 */
#include "journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "segment.h"

shareable__folder shareable__journal_folder(void) {
  shareable__folder folder;

  snprintf(folder.path, sizeof folder.path, SHAREABLE__DIRECTORY "/.shareable-%lu", (unsigned long)geteuid());
  return folder;
}

void shareable__journal_each(const shareable__folder *folder, shareable__journal_visit *visit, void *context) {
  DIR *journals = opendir(folder->path);
  const struct dirent *entry;
  int fd;

  if (journals == NULL)
    return;
  while ((entry = readdir(journals)) != NULL) {
    char path[sizeof folder->path + sizeof entry->d_name];

    if (entry->d_type != DT_REG)
      continue;
    snprintf(path, sizeof path, "%s/%s", folder->path, entry->d_name);
    fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0) {
      visit(fd, path, context);
      close(fd);
    }
  }
  closedir(journals);
}

bool shareable__journal_lock(int fd, bool wait) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int result;

  do
    result = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

bool shareable__journal_is_left(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

bool shareable__journal_read(int fd, shareable__journal_head *head) {
  return pread(fd, head, sizeof *head, 0) == (ssize_t)sizeof *head && head->magic == SHAREABLE__JOURNAL_MAGIC;
}

bool shareable__journal_next(int fd, uint64_t *at, shareable__record *record) {
  uint64_t place = sizeof(shareable__journal_head) + *at * sizeof *record;

  if (pread(fd, record, sizeof *record, (off_t)place) != (ssize_t)sizeof *record)
    return false;
  record->name[SHAREABLE__NAME_MAX] = '\0';
  (*at)++;
  return true;
}

uint64_t shareable__process_start(int64_t pid) {
  char path[40], text[1024];
  const char *fields;
  FILE *file;
  size_t length;

  snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
  file = fopen(path, "re");
  if (file == NULL)
    return 0;
  length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = '\0';
  fields = strrchr(text, ')'); /* the end of the program's name, which may hold anything: field 2 */
  if (fields == NULL || strncmp(fields, ") Z", 3) == 0 || strncmp(fields, ") X", 3) == 0)
    return 0; /* it has ended, and nobody has asked how */
  for (int field = 2; fields != NULL && field < 22; field++)
    fields = strchr(fields + 1, ' ');
  return fields == NULL ? 0 : strtoull(fields + 1, NULL, 10);
}

bool shareable__heir_lives(const shareable__heir *heir) {
  return heir->pid > 0 && shareable__process_start(heir->pid) == heir->start;
}

bool shareable__journal_has_block(int fd, const shareable__record *record) {
  char path[sizeof SHAREABLE__DIRECTORY + sizeof record->name];
  struct stat journal, block;

  if (record->inode == 0 || shareable__name_bare(record->name) != record->name)
    return false;
  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", record->name);
  return fstat(fd, &journal) == 0 && lstat(path, &block) == 0 && S_ISREG(block.st_mode) &&
         block.st_dev == journal.st_dev && block.st_ino == record->inode && block.st_uid == journal.st_uid;
}

void shareable__journal_clear(int fd, const char *path) {
  shareable__record record;
  uint64_t at = 0;

  while (shareable__journal_next(fd, &at, &record))
    if (shareable__journal_has_block(fd, &record))
      shareable__segment_unlink(NULL, record.name, NULL);
  shareable__journal_remove(path);
}

void shareable__journal_remove(const char *path) {
  shareable__folder folder;

  unlink(path);
  snprintf(folder.path, sizeof folder.path, "%.*s", (int)(strrchr(path, '/') - path), path);
  rmdir(folder.path);
}
