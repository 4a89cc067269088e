/*
 * gc.c - tests of core/src/gc/gc.c and core/src/gc/proc_maps.c.
 *
 * Each test runs as its own user, so that the reapers of other tests do not read its ownership
 * logs.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "capability.h"
#include "child.h"
#include "gc/gc.h"
#include "gc/inventory.h"
#include "moved.h"
#include "shm/lease.h"
#include "shm/ownership_log.h"

static void become_another_user(void) {
  if (geteuid() != 0)
    skip_because("only root can become a user without other processes");
  cr_assert_eq(setresuid(100000 + (uid_t)getpid(), 100000 + (uid_t)getpid(), 0), 0);
  cr_assert_eq(prctl(PR_SET_DUMPABLE, 1), 0); /* so that its user may read its /proc files */
}

/* The leak check at the end needs the rights of root. */
static void become_root_again(void) {
  if (setresuid(0, 0, 0) == 0)
    prctl(PR_SET_DUMPABLE, 1);
}

TestSuite(gc, .fini = become_root_again);

static const char *path_of(const char *name) {
  static char path[300];

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  return path;
}

typedef struct owned_block {
  const char *name;
  pid_t successor; /* or 0 */
} owned_block;

static void own(const void *with) {
  const owned_block *block = with;
  shareable_memory *memory;

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  if (shareable_memory_create(&memory, block->name, 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK ||
      (block->successor != 0 && shareable_transfer_ownership(block->successor) != SHAREABLE_OK))
    _exit(1);
}

/* Starts a child that owns the block, without a reaper. */
static pid_t start_owner(const char *name, pid_t successor) {
  const owned_block block = {name, successor};
  pid_t child = start(own, &block);

  cr_assert(exists(name));
  return child;
}

/* Returns gc's result for the block, and checks that its reason contains `reason`. */
static shareable_gc_result result_of(const char *name, uint32_t flags, const char *reason) {
  shareable_error error = {0};
  shareable_gc *gc = NULL;
  shareable_gc_result result = SHAREABLE_GC_KEPT;
  bool found = false;

  cr_assert_eq(shareable_gc_run(&gc, flags, &error), SHAREABLE_OK, "%s", error.message);
  for (size_t i = 0; i < shareable_gc_count(gc); i++)
    if (strcmp(shareable_gc_name(gc, i), name) == 0) {
      found = true;
      result = shareable_gc_result_at(gc, i);
      cr_assert_not_null(strstr(shareable_gc_reason(gc, i), reason), "%s", shareable_gc_reason(gc, i));
    }
  shareable_gc_free(gc);
  cr_assert(found, "%s", name);
  return result;
}

Test(gc, removes_a_dead_owner_s_block_if_asked) {
  struct stat folder;

  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  cr_assert_eq(result_of(own_name(), 0, "no process uses it"), SHAREABLE_GC_GARBAGE);
  cr_assert(exists(own_name()));
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no process uses it"), SHAREABLE_GC_REMOVED);
  cr_assert_not(exists(own_name()));
  cr_assert_neq(stat(log_directory(), &folder), 0, "the log and its directory are left");
}

Test(gc, an_inventory_of_an_open_directory_has_its_logs) {
  const char *name = own_name();
  const shareable__inventory_entry *entry;
  int directory = open("/dev/shm", O_RDONLY | O_DIRECTORY), fd;
  shareable__inventory inventory;
  shareable__usage usage;
  struct stat file;
  pid_t owner;

  become_another_user();
  owner = start_owner(name, 0);
  cr_assert_eq(shareable__inventory_take_in(&inventory, directory, NULL), SHAREABLE_OK);
  cr_assert_eq(fstatat(directory, name, &file, 0), 0);
  entry = shareable__inventory_entry_of(&inventory, name, file.st_ino);
  cr_assert(entry != NULL && entry->owner == owner && !entry->is_dead);
  fd = open(path_of(name), O_RDONLY);
  usage = shareable__inventory_usage_of(&inventory, name, &file, fd);
  cr_assert(usage.owner == entry && !usage.is_owner_unknown && usage.is_locked);
  close(fd);
  shareable__inventory_free(&inventory);
  end(owner, SIGKILL);
  cr_assert_eq(shareable__inventory_take_in(&inventory, directory, NULL), SHAREABLE_OK);
  entry = shareable__inventory_entry_of(&inventory, name, file.st_ino);
  cr_assert(entry != NULL && entry->is_dead);
  shareable__inventory_free(&inventory);
  close(directory);
  cr_assert_eq(shareable__inventory_take_in(&inventory, -1, NULL), SHAREABLE_E_SYSTEM);
  cr_assert_eq(result_of(name, SHAREABLE_GC_REMOVE, ""), SHAREABLE_GC_REMOVED);
}

Test(gc, keeps_a_block_without_an_owner) {
  shareable_memory *memory;

  become_another_user();
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  shareable_memory_unref(memory);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no ownership log records it"), SHAREABLE_GC_KEPT);
  cr_ok(shareable_unlink(own_name(), NULL));
}

/* Runs gc for blocks of at least that age, and returns a copy of the block's entry. */
static shareable__gc_entry entry_of(const char *name, uint32_t flags, int64_t min_age) {
  shareable__gc_entry found = {0};
  shareable_gc *gc = NULL;

  cr_ok(shareable__gc_run(&gc, flags, min_age, NULL));
  for (size_t i = 0; i < shareable_gc_count(gc); i++)
    if (strcmp(shareable__gc_entry_at(gc, i)->name, name) == 0)
      found = *shareable__gc_entry_at(gc, i);
  shareable_gc_free(gc);
  return found;
}

Test(gc, keeps_garbage_that_is_younger_than_the_given_age) {
  shareable__gc_entry entry;

  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  entry = entry_of(own_name(), SHAREABLE_GC_REMOVE, 3600);
  cr_assert_eq(entry.result, SHAREABLE_GC_KEPT);
  cr_assert_str_eq(entry.kind, "it is garbage, but younger than the given age");
  cr_assert(entry.age >= 0 && entry.age < 600 && entry.file.st_size >= 8 && !entry.has_failed);
  cr_assert_eq(entry_of(own_name(), SHAREABLE_GC_REMOVE, 0).result, SHAREABLE_GC_REMOVED);
}

Test(gc, gives_the_kind_of_a_reason_without_the_process) {
  pid_t successor;

  become_another_user();
  successor = fork();
  if (successor == 0)
    for (;;)
      pause();
  end(start_owner(own_name(), successor), SIGKILL);
  cr_assert_str_eq(entry_of(own_name(), 0, INT64_MIN).kind, "its owner has transferred it to a process that is alive");
  end(successor, SIGKILL);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, ""), SHAREABLE_GC_REMOVED);
}

Test(gc, keeps_a_living_owner_s_block) {
  pid_t owner;

  become_another_user();
  owner = start_owner(own_name(), 0);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "its owner is alive"), SHAREABLE_GC_KEPT);
  end(owner, SIGKILL);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, ""), SHAREABLE_GC_REMOVED);
}

Test(gc, keeps_a_block_whose_successor_is_alive) {
  pid_t successor;

  become_another_user();
  successor = fork();
  if (successor == 0)
    for (;;)
      pause();
  end(start_owner(own_name(), successor), SIGKILL);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "its owner has transferred it to process"),
               SHAREABLE_GC_KEPT);
  end(successor, SIGKILL);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, ""), SHAREABLE_GC_REMOVED);
}

Test(gc, keeps_a_block_that_this_library_has_mapped_in_a_process) {
  shareable_memory *memory;
  pid_t owner;

  become_another_user();
  owner = start_owner(own_name(), 0);
  cr_ok(shareable_memory_open(&memory, own_name(), SHAREABLE_READ_ONLY, NULL));
  end(owner, SIGKILL);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "has it mapped"), SHAREABLE_GC_KEPT);
  shareable_memory_unref(memory);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, ""), SHAREABLE_GC_REMOVED);
}

/* CPython maps a block without a lock. */
Test(gc, keeps_a_block_that_a_process_has_mapped_without_this_library) {
  void *mapping;
  pid_t owner;
  int fd;

  become_another_user();
  owner = start_owner(own_name(), 0);
  fd = open(path_of(own_name()), O_RDWR | O_CLOEXEC);
  mapping = mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  end(owner, SIGKILL);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "has it mapped"), SHAREABLE_GC_KEPT);
  munmap(mapping, 8);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, ""), SHAREABLE_GC_REMOVED);
}

/* The kernel's lease proves that no process uses it, even if /proc does not show all processes. */
Test(gc, removes_an_unused_block_although_a_process_is_unreadable) {
  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  cr_assert_eq(prctl(PR_SET_DUMPABLE, 0), 0);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no process uses it"), SHAREABLE_GC_REMOVED);
  cr_assert_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}

/*
 * Root in a container may not take a lease on another user's file: so the block is not proven to be
 * unused.
 */
Test(gc, keeps_a_block_without_permission_for_a_lease) {
  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  become_root_again();
  drop_capability(CAP_LEASE);
  cr_expect_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "its owner has ended, but "), SHAREABLE_GC_KEPT);
  regain_capability(CAP_LEASE);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no process uses it"), SHAREABLE_GC_REMOVED);
}

Test(gc, keeps_the_entry_of_a_block_that_another_process_has_moved) {
  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  cr_assert(move_block(own_name()));
  cr_expect_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no ownership log records it"), SHAREABLE_GC_KEPT);
  cr_ok(shareable_unlink(own_name(), NULL));
  cr_expect_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no process uses it"), SHAREABLE_GC_REMOVED);
  shareable_unlink(own_name(), NULL);
}

Test(gc, reports_that_another_user_s_logs_are_unreadable) {
  shareable_memory *memory;

  if (geteuid() != 0)
    skip_because("only root can act as two users");
  cr_ok(shareable_memory_create(&memory, own_name(), 8, SHAREABLE_OWNED, 0644, NULL));
  become_another_user();
  cr_expect_eq(result_of(own_name(), 0, "it belongs to another user, whose ownership logs cannot be read from here"),
               SHAREABLE_GC_KEPT);
  become_root_again();
  cr_expect_eq(result_of(own_name(), 0, "its owner is alive"), SHAREABLE_GC_KEPT);
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
}

static void only_sleep(const void *with) {
  (void)with;
}

/* The reaper holds the lock on the log, as the owner did. */
Test(gc, reports_the_successor_that_a_reaper_waits_for) {
  char reason[100];
  pid_t owner, successor;

  become_another_user();
  successor = start(only_sleep, NULL);
  owner = start_owner(own_name(), successor);
  snprintf(reason, sizeof reason, "its owner is alive, or has ended and transferred it to process %d, which is alive",
           successor);
  cr_expect_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, reason), SHAREABLE_GC_KEPT);
  end(owner, SIGKILL);
  snprintf(reason, sizeof reason, "its owner has transferred it to process %d, which is alive", successor);
  cr_expect_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, reason), SHAREABLE_GC_KEPT);
  end(successor, SIGKILL);
  cr_expect_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no process uses it"), SHAREABLE_GC_REMOVED);
}

static double seconds(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void hold_lease(const void *with) {
  shareable__lease lease;
  int fd = open(with, O_RDONLY | O_CLOEXEC);

  if (fd < 0 || shareable__lease_take(&lease, fd) != SHAREABLE__UNUSED)
    _exit(1);
}

/* Another gc is stopped while it holds the lease. */
Test(gc, does_not_wait_for_a_stopped_gc) {
  pid_t stopped;
  double begin;

  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  stopped = start(hold_lease, path_of(own_name()));
  kill(stopped, SIGSTOP);
  begin = seconds();
  cr_expect_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "its owner has ended, but"), SHAREABLE_GC_KEPT);
  cr_expect_lt(seconds() - begin, 1.1);
  end(stopped, SIGKILL);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no process uses it"), SHAREABLE_GC_REMOVED);
}

/* Uses a block as CPython does, with or without a descriptor. */
typedef struct stock_use {
  const char *path;
  int flags;
  bool maps;
} stock_use;

/* Drops the rights of root, so that other processes of its user may read its /proc files. */
static void become_inspectable(void) {
  if (setresuid(geteuid(), geteuid(), geteuid()) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0)
    _exit(1);
}

static void use_block(const stock_use *how) {
  int fd = open(how->path, how->flags | O_CLOEXEC);

  if (fd < 0 || (how->maps && mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED))
    _exit(1);
  if (how->maps)
    close(fd);
}

static void use_as_stock(const void *with) {
  become_inspectable();
  use_block(with);
}

Test(gc, keeps_a_block_that_another_user_has_mapped) {
  const stock_use how = {path_of(own_name()), O_RDWR, true};
  pid_t user;

  if (geteuid() != 0)
    skip_because("only root can become a user without other processes");
  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  cr_assert_eq(seteuid(0), 0);
  user = start(use_as_stock, &how);
  become_another_user();
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "its owner has ended, but"), SHAREABLE_GC_KEPT);
  cr_assert_eq(seteuid(0), 0);
  end(user, SIGKILL);
  become_another_user();
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, ""), SHAREABLE_GC_REMOVED);
}

Test(gc, keeps_a_block_that_a_process_has_only_open) {
  const stock_use how = {path_of(own_name()), O_RDONLY, false};
  pid_t user;

  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  user = start(use_as_stock, &how);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "has it open"), SHAREABLE_GC_KEPT);
  end(user, SIGKILL);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, ""), SHAREABLE_GC_REMOVED);
}

static int ready[2];

static void *use_forever(void *with) {
  usleep(100000); /* until the main thread has ended */
  use_block(with);
  close(ready[1]);
  for (;;)
    pause();
  return with;
}

Test(gc, reports_a_user_whose_main_thread_has_ended) {
  static stock_use how;
  char reason[60], byte;
  pid_t user;

  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  how = (stock_use){path_of(own_name()), O_RDWR, true};
  cr_assert_eq(pipe(ready), 0);
  user = fork();
  if (user == 0) {
    pthread_t thread;

    close(ready[0]);
    become_inspectable();
    if (pthread_create(&thread, NULL, use_forever, &how) != 0)
      _exit(1);
    pthread_exit(NULL);
  }
  close(ready[1]);
  cr_assert_eq(read(ready[0], &byte, 1), 0);
  close(ready[0]);
  snprintf(reason, sizeof reason, "process %d has it mapped", user);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, reason), SHAREABLE_GC_KEPT);
  end(user, SIGKILL);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, ""), SHAREABLE_GC_REMOVED);
}

Test(gc, removes_a_block_with_a_name_that_begins_with_a_dot) {
  char name[60];

  become_another_user();
  snprintf(name, sizeof name, ".%s", own_name());
  end(start_owner(name, 0), SIGKILL);
  cr_assert_eq(result_of(name, SHAREABLE_GC_REMOVE, "no process uses it"), SHAREABLE_GC_REMOVED);
  cr_assert_not(exists(name));
}

Test(gc, keeps_a_block_with_a_second_name) {
  char other[320];

  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  snprintf(other, sizeof other, "%s-other", path_of(own_name()));
  cr_assert_eq(link(path_of(own_name()), other), 0);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "several names"), SHAREABLE_GC_KEPT);
  unlink(other);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, ""), SHAREABLE_GC_REMOVED);
}

/* A user may put other files among the logs: one with a lease, a FIFO. */
Test(gc, ignores_files_that_are_not_logs) {
  char path[300], other[300];
  int fd;

  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  signal(SIGIO, SIG_IGN);
  snprintf(path, sizeof path, "%s/leased", log_directory());
  fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  cr_assert_eq(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
  snprintf(other, sizeof other, "%s/fifo", log_directory());
  cr_assert_eq(mkfifo(other, 0600), 0);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no process uses it"), SHAREABLE_GC_REMOVED);
  close(fd);
  unlink(path);
  unlink(other);
  rmdir(log_directory());
}

enum { BLOCKS = 40, RUNS = 3 };

static void own_many(const void *with) {
  const char *with_name = with;
  shareable_memory *memory;
  char name[80];

  setenv("SHAREABLE_REAPER", "/bin/true", 1);
  for (int i = 0; i < BLOCKS; i++) {
    snprintf(name, sizeof name, "%s-%d", with_name, i);
    if (shareable_memory_create(&memory, name, 8, SHAREABLE_OWNED, 0, NULL) != SHAREABLE_OK)
      _exit(1);
  }
}

/*
 * Each run opens the blocks that another run would remove, and tries again for a moment. On a busy
 * machine, two runs may both keep a block, because each sees the other use it. The next run removes
 * the block.
 */
Test(gc, runs_concurrently_with_another_gc) {
  char name[60], block[80];
  pid_t runs[RUNS];
  shareable_gc *gc;
  int status;

  become_another_user();
  snprintf(name, sizeof name, "%s", own_name());
  end(start(own_many, name), SIGKILL);
  for (int i = 0; i < RUNS; i++)
    if ((runs[i] = fork()) == 0)
      _exit(shareable_gc_run(&gc, SHAREABLE_GC_REMOVE, NULL) != SHAREABLE_OK);
  for (int i = 0; i < RUNS; i++) {
    waitpid(runs[i], &status, 0);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  cr_ok(shareable_gc_run(&gc, SHAREABLE_GC_REMOVE, NULL));
  shareable_gc_free(gc);
  for (int i = 0; i < BLOCKS; i++) {
    snprintf(block, sizeof block, "%s-%d", name, i);
    cr_expect_not(exists(block), "%s", block);
  }
}

Test(gc, keeps_another_block_that_has_taken_the_name) {
  shareable_memory *memory;
  pid_t owner;

  become_another_user();
  owner = start_owner(own_name(), 0);
  cr_ok(shareable_unlink(own_name(), NULL));
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  shareable_memory_unref(memory);
  end(owner, SIGKILL);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no ownership log records it"), SHAREABLE_GC_KEPT);
  cr_ok(shareable_unlink(own_name(), NULL));
}

/* A user's log can list only that user's blocks, even if root reads it. */
Test(gc, ignores_entries_for_other_users_blocks) {
  const shareable__ownership_log_header header = {.magic = SHAREABLE__OWNERSHIP_LOG_MAGIC};
  shareable__ownership_entry record = {0};
  shareable_memory *memory;
  struct stat block;
  char path[100];
  int fd;

  if (geteuid() != 0)
    skip_because("only root reads other users' ownership logs");
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  shareable_memory_unref(memory);
  cr_assert_eq(stat(path_of(own_name()), &block), 0);
  record.inode = block.st_ino;
  record.device = block.st_dev;
  strcpy(record.name, own_name());

  snprintf(path, sizeof path, "/dev/shm/.shareable-%d", 100000 + getpid());
  cr_assert_eq(mkdir(path, 0700), 0);
  cr_assert_eq(chown(path, 100000 + (uid_t)getpid(), 0), 0);
  strcat(path, "/log");
  fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  cr_assert_eq(fchown(fd, 100000 + (uid_t)getpid(), 0), 0);
  cr_assert_eq(write(fd, &header, sizeof header), (ssize_t)sizeof header);
  cr_assert_eq(write(fd, &record, sizeof record), (ssize_t)sizeof record);
  close(fd);
  cr_assert_eq(result_of(own_name(), 0, "no ownership log records it"), SHAREABLE_GC_KEPT);
  unlink(path);
  *strrchr(path, '/') = '\0';
  rmdir(path);
  cr_ok(shareable_unlink(own_name(), NULL));
}

/* A sparse file may be larger than the memory, and contain nothing. */
Test(gc, reads_a_huge_log_quickly, .timeout = 60) {
  const shareable__ownership_log_header header = {.magic = SHAREABLE__OWNERSHIP_LOG_MAGIC};
  char path[300];
  int fd;

  become_another_user();
  end(start_owner(own_name(), 0), SIGKILL);
  snprintf(path, sizeof path, "%s/endless", log_directory());
  fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  cr_assert_eq(write(fd, &header, sizeof header), (ssize_t)sizeof header);
  cr_assert_eq(ftruncate(fd, INT64_C(1) << 50), 0);
  close(fd);
  cr_assert_eq(result_of(own_name(), SHAREABLE_GC_REMOVE, "no process uses it"), SHAREABLE_GC_REMOVED);
  cr_assert_neq(access(path, F_OK), 0, "the log is left");
}

Test(gc, rejects_unknown_flags) {
  shareable_gc *gc;

  cr_status(shareable_gc_run(&gc, SHAREABLE_LAZY, NULL), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_gc_run(NULL, 0, NULL), SHAREABLE_E_ARGUMENT);
  shareable_gc_free(NULL);
  cr_assert_eq(shareable_gc_count(NULL), 0);
  cr_assert_null(shareable_gc_name(NULL, 0));
}

Test(gc, returns_nothing_past_the_last_result) {
  shareable_gc *gc = NULL;
  shareable_error error = {0};
  size_t count;

  cr_assert_eq(shareable_gc_run(&gc, 0, &error), SHAREABLE_OK, "%s", error.message);
  count = shareable_gc_count(gc);
  cr_assert_null(shareable_gc_name(gc, count));
  cr_assert_null(shareable_gc_reason(gc, count));
  cr_assert_eq(shareable_gc_result_at(gc, count), SHAREABLE_GC_KEPT);
  shareable_gc_free(gc);
  cr_assert_eq(shareable_gc_count(NULL), 0);
  cr_assert_null(shareable_gc_name(NULL, 0));
  cr_assert_null(shareable_gc_reason(NULL, 0));
  cr_assert_eq(shareable_gc_result_at(NULL, 0), SHAREABLE_GC_KEPT);
  shareable_gc_free(NULL);
}
