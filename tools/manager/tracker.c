/*
 * tracker.c - reports the blocks that the manager removes to CPython's resource tracker.
 *
 * Other processes write to the same pipe. So each write consists of whole lines and has at most
 * PIPE_BUF bytes, and O_NONBLOCK is set only on a file description that the manager has opened.
 */
#include "tracker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "log.h"

#define MESSAGE_SIZE ((size_t)600)

void tracker_open(resource_tracker *tracker, int fd) {
  char path[32];
  int reopened;

  *tracker = (resource_tracker){.fd = fd, .timeout_ms = TRACKER_TIMEOUT_MS};
  if (fd < 0)
    return;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  reopened = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (reopened >= 0)
    tracker->fd = reopened;
}

/* The tracker reads ASCII lines whose fields are separated by colons. */
static bool is_representable(const char *name) {
  for (const char *c = name; *c != '\0'; c++)
    if (*c < ' ' || *c > '~' || *c == ':')
      return false;
  return true;
}

static bool grow(resource_tracker *tracker) {
  size_t capacity = tracker->capacity == 0 ? 4096 : 2 * tracker->capacity;
  char *queue;

  if (tracker->capacity - tracker->length >= MESSAGE_SIZE)
    return true;
  queue = capacity > TRACKER_QUEUE_MAX ? NULL : realloc(tracker->queue, capacity);
  if (queue == NULL)
    return false;
  tracker->queue = queue;
  tracker->capacity = capacity;
  return true;
}

/*
 * Without these messages, the tracker would report a leak and unlink the name when it ends. The
 * block is registered first, because the tracker prints an error if it must forget an unknown
 * block.
 */
void tracker_forget(resource_tracker *tracker, const char *name) {
  int length;

  if (tracker->fd < 0 || !is_representable(name))
    return;
  if (!grow(tracker)) {
    log_event(LOG_TRACKER, "the resource tracker does not read its pipe: a removed block is not reported to it");
    return;
  }
  length = snprintf(tracker->queue + tracker->length, MESSAGE_SIZE,
                    "REGISTER:/%s:shared_memory\nUNREGISTER:/%s:shared_memory\n", name, name);
  tracker->length += (size_t)length;
  tracker_flush(tracker);
}

/*
 * The number of bytes at the start of the queue that are whole lines and fit into one atomic write.
 */
static size_t first_lines(const resource_tracker *tracker) {
  size_t length = tracker->length > PIPE_BUF ? PIPE_BUF : tracker->length;

  while (length > 0 && tracker->queue[length - 1] != '\n')
    length--;
  return length;
}

static ssize_t write_lines(const resource_tracker *tracker) {
  struct pollfd output = {.fd = tracker->fd, .events = POLLOUT};
  ssize_t count;

  do {
    if (poll(&output, 1, 0) == 0) /* without /proc, the descriptor may block */
      return 0;
    count = write(tracker->fd, tracker->queue, first_lines(tracker));
  } while (count < 0 && errno == EINTR);
  return count < 0 && errno == EAGAIN ? 0 : count;
}

bool tracker_flush(resource_tracker *tracker) {
  while (tracker->length > 0) {
    ssize_t count = write_lines(tracker);

    if (count == 0)
      return true;
    if (count < 0) {
      tracker->fd = -1; /* the tracker has ended */
      tracker->length = 0;
      return false;
    }
    tracker->length -= (size_t)count;
    memmove(tracker->queue, tracker->queue + count, tracker->length);
  }
  return false;
}

void tracker_drain(resource_tracker *tracker) {
  while (tracker_flush(tracker)) {
    struct pollfd output = {.fd = tracker->fd, .events = POLLOUT};
    int64_t start;

    if (tracker->timeout_ms <= 0) {
      log_event(LOG_TRACKER, "the resource tracker does not read its pipe: it may report removed blocks as leaked");
      return;
    }
    start = shareable__now();
    poll(&output, 1, tracker->timeout_ms);
    tracker->timeout_ms -= (int)((shareable__now() - start) / 1000000) + 1;
  }
}

void tracker_close(resource_tracker *tracker) {
  free(tracker->queue);
  *tracker = (resource_tracker){.fd = -1};
}
