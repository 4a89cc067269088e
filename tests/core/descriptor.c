/*
 * descriptor.c - tests of core/src/base/descriptor.c.
 */
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>

#include "support.h"

static bool is_inherited(int fd) {
  return (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
}

Test(descriptor, a_directory_and_a_file_are_opened_above_the_standard_streams) {
  DIR *directory;
  FILE *file;

  close(STDIN_FILENO);
  directory = shareable__opendirat(AT_FDCWD, "/proc");
  file = shareable__fopen("/proc/self/maps");
  cr_assert(directory != NULL && file != NULL);
  cr_assert_gt(dirfd(directory), STDERR_FILENO);
  cr_assert_gt(fileno(file), STDERR_FILENO);
  cr_assert_not(is_inherited(dirfd(directory)));
  cr_assert_not(is_inherited(fileno(file)));
  cr_assert_eq(fcntl(STDIN_FILENO, F_GETFD), -1);
  closedir(directory);
  fclose(file);
}

Test(descriptor, failing_to_open_returns_null_with_errno) {
  size_t before = descriptors();

  errno = 0;
  cr_assert_null(shareable__opendirat(AT_FDCWD, "/proc/self/maps"));
  cr_assert_eq(errno, ENOTDIR);
  cr_assert_null(shareable__fopen("/proc/self/nothing"));
  cr_assert_eq(errno, ENOENT);
  cr_assert_eq(descriptors(), before);
}

Test(descriptor, a_descriptor_without_the_mark_stays_open) {
  int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), same = fd;
  shareable__file_id id;

  cr_assert(shareable__file_id_of(fd, &id));
  shareable__descriptor_close_marked(&same, &id);
  cr_assert_eq(same, -1);
  cr_assert_neq(fcntl(fd, F_GETFD), -1);
  cr_assert_eq(fcntl(fd, F_SETFL, SHAREABLE__DESCRIPTOR_MARK), 0);
  same = fd;
  shareable__descriptor_close_marked(&same, &id);
  cr_assert_eq(fcntl(fd, F_GETFD), -1);
}
