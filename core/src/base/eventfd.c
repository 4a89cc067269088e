/*
 * eventfd.c - an eventfd of the library, which the program may close and replace.
 */
#include "base/eventfd.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

/*
 * The mark is the signal of the descriptor (F_SETSIG), a real-time signal. The kernel sends it only if
 * the program requests that (O_ASYNC). It is 0 for other descriptors. Successive eventfds have different
 * marks, so that an eventfd of the library in the place of an earlier one is detected too.
 */
enum { FIRST_MARK = 35, MARKS = 30 };

static int set_mark(int fd) {
  static atomic_uint count;

  (void)fcntl(fd, F_SETSIG, (int)(FIRST_MARK + atomic_fetch_add(&count, 1) % MARKS));
  return fcntl(fd, F_GETSIG);
}

static bool create(shareable__eventfd *event, unsigned count) {
  event->fd = shareable__open_eventfd(count);
  if (event->fd < 0)
    return false;
  if (!shareable__file_id_of(event->fd, &event->file)) {
    int errnum = errno;

    close(event->fd);
    errno = errnum;
    return false;
  }
  event->mark = set_mark(event->fd);
  return true;
}

bool shareable__eventfd_create(shareable__eventfd *event) {
  return create(event, 0);
}

bool shareable__eventfd_replace(shareable__eventfd *event) {
  shareable__eventfd other;
  bool is_replaced;

  if (!create(&other, 1))
    return false;
  is_replaced = dup3(other.fd, event->fd, O_CLOEXEC) >= 0;
  close(other.fd);
  if (is_replaced)
    event->mark = other.mark;
  return is_replaced;
}

bool shareable__eventfd_is_lost(const shareable__eventfd *event) {
  int mark;

  if (shareable__descriptor_is_lost(event->fd, &event->file))
    return true;
  mark = fcntl(event->fd, F_GETSIG);
  return mark >= 0 && event->mark >= 0 && mark != event->mark;
}

void shareable__eventfd_signal(const shareable__eventfd *event) {
  const uint64_t one = 1;
  ssize_t written = shareable__eventfd_is_lost(event) ? 0 : write(event->fd, &one, sizeof one);

  (void)written; /* it fails only if the counter is near its maximum, and then it is readable */
}

void shareable__eventfd_drain(const shareable__eventfd *event) {
  uint64_t count;
  ssize_t received = shareable__eventfd_is_lost(event) ? 0 : read(event->fd, &count, sizeof count);

  (void)received;
}

void shareable__eventfd_close(const shareable__eventfd *event) {
  if (!shareable__eventfd_is_lost(event))
    close(event->fd);
}
