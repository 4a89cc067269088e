/*
 * segment.c - tests of core/src/shm/segment.c.
 */
#include "shm/segment.h"
#include "base/platform.h"
#include "shm/lease.h"
#include "shm/unlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"

/* The creation method that shareable__segment_create() uses here. */
#define DEFAULT_METHOD (SHAREABLE__LINUX ? SHAREABLE__CREATE_TMPFILE : SHAREABLE__CREATE_TEMP_NAME)

static void need_unnamed_files(void) {
  if (!SHAREABLE__LINUX)
    skip_because("needs files without a name (O_TMPFILE)");
}

static shareable_status unlink_block(const shareable__segment *segment, const char *name, shareable_error *error) {
  const shareable__file_id block = {segment->device, segment->inode};

  return shareable__unlink_block(&block, name, error);
}

static shareable__segment made(shareable__creation_method method, uint64_t size) {
  shareable__segment segment;
  shareable_error error = {0};

  cr_assert_eq(shareable__segment_create_by(&segment, method, own_name(), size, 0, 0, &error), SHAREABLE_OK, "%s",
               error.message);
  return segment;
}

static void publishes_complete(shareable__creation_method method) {
  shareable__segment segment = made(method, 100), opened;

  cr_assert_not(exists(own_name()), "the name exists before the block is complete");
  memcpy(segment.base, "complete", 8);
  cr_ok(shareable__segment_publish(&segment, own_name(), NULL));
  cr_ok(shareable__segment_open(&opened, own_name(), false, NULL));
  cr_assert_eq(opened.size, 100);
  cr_assert_eq(opened.inode, segment.inode);
  cr_assert_eq(memcmp(opened.base, "complete", 8), 0);
  cr_ok(unlink_block(&segment, own_name(), NULL));
  shareable__segment_discard(&segment);
  shareable__segment_discard(&opened);
}

static void leaves_an_existing_name_alone(shareable__creation_method method) {
  shareable__segment first = made(method, 100), second = made(method, 200), opened;
  shareable_error error;

  cr_ok(shareable__segment_publish(&first, own_name(), NULL));
  cr_status(shareable__segment_publish(&second, own_name(), &error), SHAREABLE_E_EXISTS);
  cr_assert_not_null(strstr(error.message, own_name()));
  shareable__segment_discard(&second);
  cr_ok(shareable__segment_open(&opened, own_name(), false, NULL));
  cr_assert_eq(opened.size, 100);
  cr_ok(unlink_block(&first, own_name(), NULL));
  shareable__segment_discard(&first);
  shareable__segment_discard(&opened);
}

Test(segment, publishes_an_unnamed_file_complete) {
  need_unnamed_files();
  publishes_complete(SHAREABLE__CREATE_TMPFILE);
}

Test(segment, publishes_a_temporary_name_complete) {
  publishes_complete(SHAREABLE__CREATE_TEMP_NAME);
}

Test(segment, an_unnamed_file_does_not_replace_an_existing_block) {
  need_unnamed_files();
  leaves_an_existing_name_alone(SHAREABLE__CREATE_TMPFILE);
}

Test(segment, a_temporary_name_does_not_replace_an_existing_block) {
  leaves_an_existing_name_alone(SHAREABLE__CREATE_TEMP_NAME);
}

Test(segment, publish_and_discard_remove_the_temporary_name) {
  shareable__segment segment = made(SHAREABLE__CREATE_TEMP_NAME, 100);
  char temporary[sizeof segment.temporary];

  strcpy(temporary, segment.temporary);
  cr_assert_eq(access(temporary, F_OK), 0);
  cr_ok(shareable__segment_publish(&segment, own_name(), NULL));
  cr_assert_neq(access(temporary, F_OK), 0);
  cr_ok(unlink_block(&segment, own_name(), NULL));
  shareable__segment_discard(&segment);
  segment = made(SHAREABLE__CREATE_TEMP_NAME, 100);
  strcpy(temporary, segment.temporary);
  shareable__segment_discard(&segment);
  cr_assert_neq(access(temporary, F_OK), 0);
}

Test(segment, a_random_name_is_new_and_has_cpython_s_format) {
  shareable__segment segment = made(DEFAULT_METHOD, 8);
  char name[13];

  cr_ok(shareable__segment_random_name(name, NULL));
  cr_ok(shareable__segment_publish(&segment, name, NULL));
  cr_assert_eq(strspn(name + 4, "0123456789abcdef"), 8);
  cr_assert(exists(name));
  cr_ok(unlink_block(&segment, name, NULL));
  shareable__segment_discard(&segment);
}

Test(segment, reserves_all_memory_at_once_unless_it_is_lazy) {
  shareable__segment segment = made(DEFAULT_METHOD, 1 << 20);
  struct stat status;

  cr_assert_eq(fstat(segment.fd, &status), 0);
  cr_assert_eq(status.st_blocks * 512, 1 << 20);
  shareable__segment_discard(&segment);
  cr_ok(shareable__segment_create(&segment, own_name(), 1 << 20, SHAREABLE_LAZY, 0, NULL));
  cr_assert_eq(fstat(segment.fd, &status), 0);
  cr_assert_eq(status.st_blocks, 0);
  cr_assert_eq(status.st_size, 1 << 20);
  shareable__segment_discard(&segment);
}

static void check_no_space(shareable__creation_method method) {
  shareable__segment segment;
  shareable_error error;

  cr_status(shareable__segment_create_by(&segment, method, "demo", UINT64_C(1) << 50, 0, 0, &error),
            SHAREABLE_E_NO_SPACE);
  cr_assert_eq(error.sys_errno, ENOSPC);
  cr_assert_not_null(strstr(error.message, "'demo' needs 1125899906842624 bytes"), "%s", error.message);
  cr_assert_not_null(strstr(error.message, "free"), "%s", error.message);
}

Test(segment, creating_an_unnamed_file_that_does_not_fit_reports_the_free_space) {
  need_unnamed_files();
  check_no_space(SHAREABLE__CREATE_TMPFILE);
}

Test(segment, creating_a_temporary_name_that_does_not_fit_reports_the_free_space) {
  check_no_space(SHAREABLE__CREATE_TEMP_NAME);
}

/*
 * Runs in its own file system of 64 KiB. Blocks below 1 MiB are not checked against the free space
 * before.
 */
static void fill_up(shareable__creation_method method) {
  shareable__segment first, second;
  shareable_error error;
  struct statvfs before, after;

  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("shm", "/dev/shm", "tmpfs", 0, "size=65536") != 0)
    skip_because("needs root and mount namespaces, for a small /dev/shm of its own");
  cr_ok(shareable__segment_create_by(&first, method, "first", 40960, 0, 0, &error));
  cr_assert_eq(statvfs("/dev/shm", &before), 0);
  cr_status(shareable__segment_create_by(&second, method, "second", 40960, 0, 0, &error), SHAREABLE_E_NO_SPACE);
  cr_assert_not_null(strstr(error.message, "'second' needs 40960 bytes"), "%s", error.message);
  cr_assert_not_null(strstr(error.message, "has only 24576 of its 65536 bytes free"), "%s", error.message);
  cr_assert_eq(statvfs("/dev/shm", &after), 0);
  cr_assert_eq(before.f_bfree, after.f_bfree, "some memory was not freed");
  cr_assert_eq(before.f_ffree, after.f_ffree, "a file is left");
  memset(first.base, 1, 40960); /* no SIGBUS: the memory is reserved */
  shareable__segment_discard(&first);
}

Test(segment, an_unnamed_file_that_fills_a_small_file_system_is_not_created) {
  need_unnamed_files();
  fill_up(SHAREABLE__CREATE_TMPFILE);
}

Test(segment, a_temporary_name_that_fills_a_small_file_system_is_not_created) {
  fill_up(SHAREABLE__CREATE_TEMP_NAME);
}

Test(segment, creating_above_the_file_size_limit_fails_without_a_signal) {
  struct rlimit limit = {1 << 20, 1 << 20};
  shareable__segment segment;
  shareable_error error;

  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  cr_status(shareable__segment_create(&segment, "demo", 2 << 20, 0, 0, &error), SHAREABLE_E_SYSTEM);
  cr_assert_eq(error.sys_errno, EFBIG);
  cr_status(shareable__segment_create(&segment, "demo", 2 << 20, SHAREABLE_LAZY, 0, &error), SHAREABLE_E_SYSTEM);
  cr_assert_eq(error.sys_errno, EFBIG);
  cr_ok(shareable__segment_create(&segment, "demo", 1 << 19, 0, 0, NULL));
  shareable__segment_discard(&segment);
}

static bool is_limit_signal_pending(void) {
  sigset_t pending;

  return sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1;
}

Test(segment, creating_above_the_file_size_limit_consumes_only_its_own_signal) {
  struct rlimit limit = {1 << 20, 1 << 20};
  shareable__segment segment;
  sigset_t only;

  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  sigemptyset(&only);
  sigaddset(&only, SIGXFSZ);
  sigprocmask(SIG_BLOCK, &only, NULL);
  cr_status(shareable__segment_create(&segment, "demo", 2 << 20, SHAREABLE_LAZY, 0, NULL), SHAREABLE_E_SYSTEM);
  cr_expect_not(is_limit_signal_pending());
  raise(SIGXFSZ);
  cr_status(shareable__segment_create(&segment, "demo", 2 << 20, SHAREABLE_LAZY, 0, NULL), SHAREABLE_E_SYSTEM);
  cr_expect(is_limit_signal_pending());
}

static void ignore_signal(int number) {
  (void)number;
}

Test(segment, is_reserved_despite_frequent_signals) {
  struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
  shareable__segment segment;

  signal(SIGALRM, ignore_signal);
  setitimer(ITIMER_REAL, &often, NULL);
  cr_ok(shareable__segment_create(&segment, own_name(), 16 << 20, 0, 0, NULL));
  setitimer(ITIMER_REAL, &never, NULL);
  shareable__segment_discard(&segment);
}

Test(segment, a_creator_killed_before_it_publishes_leaves_nothing) {
  shareable__segment segment;
  pid_t child = fork();

  if (child == 0) {
    shareable__segment_create(&segment, own_name(), 1 << 20, 0, 0, NULL);
    raise(SIGKILL);
  }
  cr_assert_eq(waitpid(child, NULL, 0), child);
  cr_assert_not(exists(own_name()));
}

Test(segment, opening_and_unlinking_a_missing_block_returns_not_found) {
  shareable__segment segment;
  shareable_error error;

  cr_status(shareable__segment_open(&segment, own_name(), false, &error), SHAREABLE_E_NOT_FOUND);
  cr_assert_not_null(strstr(error.message, own_name()));
  cr_assert_not(exists(own_name()), "opening must not create a file");
}

static void put(const char *name, size_t size) {
  char path[300];
  int fd;

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
  cr_assert_geq(fd, 0);
  cr_assert_eq(ftruncate(fd, (off_t)size), 0);
  close(fd);
}

Test(segment, a_file_without_a_size_is_not_ready_and_is_kept) {
  shareable__segment segment;

  put(own_name(), 0);
  cr_status(shareable__segment_open(&segment, own_name(), false, NULL), SHAREABLE_E_NOT_READY);
  cr_assert(exists(own_name()));
  cr_ok(shareable__segment_unlink(own_name(), NULL));
}

Test(segment, rejects_a_directory_a_pipe_and_a_symbolic_link) {
  shareable__segment segment;
  char path[300];

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  cr_assert_eq(mkdir(path, 0700), 0);
  cr_status(shareable__segment_open(&segment, own_name(), false, NULL), SHAREABLE_E_SYSTEM);
  cr_status(shareable__segment_open(&segment, own_name(), true, NULL), SHAREABLE_E_SYSTEM);
  rmdir(path);
  cr_assert_eq(mkfifo(path, 0600), 0);
  cr_status(shareable__segment_open(&segment, own_name(), false, NULL), SHAREABLE_E_SYSTEM);
  unlink(path);
  cr_assert_eq(symlink("/etc/passwd", path), 0);
  cr_status(shareable__segment_open(&segment, own_name(), true, NULL), SHAREABLE_E_SYSTEM);
  unlink(path);
}

Test(segment, a_second_unlink_reports_already_gone) {
  shareable__segment segment = made(DEFAULT_METHOD, 8);
  shareable_error error;

  cr_ok(shareable__segment_publish(&segment, own_name(), NULL));
  cr_ok(unlink_block(&segment, own_name(), NULL));
  cr_status(unlink_block(&segment, own_name(), &error), SHAREABLE_E_NOT_FOUND);
  cr_assert_not_null(strstr(error.message, "already gone"));
  shareable__segment_discard(&segment);
}

Test(segment, unlink_keeps_another_block_with_the_same_name) {
  shareable__segment first = made(DEFAULT_METHOD, 8), second = made(DEFAULT_METHOD, 8);

  cr_ok(shareable__segment_publish(&first, own_name(), NULL));
  cr_ok(unlink_block(&first, own_name(), NULL));
  cr_ok(shareable__segment_publish(&second, own_name(), NULL));
  cr_status(unlink_block(&first, own_name(), NULL), SHAREABLE_E_NOT_FOUND);
  cr_assert(exists(own_name()));
  cr_ok(unlink_block(&second, own_name(), NULL));
  shareable__segment_discard(&first);
  shareable__segment_discard(&second);
}

/* Holds a lease on the block until the process ends, like a gc that was stopped. */
static void lease_block(const void *with) {
  shareable__lease lease;
  int fd = open(with, O_RDONLY | O_CLOEXEC);

  if (shareable__lease_take(&lease, fd) != SHAREABLE__UNUSED)
    _exit(1);
}

static pid_t lease_own_block(void) {
  shareable__segment segment = made(DEFAULT_METHOD, 8);
  char path[100];

  cr_ok(shareable__segment_publish(&segment, own_name(), NULL));
  shareable__segment_discard(&segment);
  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  return start(lease_block, path);
}

Test(segment, opening_gives_up_on_a_lease_that_is_kept) {
  pid_t holder = lease_own_block();
  shareable__segment opened;
  shareable_error error = {0};
  struct timespec before, after;

  kill(holder, SIGSTOP);
  clock_gettime(CLOCK_MONOTONIC, &before);
  cr_expect_neq(shareable__segment_open(&opened, own_name(), false, &error), SHAREABLE_OK);
  clock_gettime(CLOCK_MONOTONIC, &after);
  cr_expect_lt(after.tv_sec - before.tv_sec, 3);
  cr_expect_not_null(strstr(error.message, "lease"), "%s", error.message);
  end(holder, SIGKILL);
  cr_ok(shareable__segment_open(&opened, own_name(), false, NULL));
  cr_ok(unlink_block(&opened, own_name(), NULL));
  shareable__segment_discard(&opened);
}

Test(segment, opening_waits_until_a_lease_is_dropped) {
  pid_t holder = lease_own_block(), killer = fork();
  shareable__segment opened;

  if (killer == 0) {
    usleep(20000);
    kill(holder, SIGKILL);
    _exit(0);
  }
  cr_ok(shareable__segment_open(&opened, own_name(), false, NULL));
  waitpid(killer, NULL, 0);
  waitpid(holder, NULL, 0);
  cr_ok(unlink_block(&opened, own_name(), NULL));
  shareable__segment_discard(&opened);
}

/* Forbids to link a file by its descriptor, as kernels before 6.10 do for users other than root. */
static bool forbid_links_by_descriptor(void) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_linkat, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4])),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, AT_EMPTY_PATH, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOENT),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {LENGTH(code), code};

  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Runs in a mount namespace with an empty /proc, as a user other than root. */
static int create_without_proc(const char *name) {
  shareable_memory *memory;

  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("none", "/proc", "tmpfs", 0, NULL) != 0 || setuid(65533) != 0 || !forbid_links_by_descriptor())
    return 77;
  if (shareable_memory_create(&memory, name, 8, 0, 0, NULL) != SHAREABLE_OK)
    return 1;
  if (!exists(name))
    return 2;
  return shareable_memory_unlink(memory, NULL) == SHAREABLE_OK ? 0 : 3;
}

Test(segment, can_be_created_without_proc) {
  char name[60];
  pid_t child;
  int status;

  snprintf(name, sizeof name, "%s", own_name());
  child = fork();
  if (child == 0)
    _exit(create_without_proc(name));
  waitpid(child, &status, 0);
  cr_assert(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77)
    skip_because("needs a mount namespace and seccomp(2)");
  cr_expect_eq(WEXITSTATUS(status), 0);
}

/* The limit is lowered after it was read. */
Test(segment, writing_above_the_file_size_limit_raises_no_signal) {
  shareable__segment segment = made(DEFAULT_METHOD, 100);
  const struct rlimit low = {10, 10};
  pid_t child = fork();
  int status;

  if (child == 0) {
    shareable_error error;

    if (setrlimit(RLIMIT_FSIZE, &low) != 0)
      _exit(2);
    _exit(shareable__segment_write(&segment, "block", 10, "0123456789", 10, &error) == SHAREABLE_OK ||
          error.sys_errno != EFBIG);
  }
  waitpid(child, &status, 0);
  cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", status);
  shareable__segment_discard(&segment);
}
