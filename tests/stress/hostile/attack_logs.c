/*
 * attack_logs.c - attacks on the directories that contain the library's ownership logs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <shareable.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"
#include "board.h"
#include "canaries.h"
#include "victims.h"

enum { PATH = 128, LEASED_LOGS = 100, LEASED_BLOCKS = 50 };

/* It has the same length as a canary's name, so that it can be replaced in the log. */
#define OWN_BLOCK "myown-00000"

static void free_name(char *path, size_t size, const char *kind) {
  static unsigned count;

  snprintf(path, size, SHM "%s%d-%u", kind, getpid(), count++);
}

bool directory_make(char *path, size_t size) {
  static const char *const wanted[] = {".shareable-0",       ".shareable-65532",   ".shareable-0.1",
                                       ".shareable-65532.1", ".shareable-65533.9", ".shareable-x"};

  snprintf(path, size, SHM "%s", wanted[random_below(6)]);
  if (mkdir(path, random_below(2) == 0 ? 0755 : 0777) == 0)
    return true;
  free_name(path, size, ".shareable-");
  return mkdir(path, 0755) == 0;
}

static void remove_inside(int directory) {
  DIR *stream = fdopendir(directory);
  const struct dirent *entry;

  while (stream != NULL && (entry = readdir(stream)) != NULL)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
        unlinkat(directory, entry->d_name, 0) != 0 && errno == EISDIR)
      unlinkat(directory, entry->d_name, AT_REMOVEDIR);
  if (stream != NULL)
    closedir(stream);
}

void remove_all(const char *path) {
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (directory >= 0)
    remove_inside(directory);
  if (unlink(path) != 0)
    rmdir(path);
}

/* Stores the log if it names the attacker's block. */
static void read_log(int fd) {
  log_template *log = &shared->log;
  ssize_t length = read(fd, log->bytes, sizeof log->bytes);

  if (length > 0 && memmem(log->bytes, (size_t)length, OWN_BLOCK, strlen(OWN_BLOCK)) != NULL)
    log->length = (size_t)length;
}

static void find_log(const char *directory) {
  DIR *stream = opendir(directory);
  const struct dirent *entry;

  while (stream != NULL && shared->log.length == 0 && (entry = readdir(stream)) != NULL) {
    int fd = openat(dirfd(stream), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
      continue;
    read_log(fd);
    close(fd);
  }
  if (stream != NULL)
    closedir(stream);
}

/* The test does not know the format, but a log contains the block's name and its inode. */
static void find_offsets(uint64_t inode) {
  log_template *log = &shared->log;

  for (size_t i = 0; i + strlen(OWN_BLOCK) < log->length; i++) {
    if (i % 8 == 0 && memcmp(log->bytes + i, &inode, sizeof inode) == 0 && log->inode_count < PLACES)
      log->inodes[log->inode_count++] = i;
    if (memcmp(log->bytes + i, OWN_BLOCK, strlen(OWN_BLOCK)) == 0 && log->name_count < PLACES)
      log->names[log->name_count++] = i;
  }
}

/* The attacker creates an owned block with a reaper that does nothing, to get a log. */
bool log_learn(void) {
  shareable_memory *memory = NULL;
  struct stat block;
  char directory[PATH];

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  if (shareable_memory_create(&memory, OWN_BLOCK, 64, SHAREABLE_OWNED, 0600, NULL) != SHAREABLE_OK ||
      stat(SHM OWN_BLOCK, &block) != 0)
    return false;
  snprintf(directory, sizeof directory, SHM ".shareable-%u", (unsigned)geteuid());
  find_log(directory);
  find_offsets(block.st_ino);
  shareable_memory_unlink(memory, NULL);
  return shared->log.name_count > 0 && shared->log.inode_count > 0;
}

bool log_write(int fd, uid_t canary) {
  const log_template *log = &shared->log;
  uint64_t inode = canary_inode(canary);
  char name[sizeof OWN_BLOCK];
  bool done = pwrite(fd, log->bytes, log->length, 0) == (ssize_t)log->length;

  canary_name(name, canary);
  for (size_t k = 0; k < log->name_count; k++)
    done = done && pwrite(fd, name, strlen(name), (off_t)log->names[k]) > 0;
  for (size_t k = 0; k < log->inode_count; k++)
    done = done && pwrite(fd, &inode, sizeof inode, (off_t)log->inodes[k]) > 0;
  return done;
}

int log_create(const char *path, uid_t canary) {
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

  if (fd >= 0 && !log_write(fd, canary)) {
    close(fd);
    return -1;
  }
  return fd;
}

static uid_t any_victim(void) {
  return random_below(2) == 0 ? 0 : FIRST_USER;
}

/* Waits until files in the directory were opened a few times, for at most 30 milliseconds. */
static void wait_for_opens(const char *directory) {
  int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  struct pollfd poll_watch = {.fd = watch, .events = POLLIN};
  char events[4096];
  uint64_t end = clock_now() + 30000000;

  inotify_add_watch(watch, directory, IN_OPEN);
  for (unsigned left = 1 + random_below(8); left > 0 && clock_now() < end; left--)
    if (poll(&poll_watch, 1, 10) == 1 && read(watch, events, sizeof events) < 0)
      break;
  close(watch);
}

bool attack_swap(void) {
  char directory[PATH], away[PATH], path[PATH + 40];
  bool done = false;
  int fd;

  if (!directory_make(directory, sizeof directory))
    return false;
  for (int k = 0; k < 3; k++) {
    snprintf(path, sizeof path, "%s/" OUTSIDE_FILE "%d", directory, k);
    fd = log_create(path, FIRST_USER);
    if (fd >= 0) {
      unsigned char zeros[LOG_SIZE / 8] = {0};
      /* A log without entries: gc removes such a log. */
      if (pwrite(fd, zeros, sizeof zeros, 512) > 0 && ftruncate(fd, 512 + sizeof zeros) == 0)
        close(fd);
    }
  }
  wait_for_opens(directory);
  free_name(away, sizeof away, "attacker-away-");
  snprintf(path, sizeof path, "%s/outside-%u", work_directory, (unsigned)any_victim());
  if (symlink(path, away) == 0) {
    done = renameat2(AT_FDCWD, directory, AT_FDCWD, away, RENAME_EXCHANGE) == 0;
    sleep_us(random_below(3000));
  }
  remove_all(away);
  remove_all(directory);
  return done;
}

/* Forges a log in a block that every user may write, and links it into a log directory. */
static bool link_public(const char *path, uid_t owner) {
  char block[PATH];
  int fd;
  bool done;

  snprintf(block, sizeof block, SHM PUBLIC_BLOCK, (unsigned)owner);
  fd = open(block, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  done = fd >= 0 && log_write(fd, owner) && link(block, path) == 0;
  if (fd >= 0)
    close(fd);
  return done;
}

bool attack_forge(void) {
  char directory[PATH], path[PATH + 40];
  uid_t victim = any_victim();
  int fd = -1;
  bool done;

  if (!directory_make(directory, sizeof directory))
    return false;
  snprintf(path, sizeof path, "%s/%016x", directory, random_below(1u << 31));
  if (random_below(2) == 0) {
    done = link_public(path, victim);
  } else {
    fd = log_create(path, victim);
    done = fd >= 0;
    if (done && random_below(4) == 0)
      done = ftruncate(fd, INT64_C(1) << 40) == 0;
  }
  sleep_us(2000 + random_below(10000));
  if (fd >= 0)
    close(fd);
  remove_all(directory);
  return done;
}

static bool make_special(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd;
  bool done;

  switch (random_below(4)) {
  case 0:
    return mkfifo(path, 0666) == 0;
  case 1:
    return mkdir(path, 0777) == 0;
  case 2:
    return symlink(path, path) == 0;
  default:
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    done = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return done;
  }
}

/* Exchanges a log with another kind of file many times. */
bool attack_special(void) {
  char directory[PATH], log[PATH + 8], special[PATH + 8];
  bool done = false;

  if (!directory_make(directory, sizeof directory))
    return false;
  snprintf(log, sizeof log, "%s/log", directory);
  snprintf(special, sizeof special, "%s/other", directory);
  int fd = log_create(log, FIRST_USER);
  if (fd >= 0)
    close(fd);
  if (make_special(special)) {
    for (uint64_t end = clock_now() + 10000000; clock_now() < end;) {
      done = renameat2(AT_FDCWD, log, AT_FDCWD, special, RENAME_EXCHANGE) == 0 || done;
      sleep_us(random_below(60));
    }
  }
  remove_all(directory);
  if (random_below(4) == 0) { /* a special file in place of the directory */
    done = make_special(directory) || done;
    sleep_us(2000);
    remove_all(directory);
  }
  return done;
}

/* Takes leases on many logs and blocks, and keeps them. */
static void take_leases(void) {
  char directory[PATH], path[PATH + 40];

  free_name(directory, sizeof directory, ".shareable-");
  mkdir(directory, 0755);
  for (int k = 0; k < LEASED_LOGS + LEASED_BLOCKS; k++) {
    if (k < LEASED_LOGS)
      snprintf(path, sizeof path, "%s/%016d", directory, k);
    else
      snprintf(path, sizeof path, SHM "attacker-leased-%d-%d", getpid(), k);
    int fd = k < LEASED_LOGS ? log_create(path, 0) : open(path, O_RDWR | O_CREAT, 0666);

    if (fd >= 0 && fcntl(fd, F_SETLEASE, F_WRLCK) != 0)
      close(fd);
  }
}

/* Runs in one process of the attacker only. */
static void keep_leases(void) {
  static bool is_first = true;
  int none = 0;

  if (!is_first)
    return;
  is_first = false;
  if (__atomic_compare_exchange_n(&shared->leases_held, &none, getpid(), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    take_leases();
}

static bool copy_program(const char *path) {
  static char program[1 << 20];
  int source = open("/bin/sleep", O_RDONLY | O_CLOEXEC);
  int copy = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
  ssize_t length = read(source, program, sizeof program);
  bool done = length > 0 && write(copy, program, (size_t)length) == length;

  close(source);
  close(copy);
  return done;
}

static bool run_program(const char *path) {
  pid_t child;

  if (!copy_program(path))
    return false;
  child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(path, "sleep", "60", (char *)NULL);
    _exit(1);
  }
  sleep_us(5000 + random_below(5000));
  kill(child, SIGKILL);
  return WIFSIGNALED(wait_for(child));
}

static bool lease_one(const char *path) {
  int fd = log_create(path, any_victim());
  bool done = fd >= 0 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0;

  sleep_us(3000 + random_below(8000));
  if (fd >= 0)
    close(fd);
  return done;
}

bool attack_lease(void) {
  char directory[PATH], path[PATH + 8];
  bool done;

  keep_leases();
  if (!directory_make(directory, sizeof directory))
    return false;
  snprintf(path, sizeof path, "%s/log", directory);
  done = random_below(4) == 0 ? run_program(path) : lease_one(path);
  remove_all(directory);
  return done;
}

static bool squat(const char *path) {
  switch (random_below(5)) {
  case 0:
    return mkdir(path, 0700) == 0;
  case 1:
    return mkdir(path, 0777) == 0;
  case 2:
    return close(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) == 0;
  case 3:
    return symlink("/dev/shm/elsewhere", path) == 0;
  default:
    return mkfifo(path, 0666) == 0;
  }
}

/*
 * Takes the name of the user's directory and the names after it, and creates a file whose name has
 * escape sequences of a terminal.
 */
bool attack_squat(void) {
  unsigned count = 1 + random_below(20);
  uid_t victim = any_victim();
  char path[PATH], name[PATH];
  bool done = false;

  for (unsigned k = 0; k < count; k++) {
    snprintf(path, sizeof path, k == 0 ? SHM ".shareable-%u" : SHM ".shareable-%u.%u", (unsigned)victim, k);
    done = squat(path) || done;
  }
  done = squat(SHM ".shareable-gc") || done;
  snprintf(name, sizeof name,
           SHM "attacker-\033]0;%d\a\xc2\x9b"
               "2J\n",
           getpid());
  close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  sleep_us(2000 + random_below(20000));
  for (unsigned k = 0; k < count; k++) {
    snprintf(path, sizeof path, k == 0 ? SHM ".shareable-%u" : SHM ".shareable-%u.%u", (unsigned)victim, k);
    remove_all(path);
  }
  remove_all(SHM ".shareable-gc");
  unlink(name);
  return done;
}

static bool write_map(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

  if (fd >= 0)
    close(fd);
  return done;
}

/* Becomes root of a new user namespace, as unshare(1) -r does. */
static bool become_root(void) {
  char users[40], groups[40];

  snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
  snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
  return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_map("/proc/self/setgroups", "deny") &&
         write_map("/proc/self/uid_map", users) && write_map("/proc/self/gid_map", groups);
}

/* As root of the namespace, owns a block, makes a directory, and runs gc. */
static void be_root(void) {
  shareable_memory *memory = NULL;
  shareable_gc *gc = NULL;
  char name[40];

  if (!become_root())
    _exit(1);
  snprintf(name, sizeof name, "attacker-root-%d", getpid());
  if (random_below(2) == 0)
    mkdir(SHM ".shareable-0", random_below(2) == 0 ? 0700 : 0777);
  shareable_memory_create(&memory, name, 64, SHAREABLE_OWNED, 0666, NULL);
  if (chown(SHM ".shareable-65532", 0, 0) == 0 && random_below(2) == 0)
    chmod(SHM ".shareable-65532", 0777);
  shareable_gc_run(&gc, SHAREABLE_GC_REMOVE, NULL);
  sleep_us(random_below(10000));
  _exit(0);
}

bool attack_userns(void) {
  pid_t child = fork();
  int state;

  if (child == 0)
    be_root();
  state = wait_for(child);
  sleep_us(3000);
  rmdir(SHM ".shareable-0");
  return WIFEXITED(state) && WEXITSTATUS(state) == 0;
}
