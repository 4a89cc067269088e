/*
 * random.c - random bytes from the kernel.
 */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

/* getrandom() returns up to 256 bytes in one piece. */
int shareable__random(void *bytes, size_t size) {
  while (getrandom(bytes, size, 0) != (ssize_t)size)
    if (errno != EINTR)
      return errno;
  return 0;
}
