/*
 * rename.c - renaming a file without replacing another one.
 */
#include "base/rename.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/platform.h"

int shareable__rename_to_new(const char *from, const char *to) {
#if SHAREABLE__LINUX && defined(SYS_renameat2)
  const unsigned no_replace = 1;

  if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, no_replace) == 0)
    return 0;
  return errno == EINVAL ? ENOSYS : errno;
#else
  (void)from;
  (void)to;
  return ENOSYS;
#endif
}
