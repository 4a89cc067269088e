/*
 * attack_blocks.c - attacks on blocks and lists: locks, contents, names that change, mappings that
 * are hard to see.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <shareable.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"
#include "board.h"
#include "canaries.h"
#include "victims.h"

enum { PATH = 128, LOCKED = 4 };

/* Opens a victim's file that the attacker may read: the closed list, or any block. */
static int open_readable(void) {
  DIR *stream;
  const struct dirent *entry;
  int fd = -1;

  if (random_below(2) == 0)
    return open(SHM CLOSED_LIST, O_RDONLY | O_CLOEXEC);
  stream = opendir("/dev/shm");
  while (fd < 0 && stream != NULL && (entry = readdir(stream)) != NULL)
    if (entry->d_name[0] != '.' && strncmp(entry->d_name, "attacker-", 9) != 0 && random_below(6) == 0)
      fd = openat(dirfd(stream), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (stream != NULL)
    closedir(stream);
  return fd;
}

/*
 * Locks every byte from `start` on that no writer has locked: no other process can then lock such a
 * byte for writing.
 */
static bool lock_gaps(int fd, off_t start) {
  bool done = false;

  for (int gaps = 0; gaps < 40; gaps++) {
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = start}, other = lock;

    if (fcntl(fd, F_OFD_GETLK, &other) != 0)
      break;
    if (other.l_type != F_UNLCK && other.l_start > start)
      lock.l_len = other.l_start - start;
    if (other.l_type == F_UNLCK || other.l_start > start)
      done = fcntl(fd, F_OFD_SETLK, &lock) == 0 || done;
    if (other.l_type == F_UNLCK || other.l_len == 0)
      break;
    start = other.l_start + other.l_len;
  }
  return done;
}

/*
 * Locks a whole file, everything past any file, or single bytes there: the library keeps its own
 * locks in that range.
 */
static bool lock_somewhere(int fd) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

  switch (random_below(8)) {
  case 6:
    return lock_gaps(fd, 0);
  case 7:
    return lock_gaps(fd, INT64_C(1) << 62);
  case 0:
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
  case 1:
    break;
  case 2:
    lock.l_start = INT64_C(1) << 62;
    break;
  case 3:
    lock.l_start = (INT64_C(1) << 62) - 1;
    lock.l_len = 1;
    break;
  case 4:
    lock.l_start = INT64_C(1) << 61;
    lock.l_len = INT64_C(1) << 62;
    break;
  default:
    lock.l_start = (INT64_C(1) << 62) + random_below(1u << 31);
    lock.l_len = 1 + random_below(1u << 31);
  }
  return fcntl(fd, random_below(4) == 0 ? F_SETLK : F_OFD_SETLK, &lock) == 0;
}

bool attack_lock(void) {
  int files[LOCKED];
  bool done = false;

  for (int k = 0; k < LOCKED; k++) {
    files[k] = open_readable();
    done = (files[k] >= 0 && lock_somewhere(files[k])) || done;
  }
  sleep_us(3000 + random_below(15000));
  for (int k = 0; k < LOCKED; k++)
    if (files[k] >= 0)
      close(files[k]);
  return done;
}

static bool overwrite(int fd, off_t size) {
  uint64_t words[16];
  size_t count = 1 + random_below(16);

  for (size_t i = 0; i < count; i++)
    words[i] =
      random_below(3) == 0 ? UINT64_MAX - random_below(64) : (uint64_t)random_below(1u << 31) * random_below(5);
  return pwrite(fd, words, count * 8, (off_t)(random_below((unsigned)size / 8 + 1) * 8)) > 0;
}

static bool overwrite_or_truncate(int fd) {
  struct stat file;

  if (fstat(fd, &file) != 0)
    return false;
  switch (random_below(8)) {
  case 0:
    return ftruncate(fd, random_below(2) == 0 ? 0 : (off_t)random_below(8192)) == 0;
  case 1:
    return ftruncate(fd, (off_t)random_below(1u << 24)) == 0;
  default:
    return overwrite(fd, file.st_size > 1 << 20 ? 1 << 20 : file.st_size);
  }
}

/* Creates a list of the attacker that looks like any other at first. */
static int copy_open_list(const char *path) {
  char bytes[8192];
  int source = open(SHM OPEN_LIST, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  int copy = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  ssize_t length = source < 0 ? 0 : read(source, bytes, sizeof bytes);

  if (copy >= 0 && length > 0 && write(copy, bytes, (size_t)length) < 0)
    perror(path);
  if (source >= 0)
    close(source);
  return copy;
}

static bool damage_list(void) {
  char path[PATH] = SHM OPEN_LIST;
  int fd;
  bool done = false;

  if (random_below(3) == 0) {
    snprintf(path, sizeof path, SHM "attacker-list-%d", getpid());
    fd = copy_open_list(path);
  } else {
    fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  }
  for (int k = 0; fd >= 0 && k < 10; k++) {
    done = overwrite_or_truncate(fd) || done;
    sleep_us(random_below(300));
  }
  if (fd >= 0)
    close(fd);
  return done;
}

static void store_forever(shareable_list *list) {
  static char text[CORRUPT_TEXT];

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  memset(text, 'a', sizeof text);
  for (;;) {
    shareable_list_set_str(list, 0, text, sizeof text);
    shareable_list_set_int(list, 0, 5);
  }
}

/* Kills one of the attacker's own writers while it stores a long text over an int. */
static bool corrupt(shareable_list *list) {
  int64_t number;
  pid_t child = fork();

  if (child == 0)
    store_forever(list);
  sleep_us(3000 + random_below(2000));
  kill(child, SIGKILL);
  wait_for(child);
  return shareable_list_get_int(list, 0, &number) == SHAREABLE_E_CORRUPT;
}

/*
 * Runs in one attacker at a time. While board.corruption is odd and unchanged, the item is corrupt.
 */
static bool corrupt_for_a_while(void) {
  shareable_list *list = NULL;
  int none = 0;
  bool done = false;

  if (!__atomic_compare_exchange_n(&shared->corrupter, &none, getpid(), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return false;
  if (shareable_list_open(&list, CORRUPT_LIST, 0, NULL) == SHAREABLE_OK) {
    done = corrupt(list);
    if (done) {
      __atomic_add_fetch(&shared->corruption, 1, __ATOMIC_SEQ_CST);
      sleep_us(8000);
      __atomic_add_fetch(&shared->corruption, 1, __ATOMIC_SEQ_CST);
    }
    shareable_list_set_int(list, 0, 5);
  }
  shareable_list_unref(list);
  __atomic_store_n(&shared->corrupter, 0, __ATOMIC_RELEASE);
  return done;
}

bool attack_contents(void) {
  return random_below(3) == 0 ? corrupt_for_a_while() : damage_list();
}

/*
 * Slows down other changes of names in /dev/shm, to lengthen the time between a check and the
 * unlink that follows it.
 */
static bool exchange_names(uint64_t end) {
  char a[PATH], b[PATH];
  bool done = false;

  snprintf(a, sizeof a, SHM "attacker-a-%d", getpid());
  snprintf(b, sizeof b, SHM "attacker-b-%d", getpid());
  close(open(a, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  close(open(b, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  while (clock_now() < end)
    done = renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0 || done;
  unlink(a);
  unlink(b);
  return done;
}

/*
 * Creates a block under a name that a victim's block had. It must remain until the attacker removes
 * it.
 */
static void take_name(void) {
  char path[PATH];
  struct stat before, after;
  int fd;

  snprintf(path, sizeof path, SHM "%.39s", shared->replaced);
  fd = shared->replaced[0] == '\0' ? -1 : open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    return;
  fstat(fd, &before);
  sleep_us(random_below(5000));
  if (lstat(path, &after) != 0 || after.st_ino != before.st_ino)
    violation(REMOVED, "another user's block, which took the name of a dead owner's block, was removed: '%s'", path);
  unlink(path);
  close(fd);
}

/*
 * Links blocks that every user may write. The supervisor removes the links: only the block's owner
 * and root can.
 */
static bool link_blocks(void) {
  static unsigned count;
  DIR *stream = opendir("/dev/shm");
  const struct dirent *entry;
  char path[PATH];
  bool done = false;

  while (stream != NULL && (entry = readdir(stream)) != NULL)
    if (strncmp(entry->d_name, "owned-", 6) == 0 && random_below(4) == 0) {
      snprintf(path, sizeof path, SHM LINK_PREFIX "%d-%u", getpid(), count++);
      done = linkat(dirfd(stream), entry->d_name, AT_FDCWD, path, 0) == 0 || done;
    }
  if (stream != NULL)
    closedir(stream);
  return done;
}

bool attack_replace(void) {
  bool done = exchange_names(clock_now() + 6000000);

  done = link_blocks() || done;
  take_name();
  return done;
}

static void *pause_forever(void *nothing) {
  for (;;)
    pause();
  return nothing;
}

/* Opens the block in one of several ways, then marks the bait as held. */
static void hold(bait *offer) {
  unsigned how = random_below(4);
  char path[PATH];
  pthread_t thread;
  int fd;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  snprintf(path, sizeof path, SHM "%.39s", offer->name);
  fd = open(path, O_RDONLY | O_NOFOLLOW);
  if (fd < 0)
    _exit(1);
  if (how != 0) {
    if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
      _exit(1);
    close(fd);
  }
  if (how == 1 && pthread_create(&thread, NULL, pause_forever, NULL) != 0)
    _exit(1);
  __atomic_store_n(&offer->state, BAIT_HELD, __ATOMIC_RELEASE);
  if (how == 1)
    pthread_exit(NULL); /* a process without its first thread shows no mappings in /proc */
  pause_forever(NULL);
}

/*
 * Holds the bait until the victim has checked it. Returns false if the holder cannot open the block.
 */
static bool hold_until_checked(bait *offer) {
  pid_t holder = fork();
  bool done = false, lives = true;

  if (holder == 0)
    hold(offer);
  while (lives && !done) {
    sleep_us(300);
    done = __atomic_load_n(&offer->state, __ATOMIC_ACQUIRE) == BAIT_CHECKED;
    lives = waitpid(holder, NULL, WNOHANG) == 0;
  }
  if (lives) {
    kill(holder, SIGKILL);
    wait_for(holder);
  }
  __atomic_store_n(&offer->state, BAIT_FREE, __ATOMIC_RELEASE);
  return done;
}

bool attack_mapped(void) {
  for (int checks = 0; checks < 20; checks++) {
    for (unsigned k = 0; k < BAITS; k++) {
      int offered = BAIT_OFFERED;

      if (__atomic_compare_exchange_n(&shared->baits[k].state, &offered, BAIT_TAKEN, false, __ATOMIC_ACQ_REL,
                                      __ATOMIC_ACQUIRE))
        return hold_until_checked(&shared->baits[k]);
    }
    sleep_us(500);
  }
  return false;
}
