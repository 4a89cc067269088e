/*
 * lease.c - tests of core/src/shm/lease.c.
 */
#include "shm/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "capability.h"
#include "child.h"

static const char *own_path(void) {
  static char path[60];

  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  return path;
}

/* Makes a file of one page, and opens it for reading. */
static int make(void) {
  int fd = open(own_path(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  cr_assert_geq(fd, 0);
  cr_assert_eq(ftruncate(fd, 4096), 0);
  close(fd);
  fd = open(own_path(), O_RDONLY | O_CLOEXEC);
  cr_assert_geq(fd, 0);
  return fd;
}

/* Skips the test if the file system or the kernel has no leases. */
static void need_leases(int fd) {
  if (shareable__lease_probe(fd) == SHAREABLE__UNUSED)
    return;
  unlink(own_path());
  skip_because("the kernel grants no lease on a file in /dev/shm");
}

static void end_file(int fd) {
  close(fd);
  unlink(own_path());
}

typedef struct user {
  const char *path;
  int flags;
  bool maps;
} user;

/* Opens or maps the file. If it maps the file, it closes the descriptor. */
static void use(const void *with) {
  const user *how = with;
  int fd = open(how->path, how->flags | O_CLOEXEC);

  if (fd < 0)
    _exit(1);
  if (!how->maps)
    return;
  if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
    _exit(1);
  close(fd);
}

static shareable__use probe_beside(int fd, int flags, bool maps) {
  const user how = {own_path(), flags, maps};
  pid_t child;
  shareable__use found;

  fcntl(fd, F_SETFD, FD_CLOEXEC);
  child = start(use, &how);
  found = shareable__lease_probe(fd);
  end(child, SIGKILL);
  return found;
}

Test(lease, detects_each_way_to_use_a_file) {
  int fd = make();

  need_leases(fd);
  cr_expect_eq(probe_beside(fd, O_RDONLY, false), SHAREABLE__IN_USE);
  cr_expect_eq(probe_beside(fd, O_WRONLY, false), SHAREABLE__IN_USE);
  cr_expect_eq(probe_beside(fd, O_RDWR, false), SHAREABLE__IN_USE);
  cr_expect_eq(probe_beside(fd, O_RDONLY, true), SHAREABLE__IN_USE);
  cr_expect_eq(probe_beside(fd, O_RDWR, true), SHAREABLE__IN_USE);
  cr_expect_eq(shareable__lease_probe(fd), SHAREABLE__UNUSED);
  end_file(fd);
}

Test(lease, counts_the_uses_of_its_own_process) {
  int fd = make(), other;
  void *mapping;

  need_leases(fd);
  other = open(own_path(), O_RDWR | O_CLOEXEC);
  cr_expect_eq(shareable__lease_probe(fd), SHAREABLE__IN_USE);
  mapping = mmap(NULL, 4096, PROT_READ, MAP_SHARED, other, 0);
  close(other);
  cr_expect_eq(shareable__lease_probe(fd), SHAREABLE__IN_USE);
  munmap(mapping, 4096);
  cr_expect_eq(shareable__lease_probe(fd), SHAREABLE__UNUSED);
  end_file(fd);
}

static volatile sig_atomic_t urgent, io;

static void count(int signal) {
  if (signal == SIGURG)
    urgent++;
  else
    io++;
}

static void count_signals(void) {
  signal(SIGURG, count);
  signal(SIGIO, count);
}

Test(lease, makes_other_processes_wait_and_calls_no_handler_of_the_program) {
  shareable__lease lease;
  int fd = make();

  need_leases(fd);
  count_signals();
  cr_assert_eq(shareable__lease_take(&lease, fd), SHAREABLE__UNUSED);
  cr_expect(shareable__lease_is_undisturbed(&lease));
  cr_expect_eq(open(own_path(), O_RDONLY | O_NONBLOCK | O_CLOEXEC), -1);
  cr_expect_eq(errno, EWOULDBLOCK);
  cr_expect_not(shareable__lease_is_undisturbed(&lease));
  shareable__lease_drop(&lease);
  cr_expect_eq(urgent, 0);
  cr_expect_eq(io, 0);
  end_file(fd);
}

Test(lease, returns_the_program_s_own_signals) {
  shareable__lease lease;
  int fd = make();

  need_leases(fd);
  count_signals();
  cr_assert_eq(shareable__lease_take(&lease, fd), SHAREABLE__UNUSED);
  kill(getpid(), SIGURG);
  shareable__lease_drop(&lease);
  cr_expect_eq(urgent, 1);
  cr_assert_eq(shareable__lease_take(&lease, fd), SHAREABLE__UNUSED);
  raise(SIGURG);
  shareable__lease_drop(&lease);
  cr_expect_eq(urgent, 2);
  end_file(fd);
}

Test(lease, use_is_unknown_without_permission) {
  int fd;

  if (geteuid() != 0)
    skip_because("only root can make a file of another user");
  fd = make();
  need_leases(fd);
  cr_assert_eq(chown(own_path(), 65533, 65533), 0);
  cr_expect_eq(shareable__lease_probe(fd), SHAREABLE__UNUSED);
  drop_capability(CAP_LEASE);
  cr_expect_eq(shareable__lease_probe(fd), SHAREABLE__USE_UNKNOWN);
  cr_expect_eq(shareable__lease_probe(-1), SHAREABLE__USE_UNKNOWN);
  end_file(fd);
}
