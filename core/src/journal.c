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

int shareable__journal_each(const shareable__folder *folder, shareable__journal_visit *visit, void *context) {
  DIR *journals = opendir(folder->path);
  const struct dirent *entry;
  int fd, system = 0;

  if (journals == NULL)
    return errno == ENOENT ? 0 : errno;
  while (errno = 0, (entry = readdir(journals)) != NULL) {
    char path[sizeof folder->path + sizeof entry->d_name];

    if (entry->d_type != DT_REG)
      continue;
    snprintf(path, sizeof path, "%s/%s", folder->path, entry->d_name);
    fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0) {
      visit(fd, path, context);
      close(fd);
    } else if (errno != ENOENT) {
      system = errno;
    }
  }
  if (errno != 0)
    system = errno;
  closedir(journals);
  return system;
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

static ssize_t read_at(int fd, void *bytes, size_t size, uint64_t place) {
  ssize_t length;

  do
    length = pread(fd, bytes, size, (off_t)place);
  while (length < 0 && errno == EINTR);
  return length;
}

shareable__answer shareable__journal_read(int fd, shareable__journal_head *head) {
  ssize_t length = read_at(fd, head, sizeof *head, 0);

  if (length < 0)
    return SHAREABLE__UNTOLD;
  return length == (ssize_t)sizeof *head && head->magic == SHAREABLE__JOURNAL_MAGIC ? SHAREABLE__YES : SHAREABLE__NO;
}

/* In place of a number: there is nothing but a hole up to the end. */
#define NO_MORE UINT64_MAX

static uint64_t place_of(uint64_t at) {
  return sizeof(shareable__journal_head) + at * sizeof(shareable__record);
}

/* The first record from `at` on that may be in use: nobody has to read through a file that says it is longer than any memory. */
static uint64_t skip_hole(int fd, uint64_t at) {
  off_t data = lseek(fd, (off_t)place_of(at), SEEK_DATA);

  if (data < 0)
    return errno == ENXIO ? NO_MORE : at;
  return (uint64_t)data > place_of(at) ? (uint64_t)data / sizeof(shareable__record) - 1 : at;
}

shareable__answer shareable__journal_next(int fd, uint64_t *at, shareable__record *record) {
  ssize_t length = *at == NO_MORE ? 0 : read_at(fd, record, sizeof *record, place_of(*at));

  if (length != (ssize_t)sizeof *record)
    return length < 0 ? SHAREABLE__UNTOLD : SHAREABLE__NO;
  record->name[SHAREABLE__NAME_MAX] = '\0';
  (*at)++;
  if (record->inode == 0)
    *at = skip_hole(fd, *at);
  return SHAREABLE__YES;
}

uint64_t shareable__process_start(int64_t pid) {
  char path[40], text[1024];
  const char *fields;
  FILE *file;
  size_t length;

  snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
  file = fopen(path, "re");
  if (file == NULL)
    return errno == ENOENT || errno == ESRCH ? 0 : SHAREABLE__START_UNTOLD;
  errno = 0;
  length = fread(text, 1, sizeof text - 1, file);
  if (length == 0) {
    bool has_ended = errno == ESRCH;
    fclose(file);
    return has_ended ? 0 : SHAREABLE__START_UNTOLD;
  }
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
  uint64_t start = heir->pid <= 0 ? 0 : shareable__process_start(heir->pid);

  return start != 0 && (start == heir->start || start == SHAREABLE__START_UNTOLD);
}

static bool is_of(const shareable__record *record, const struct stat *block, const struct stat *journal) {
  return S_ISREG(block->st_mode) && block->st_dev == journal->st_dev && block->st_ino == record->inode &&
         block->st_uid == journal->st_uid;
}

shareable__answer shareable__journal_has_block(int fd, const shareable__record *record) {
  char path[sizeof SHAREABLE__DIRECTORY + sizeof record->name];
  struct stat journal, block;

  if (record->inode == 0 || shareable__name_bare(record->name) != record->name)
    return SHAREABLE__NO;
  snprintf(path, sizeof path, SHAREABLE__DIRECTORY "/%s", record->name);
  if (fstat(fd, &journal) != 0)
    return SHAREABLE__UNTOLD;
  if (lstat(path, &block) != 0)
    return errno == ENOENT ? SHAREABLE__NO : SHAREABLE__UNTOLD;
  return is_of(record, &block, &journal) ? SHAREABLE__YES : SHAREABLE__NO;
}

void shareable__journal_clear(int fd, const char *path) {
  shareable__answer more, has;
  shareable__record record;
  uint64_t at = 0;
  bool is_clear = true;

  while ((more = shareable__journal_next(fd, &at, &record)) == SHAREABLE__YES) {
    has = shareable__journal_has_block(fd, &record);
    if (has == SHAREABLE__YES)
      shareable__segment_unlink(NULL, record.name, NULL);
    is_clear = is_clear && has != SHAREABLE__UNTOLD;
  }
  if (is_clear && more == SHAREABLE__NO)
    shareable__journal_remove(path);
}

void shareable__journal_remove(const char *path) {
  shareable__folder folder;

  unlink(path);
  snprintf(folder.path, sizeof folder.path, "%.*s", (int)(strrchr(path, '/') - path), path);
  rmdir(folder.path);
}
