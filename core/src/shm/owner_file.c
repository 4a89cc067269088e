/*
 * owner_file.c - the ownership log that this process writes: creating its file, growing it, and
 * finding free entries.
 */
#include "shm/owner_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limit.h"
#include "base/platform.h"
#include "base/process.h"
#include "base/random.h"
#include "shm/moved.h"

#define CHUNK ((size_t)8192)
enum { TRIES = 100 };

size_t shareable__owner_file_grown_size(unsigned count) {
  return CHUNK * (((size_t)2 << count) - 1);
}

static int reserve(int fd, size_t offset, size_t size) {
  shareable__held_signal held;
  int errnum;

  if (shareable__limit_exceeded(offset + size))
    return EFBIG;
  held = shareable__limit_signal_hold();
  do
    errnum = posix_fallocate(fd, (off_t)offset, (off_t)size);
  while (errnum == EINTR);
  shareable__limit_signal_release(&held, errnum);
  return errnum;
}

/*
 * Reserves the memory first, so that a full file system is an error here and not SIGBUS at a store.
 * The mapping keeps the lock on the log. A fork's child inherits it, and so keeps the lock too.
 */
static int map_chunk(shareable__owner_file *file, int fd) {
  size_t size = CHUNK << file->count, offset = CHUNK * (((size_t)1 << file->count) - 1);
  int errnum = reserve(fd, offset, size);
  void *base;

  if (errnum != 0)
    return errnum;
  base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
  if (base == MAP_FAILED)
    return errno;
  file->chunks[file->count++] = (shareable__owner_file_chunk){base, size};
  return 0;
}

/* Only a new log is unmapped, so there is one chunk. */
static void unmap(shareable__owner_file *file) {
  if (file->count > 0)
    munmap(file->chunks[0].base, file->chunks[0].size);
  file->count = 0;
}

static shareable__ownership_log_header *header_of(const shareable__owner_file *file) {
  return (shareable__ownership_log_header *)(void *)file->chunks[0].base;
}

/*
 * Stores a pid last: another process that reads the pid also finds the start and its namespace.
 */
void shareable__owner_file_set_successors(const shareable__owner_file *file, const shareable__owner_facts *facts) {
  shareable__ownership_log_header *header = header_of(file);

  header->time_namespace = facts->time_namespace;
  for (size_t i = 0; i < SHAREABLE__SUCCESSORS; i++) {
    header->successors[i].start = facts->successors[i].start;
    __atomic_store_n(&header->successors[i].pid, facts->successors[i].pid, __ATOMIC_RELEASE);
  }
}

void shareable__owner_file_set_kind(const shareable__owner_file *file, uint32_t kind) {
  __atomic_store_n(&header_of(file)->kind, kind, __ATOMIC_RELEASE);
}

/*
 * Before a file with a name is locked, a reaper may take it for one that a killed process left, and
 * unlink it.
 */
static int lock_log(int fd, bool has_name) {
  struct stat status;

  if (!shareable__ownership_log_lock_file(fd, false))
    return EEXIST;
  if (fstat(fd, &status) != 0)
    return errno;
  return !has_name || status.st_nlink == 1 ? 0 : EEXIST;
}

/* Stores the magic word last: a log that is not locked means that its owner has ended. */
static int fill_header(const shareable__owner_file *file, int fd, bool has_name, const shareable__owner_facts *facts) {
  shareable__ownership_log_header *header = header_of(file);
  int errnum = lock_log(fd, has_name);

  if (errnum != 0)
    return errnum;
  header->pid_namespace = shareable__pid_namespace();
  header->pid = getpid();
  header->kind = facts->kind;
  shareable__owner_file_set_successors(file, facts);
  __atomic_store_n(&header->magic, SHAREABLE__OWNERSHIP_LOG_MAGIC, __ATOMIC_RELEASE);
  return 0;
}

/* Links the descriptor if the kernel permits this process to, otherwise its path in /proc. */
static int link_log(int fd, int directory, const char *name) {
  char source[32];

  if (linkat(fd, "", directory, name, AT_EMPTY_PATH) == 0)
    return 0;
  if (errno == EEXIST)
    return EEXIST;
  snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, source, directory, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* fchmod() restores the rights that the umask has removed from the user. */
static int fill_log(shareable__owner_file *file, int fd, int directory, bool has_name,
                    const shareable__owner_facts *facts) {
  int errnum = fchmod(fd, S_IRUSR | S_IWUSR) == 0 ? map_chunk(file, fd) : errno;

  if (errnum == 0 && !shareable__file_id_of(fd, &file->id))
    errnum = errno;
  if (errnum == 0)
    errnum = fill_header(file, fd, has_name, facts);
  if (errnum == 0 && !has_name)
    errnum = link_log(fd, directory, file->name);
  if (errnum != 0)
    unmap(file);
  return errnum;
}

/*
 * The log gets its name when it is complete, so that a process that is killed here leaves nothing.
 */
static int create_unnamed(shareable__owner_file *file, int directory, const shareable__owner_facts *facts) {
#if SHAREABLE__LINUX
  int fd = shareable__openat(directory, ".", O_RDWR | O_TMPFILE, S_IRUSR | S_IWUSR), errnum;

  if (fd < 0)
    return errno == EISDIR ? EOPNOTSUPP : errno;
  errnum = fill_log(file, fd, directory, false, facts);
  close(fd); /* the mapping keeps the open file description, and the description keeps the lock */
  return errnum == ENOENT || errnum == EPERM ? EOPNOTSUPP : errnum; /* it cannot be linked */
#else
  (void)file;
  (void)directory;
  (void)facts;
  return EOPNOTSUPP;
#endif
}

static int create_named(shareable__owner_file *file, int directory, const shareable__owner_facts *facts) {
  int fd = shareable__openat(directory, file->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, S_IRUSR | S_IWUSR), errnum;

  if (fd < 0)
    return errno;
  errnum = fill_log(file, fd, directory, true, facts);
  if (errnum != 0)
    unlinkat(directory, file->name, 0);
  close(fd);
  return errnum;
}

static int create_in(shareable__owner_file *file, const shareable__owner_directory *directory,
                     const shareable__owner_facts *facts) {
  uint64_t bits;
  int errnum = shareable__random(&bits, sizeof bits);

  if (errnum != 0)
    return errnum;
  snprintf(file->name, sizeof file->name, "%016" PRIx64, bits);
  strcpy(file->directory, directory->name);
  errnum = create_unnamed(file, directory->fd, facts);
  return errnum == EOPNOTSUPP ? create_named(file, directory->fd, facts) : errnum;
}

/* Another process may remove the directory concurrently, with the last log in it. */
int shareable__owner_file_create(shareable__owner_file *file, const shareable__owner_facts *facts) {
  shareable__owner_directory directory;
  int errnum = ENOENT;

  *file = (shareable__owner_file){.next = 1}; /* the header takes the place of entry 0 */
  for (int tries = 0; tries < TRIES && (errnum == ENOENT || errnum == EEXIST); tries++) {
    errnum = shareable__owner_directory_create(&directory);
    if (errnum != 0)
      continue;
    errnum = create_in(file, &directory, facts);
    if (errnum != 0)
      shareable__owner_directory_remove(&directory); /* if it is empty */
    shareable__owner_directory_close(&directory);
  }
  return errnum;
}

static int open_directory(const shareable__owner_file *file, shareable__owner_directory *directory) {
  int shm = shareable__shm_directory_open(), errnum;

  if (shm < 0)
    return errno;
  errnum = shareable__owner_directory_open(shm, file->directory, directory);
  close(shm);
  return errnum;
}

/* Unlinks the log, and the directory if it is empty then. */
static void unlink_log(const shareable__owner_file *file) {
  shareable__owner_directory directory;

  if (open_directory(file, &directory) != 0)
    return;
  shareable__ownership_log_remove(
    &(shareable__ownership_log){.fd = -1, .directory = &directory, .name = file->name, .id = file->id});
  shareable__owner_directory_close(&directory);
}

void shareable__owner_file_remove(shareable__owner_file *file) {
  unlink_log(file);
  unmap(file);
}

/* Counts the entries of all chunks. Entry 0 is the header. Returns NULL past the end. */
static shareable__ownership_entry *entry_at(const shareable__owner_file *file, size_t index) {
  for (unsigned k = 0; k < file->count; k++) {
    size_t entries = file->chunks[k].size / sizeof(shareable__ownership_entry);
    if (index < entries)
      return (shareable__ownership_entry *)(void *)file->chunks[k].base + index;
    index -= entries;
  }
  return NULL;
}

static shareable__ownership_entry *find_free(shareable__owner_file *file, size_t first, size_t end) {
  for (size_t i = first; i < end; i++) {
    shareable__ownership_entry *entry = entry_at(file, i);

    if (entry == NULL)
      return NULL;
    if (entry->state == SHAREABLE__ENTRY_FREE) {
      file->next = i + 1;
      return entry;
    }
  }
  return NULL;
}

void shareable__owner_file_free_entry(shareable__ownership_entry *entry) {
  __atomic_store_n(&entry->inode, 0, __ATOMIC_RELEASE);
  entry->state = SHAREABLE__ENTRY_FREE;
}

/* Marks the entries of blocks that do not have their names. Returns whether there are any. */
static bool mark_missing(const shareable__owner_file *file, int fd) {
  shareable__ownership_entry *entry;
  bool found = false;

  for (size_t i = 1; (entry = entry_at(file, i)) != NULL; i++)
    if (entry->state == SHAREABLE__ENTRY_PUBLISHED &&
        shareable__ownership_entry_matches_block(fd, entry) == SHAREABLE__NO) {
      entry->state = SHAREABLE__ENTRY_MISSING;
      found = true;
    }
  return found;
}

static bool is_gone(const shareable__ownership_entry *entry, int fd, const shareable__file_set *moved) {
  const shareable__file_id block = {entry->device, entry->inode};

  return shareable__ownership_entry_matches_block(fd, entry) == SHAREABLE__NO &&
         !shareable__file_set_has(moved, &block);
}

/*
 * Frees the entries of blocks that were unlinked by name. A block without its name may be moved for
 * a moment.
 */
static void drop_stale_entries(const shareable__owner_file *file, int fd) {
  shareable__file_set moved = {0};
  shareable__ownership_entry *entry;
  bool is_complete;

  if (!mark_missing(file, fd))
    return;
  is_complete = shareable__moved_find(&moved);
  for (size_t i = 1; (entry = entry_at(file, i)) != NULL; i++) {
    if (entry->state != SHAREABLE__ENTRY_MISSING)
      continue;
    entry->state = SHAREABLE__ENTRY_PUBLISHED;
    if (is_complete && is_gone(entry, fd, &moved))
      shareable__owner_file_free_entry(entry);
  }
  shareable__file_set_free(&moved);
}

/* Opens the log for writing. Returns a descriptor, or -1 with errno. */
static int open_log(const shareable__owner_file *file) {
  shareable__owner_directory directory;
  int errnum = open_directory(file, &directory), fd;

  errno = errnum;
  if (errnum != 0)
    return -1;
  fd = shareable__ownership_log_open_for_writing(
    &(shareable__ownership_log){.directory = &directory, .name = file->name, .id = file->id});
  errnum = errno;
  shareable__owner_directory_close(&directory);
  errno = errnum;
  return fd;
}

static bool has_entries(const shareable__owner_file *file) {
  shareable__ownership_entry *entry;

  for (size_t i = 1; (entry = entry_at(file, i)) != NULL; i++)
    if (entry->state != SHAREABLE__ENTRY_FREE)
      return true;
  return false;
}

bool shareable__owner_file_unlink_unused(shareable__owner_file *file) {
  int fd = open_log(file);

  if (fd < 0)
    return false;
  drop_stale_entries(file, fd);
  close(fd);
  if (has_entries(file))
    return false;
  unlink_log(file);
  return true;
}

/* Finds an entry if none is marked as free: one whose block is gone, or one in a new chunk. */
static int grow(shareable__owner_file *file, shareable__ownership_entry **entry) {
  int fd = open_log(file), errnum = 0;

  if (fd < 0)
    return errno;
  drop_stale_entries(file, fd);
  *entry = find_free(file, 1, SIZE_MAX);
  if (*entry == NULL) {
    errnum = file->count < SHAREABLE__OWNER_FILE_CHUNKS ? map_chunk(file, fd) : ENOSPC;
    if (errnum == 0)
      *entry = find_free(file, 1, SIZE_MAX);
  }
  close(fd);
  return errnum;
}

int shareable__owner_file_reserve(shareable__owner_file *file, shareable__ownership_entry **entry) {
  *entry = find_free(file, file->next, SIZE_MAX);
  if (*entry == NULL)
    *entry = find_free(file, 1, file->next);
  if (*entry == NULL) {
    int errnum = grow(file, entry);
    if (errnum != 0)
      return errnum;
  }
  if (*entry == NULL)
    return ENOSPC;
  (*entry)->state = SHAREABLE__ENTRY_PENDING;
  (*entry)->use++;
  return 0;
}
