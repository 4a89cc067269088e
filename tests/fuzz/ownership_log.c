/*
 * ownership_log.c - reads arbitrary bytes as the ownership log of a dead process, and checks that a
 * block is unlinked only if the log names it by name, device and inode. There is one block. The
 * target replaces the inode 1 in an entry by the block's inode, the device 1 by its device, and a name
 * that begins with @ by its name.
 */
#include "shm/ownership_log.h"
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char block[64], directory_path[96];

/* Replaces the placeholders in the entries. Returns true if an entry then names the block. */
static bool name_block(uint8_t *bytes, size_t size, const struct stat *status) {
  const char *name = strrchr(block, '/') + 1;
  bool is_named = false;

  for (size_t k = 1; (k + 1) * sizeof(shareable__ownership_entry) <= size; k++) { /* the first is the header */
    shareable__ownership_entry *entry = (shareable__ownership_entry *)(void *)bytes + k;

    entry->inode = entry->inode == 1 ? status->st_ino : entry->inode;
    entry->device = entry->device == 1 ? status->st_dev : entry->device;
    if (entry->name[0] == '@')
      snprintf(entry->name, sizeof entry->name, "%s", name);
    is_named |= entry->inode == status->st_ino && entry->device == status->st_dev &&
                strncmp(entry->name, name, sizeof entry->name) == 0;
  }
  return is_named;
}

static void clean_up(shareable__ownership_log *log, void *is_cleared) {
  shareable__ownership_log_header header;

  need(shareable__ownership_log_lock(log, false));
  *(bool *)is_cleared = shareable__ownership_log_read_header(log->fd, &header) == SHAREABLE__YES &&
                        shareable__living_successor(&header) == 0;
  if (*(bool *)is_cleared)
    shareable__ownership_log_unlink_blocks(log);
}

static void create_directory(shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open();
  char name[40];

  snprintf(name, sizeof name, ".shareable-%lu.f%ld", (unsigned long)geteuid(), (long)getpid());
  need(shm >= 0 && mkdirat(shm, name, 0700) == 0 && shareable__owner_directory_open(shm, name, directory) == 0);
  close(shm);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  uint64_t *copy = calloc(1, size + 1);
  bool is_named, is_cleared = false;
  shareable__owner_directory directory;
  struct stat status;
  int fd;

  snprintf(block, sizeof block, "/dev/shm/fuzz-test-%ld", (long)getpid());
  fd = open(block, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  need(copy != NULL && fd >= 0 && fstat(fd, &status) == 0 && close(fd) == 0);
  is_named = name_block(memcpy(copy, bytes, size), size, &status);
  create_directory(&directory);
  need((fd = openat(directory.fd, "log", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0);
  need(write(fd, copy, size) == (ssize_t)size && close(fd) == 0);
  shareable__ownership_log_foreach(&directory, clean_up, &is_cleared);
  snprintf(directory_path, sizeof directory_path, "/dev/shm/%s", directory.name);
  need((access(block, F_OK) != 0) == (is_cleared && is_named) && (access(directory_path, F_OK) != 0) == is_cleared);
  unlinkat(directory.fd, "log", 0);
  rmdir(directory_path);
  shareable__owner_directory_close(&directory);
  unlink(block);
  free(copy);
  return 0;
}
