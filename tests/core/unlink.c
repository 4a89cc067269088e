/*
 * unlink.c - tests of core/src/shm/unlink.c and core/src/shm/moved.c.
 *
 * The test stops the unlinking process before each of its system calls in turn (ptrace). There it
 * replaces the block by another block, or kills the process, or both.
 */
#include "shm/unlink.h"
#include "base/platform.h"
#include "shm/moved.h"
#include "shm/ownership_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "child.h"
#include "moved.h"

static void become_another_user(void) {
  if (geteuid() != 0)
    skip_because("only root can become a user without other processes");
  cr_assert_eq(setresuid(100000 + (uid_t)getpid(), 100000 + (uid_t)getpid(), 0), 0);
  cr_assert_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}

/* The leak check at the end needs the rights of root. */
static void become_root_again(void) {
  if (setresuid(0, 0, 0) == 0)
    prctl(PR_SET_DUMPABLE, 1);
}

TestSuite(unlink, .fini = become_root_again);

static const char *long_name(void) {
  static char name[256];

  memset(name, 'x', 255);
  memcpy(name, own_name(), strlen(own_name()));
  return name;
}

/* Makes a block. Its size identifies it. */
static void make(const char *name, size_t size) {
  shareable_memory *memory;

  cr_ok(shareable_memory_create(&memory, name, size, 0, 0, NULL));
  shareable_memory_unref(memory);
}

static off_t size_of(const char *name) {
  char path[300];
  struct stat file;

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  return stat(path, &file) == 0 ? file.st_size : 0;
}

static pid_t start_unlinking(const char *name) {
  int status;
  pid_t child = fork();

  if (child == 0) {
    shareable_memory *memory;

    if (shareable_memory_open(&memory, name, 0, NULL) != SHAREABLE_OK)
      _exit(1);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
      _exit(2);
    raise(SIGSTOP);
    shareable_memory_unlink(memory, NULL);
    _exit(0);
  }
  waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) {
    shareable_unlink(name, NULL);
    skip_because("needs ptrace(2)");
  }
  return child;
}

/*
 * Runs the child until just before its system call number `call`. Returns false if it has exited
 * before.
 */
static bool run_to(pid_t child, int call) {
  int status = 0;

  for (int i = 0; i < 2 * call - 1; i++) {
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status))
      return false;
  }
  return true;
}

static void run_on(pid_t child) {
  ptrace(PTRACE_DETACH, child, NULL, NULL);
  waitpid(child, NULL, 0);
}

/*
 * Checks that no file is left in the user's directories, and no moved file with the name in
 * /dev/shm. Other tests move files there at the same time.
 */
static void check_no_stray(const char *name) {
  char command[700];

  snprintf(command, sizeof command,
           "ls -A /dev/shm/.shareable-%u* /dev/shm/.shareable-unlink-*-'%.100s' 2>/dev/null | grep . >&2", geteuid(),
           name);
  cr_expect_neq(system(command), 0, "a moved file is left after unlinking '%s'", name);
}

typedef enum event { REPLACED, KILLED, REPLACED_AND_KILLED } event;

static int try_each_call(const char *name, event what) {
  int call;

  for (call = 1;; call++) {
    pid_t child;

    make(name, 8);
    child = start_unlinking(name);
    if (!run_to(child, call))
      break;
    if (what != KILLED) {
      shareable_unlink(name, NULL);
      make(name, 16);
    }
    if (what != REPLACED)
      kill(child, SIGKILL);
    run_on(child);
    if (what != REPLACED)
      shareable__moved_recover();
    if (what != KILLED) {
      cr_expect_eq(size_of(name), 16, "a new block, made before call %d, is not there", call);
      cr_ok(shareable_unlink(name, NULL));
    } else {
      shareable_unlink(name, NULL);
    }
    check_no_stray(name);
  }
  cr_expect_eq(size_of(name), 0);
  return call;
}

Test(unlink, keeps_another_block_that_takes_the_name_at_any_moment) {
  become_another_user();
  cr_expect_gt(try_each_call(own_name(), REPLACED), 4);
  cr_expect_gt(try_each_call(long_name(), REPLACED), 4);
}

Test(unlink, is_recovered_if_the_process_is_killed_at_any_moment) {
  become_another_user();
  cr_expect_gt(try_each_call(own_name(), KILLED), 4);
  cr_expect_gt(try_each_call(long_name(), KILLED), 4);
}

/*
 * Makes the new block before the call that moves it, and kills the process before each later call
 * in turn.
 */
static bool kill_after_replacing(const char *name, int replaced_at, int killed_at) {
  pid_t child;
  bool is_stopped;

  make(name, 8);
  child = start_unlinking(name);
  if (!run_to(child, replaced_at)) {
    shareable_unlink(name, NULL);
    return false;
  }
  shareable_unlink(name, NULL);
  make(name, 16);
  for (int i = 0; i < 2 * (killed_at - replaced_at); i++) {
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    waitpid(child, NULL, 0);
  }
  is_stopped = kill(child, SIGKILL) == 0;
  waitpid(child, NULL, 0);
  shareable__moved_recover();
  cr_expect_eq(size_of(name), 16, "replaced before call %d, killed before call %d", replaced_at, killed_at);
  shareable_unlink(name, NULL);
  check_no_stray(name);
  return is_stopped;
}

Test(unlink, a_moved_block_is_returned_if_the_process_is_killed) {
  int calls;

  become_another_user();
  calls = try_each_call(own_name(), REPLACED_AND_KILLED);
  for (int replaced = 1; replaced < calls; replaced++)
    for (int killed = replaced; killed < replaced + 12; killed++)
      if (!kill_after_replacing(own_name(), replaced, killed))
        break;
}

typedef void make_block(const char *name, size_t size);

static int find_call_that_moves(const char *name, make_block *create) {
  for (int call = 1;; call++) {
    pid_t child;
    bool is_there;

    create(name, 8);
    child = start_unlinking(name);
    cr_assert(run_to(child, call));
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    waitpid(child, NULL, 0);
    is_there = exists(name);
    run_on(child);
    if (!is_there)
      return call;
  }
}

Test(unlink, keeps_a_moved_block_whose_name_is_taken_again) {
  char command[300];
  pid_t child;
  int call;

  become_another_user();
  call = find_call_that_moves(own_name(), make);
  make(own_name(), 8);
  child = start_unlinking(own_name());
  cr_assert(run_to(child, call));
  shareable_unlink(own_name(), NULL);
  make(own_name(), 16);
  ptrace(PTRACE_SYSCALL, child, NULL, NULL);
  waitpid(child, NULL, 0); /* the second block is moved */
  make(own_name(), 24);
  run_on(child);
  cr_expect_eq(size_of(own_name()), 24);
  shareable__moved_recover();
  cr_expect_eq(size_of(own_name()), 24);
  snprintf(command, sizeof command, "test $(stat -c %%s /dev/shm/.shareable-unlink-*-%s) = 16", own_name());
  cr_expect_eq(system(command), 0);
  cr_ok(shareable_unlink(own_name(), NULL));
  shareable__moved_recover(); /* the name is free */
  cr_expect_eq(size_of(own_name()), 16);
  cr_ok(shareable_unlink(own_name(), NULL));
  check_no_stray(own_name());
}

static void make_as_another_user(const char *name, size_t size) {
  become_another_user();
  make(name, size);
  become_root_again();
}

/* Otherwise its owner's processes take it for unlinked, and free its entry. */
Test(unlink, moves_another_user_s_block_to_a_place_that_the_user_can_read) {
  pid_t child;
  int call;

  if (geteuid() != 0)
    skip_because("only root may unlink another user's block");
  call = find_call_that_moves(own_name(), make_as_another_user);
  make_as_another_user(own_name(), 8);
  child = start_unlinking(own_name());
  cr_assert(run_to(child, call));
  shareable_unlink(own_name(), NULL);
  make_as_another_user(own_name(), 16);
  ptrace(PTRACE_SYSCALL, child, NULL, NULL);
  waitpid(child, NULL, 0);
  cr_expect_not(exists(own_name()));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  become_another_user();
  shareable__moved_recover();
  cr_expect_eq(size_of(own_name()), 16);
  check_no_stray(own_name());
  become_root_again();
  shareable__moved_recover();
  shareable_unlink(own_name(), NULL);
}

Test(unlink, finds_a_block_that_another_process_has_moved) {
  shareable_memory *memory;

  become_another_user();
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  cr_assert(move_block(own_name()));
  cr_expect_eq(shareable_memory_unlink(memory, NULL), SHAREABLE_OK);
  shareable_memory_unref(memory);
  cr_expect_neq(access(moved_path(own_name()), F_OK), 0, "the file is left, and would be moved back");
  cr_expect_eq(size_of(own_name()), 24, "the other block of that name");
  unlink(moved_path(own_name()));
  cr_ok(shareable_unlink(own_name(), NULL));
  shareable__moved_recover();
}

static void make_directory(const char *path) {
  cr_assert_eq(mkdir(path, 0700), 0);
}

static void make_fifo(const char *path) {
  cr_assert_eq(mkfifo(path, 0600), 0);
}

static void make_symbolic_link(const char *path) {
  cr_assert_eq(symlink("/nowhere", path), 0);
}

/* The file has taken the name between the check and the rename. */
static void check_moved_back(void (*make_file)(const char *path)) {
  char stray[100], path[100];
  struct stat file;

  snprintf(stray, sizeof stray, "/dev/shm/.shareable-unlink-0000000000000001-00000001-%s", own_name());
  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  make_file(stray);
  shareable__moved_recover();
  cr_expect_eq(lstat(path, &file), 0, "%s", stray);
  cr_expect_neq(lstat(stray, &file), 0, "%s", stray);
  remove(stray);
  remove(path);
}

Test(unlink, moves_back_a_file_that_was_never_a_block) {
  void (*const kinds[])(const char *) = {make_directory, make_fifo, make_symbolic_link};

  if (!SHAREABLE__LINUX)
    skip_because("needs renameat2(2): a directory cannot be moved back by a link");
  become_another_user();
  for (size_t i = 0; i < LENGTH(kinds); i++)
    check_moved_back(kinds[i]);
}

Test(unlink, requires_an_own_block_or_root) {
  shareable_memory *memory;
  shareable_error error;

  if (geteuid() != 0)
    skip_because("only root can become a user without other processes");
  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0666, NULL));
  become_another_user();
  cr_status(shareable_memory_unlink(memory, &error), SHAREABLE_E_PERMISSION);
  check_no_stray(own_name());
  cr_assert_eq(setresuid(0, 0, 0), 0);
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
  cr_expect_not(exists(own_name()));
}

Test(unlink, works_without_a_free_descriptor) {
  shareable_memory *memory;
  struct rlimit before;

  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
  cr_assert_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, before.rlim_max}), 0);
  cr_expect_eq(shareable_memory_unlink(memory, NULL), SHAREABLE_OK);
  cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
  cr_expect_not(exists(own_name()));
  shareable_memory_unref(memory);
}

/* Runs in a mount namespace whose /dev/shm has room for few files. */
static int unlink_in_full(const char *name) {
  shareable_memory *memory;
  char path[60];

  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("shm", "/dev/shm", "tmpfs", 0, "mode=1777,nr_inodes=16") != 0)
    return 77;
  if (shareable_memory_create(&memory, name, 8, 0, 0, NULL) != SHAREABLE_OK)
    return 1;
  for (int i = 0; i < 20; i++) {
    snprintf(path, sizeof path, "/dev/shm/filler-%d", i);
    close(open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  }
  if (mkdir("/dev/shm/more", 0700) == 0)
    return 2;
  return shareable_memory_unlink(memory, NULL) == SHAREABLE_OK && !exists(name) ? 0 : 3;
}

static void check_unlink_in_full(const char *name) {
  int status;
  pid_t child = fork();

  if (child == 0)
    _exit(unlink_in_full(name));
  waitpid(child, &status, 0);
  cr_assert(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77)
    skip_because("needs a mount namespace of its own");
  cr_expect_eq(WEXITSTATUS(status), 0);
}

Test(unlink, works_in_a_full_file_system) {
  check_unlink_in_full("block");
  check_unlink_in_full(long_name());
}

/*
 * A process that is killed in a full /dev/shm leaves a moved file without a link. Recovery does not
 * need the name.
 */
Test(unlink, recovery_finishes_an_unlink_without_a_link_for_the_name) {
  struct stat file;
  char path[300], stray[100];

  become_another_user();
  make(own_name(), 8);
  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  cr_assert_eq(stat(path, &file), 0);
  snprintf(stray, sizeof stray, "/dev/shm/.shareable-unlink-%016lx-00000001", (unsigned long)file.st_ino);
  cr_assert_eq(rename(path, stray), 0);
  shareable__moved_recover();
  cr_expect_neq(access(stray, F_OK), 0);
  unlink(stray);
}
