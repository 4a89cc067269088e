/*
 * rename.c - renaming a file without replacing another one.
 */
#include "base/rename.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/platform.h"

int shareable__rename_to_new(int from, const char *name, int to, const char *new_name) {
#if SHAREABLE__LINUX && defined(SYS_renameat2)
  const unsigned no_replace = 1;

  if (syscall(SYS_renameat2, from, name, to, new_name, no_replace) == 0)
    return 0;
  return errno == EINVAL ? ENOSYS : errno;
#else
  (void)from;
  (void)name;
  (void)to;
  (void)new_name;
  return ENOSYS;
#endif
}
