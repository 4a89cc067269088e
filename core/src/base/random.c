/*
 * random.c - random bytes of the kernel's.
 */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

/* So few come all at once. */
int shareable__random(void *bytes, size_t size) {
  while (getrandom(bytes, size, 0) != (ssize_t)size)
    if (errno != EINTR)
      return errno;
  return 0;
}
