/*
 * rename.c - renaming a file without replacing another one.
 */
#include "base/rename.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/platform.h"

int shareable__rename_to_new(int directory, const char *name, int new_directory, const char *new_name) {
#if SHAREABLE__LINUX && defined(SYS_renameat2)
  const unsigned no_replace = 1;

  if (syscall(SYS_renameat2, directory, name, new_directory, new_name, no_replace) == 0)
    return 0;
  return errno == EINVAL ? ENOSYS : errno;
#else
  (void)directory;
  (void)name;
  (void)new_directory;
  (void)new_name;
  return ENOSYS;
#endif
}
