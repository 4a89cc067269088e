/*
 * journal.c - any bytes as the journal of a process that has ended: only what that names, by name and inode, is unlinked. There is
 * one block: a record gets its inode in place of 1, and its name in place of one that begins with @.
 */
#include "../../core/src/journal.h"
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char block[64], journal[96];

/* Has the records name the block, and tells whether any does both. */
static bool name_block(uint8_t *bytes, size_t size, uint64_t inode) {
  const char *name = strrchr(block, '/') + 1;
  bool is_named = false;

  for (size_t k = 1; (k + 1) * sizeof(shareable__record) <= size; k++) { /* the first is the head */
    shareable__record *record = (shareable__record *)(void *)bytes + k;

    record->inode = record->inode == 1 ? inode : record->inode;
    if (record->name[0] == '@')
      snprintf(record->name, sizeof record->name, "%s", name);
    is_named |= record->inode == inode && strncmp(record->name, name, sizeof record->name) == 0;
  }
  return is_named;
}

static void clean_up(int fd, const char *path, void *is_cleared) {
  shareable__journal_head head;

  need(shareable__journal_lock(fd, false));
  *(bool *)is_cleared = shareable__journal_read(fd, &head) == SHAREABLE__YES && !shareable__heir_lives(&head.heir);
  if (*(bool *)is_cleared)
    shareable__journal_clear(fd, path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  uint64_t *copy = calloc(1, size + 1);
  bool is_named, is_cleared = false;
  shareable__folder folder;
  struct stat status;
  int fd;

  snprintf(folder.path, sizeof folder.path, "/dev/shm/.fuzz-test-%ld", (long)getpid());
  snprintf(block, sizeof block, "/dev/shm/fuzz-test-%ld", (long)getpid());
  snprintf(journal, sizeof journal, "%s/journal", folder.path);
  fd = open(block, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  need(copy != NULL && fd >= 0 && fstat(fd, &status) == 0 && close(fd) == 0);
  is_named = name_block(memcpy(copy, bytes, size), size, status.st_ino);
  need(mkdir(folder.path, 0700) == 0 && (fd = open(journal, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0);
  need(write(fd, copy, size) == (ssize_t)size && close(fd) == 0);
  shareable__journal_each(&folder, clean_up, &is_cleared);
  need((access(block, F_OK) != 0) == (is_cleared && is_named) && (access(folder.path, F_OK) != 0) == is_cleared);
  shareable__journal_remove(journal);
  unlink(block);
  free(copy);
  return 0;
}
