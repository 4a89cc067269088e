/*
 * tracker.h - reports the blocks that the manager removes to CPython's resource tracker.
 */
#ifndef MANAGER_TRACKER_H
#define MANAGER_TRACKER_H

#include <stdbool.h>
#include <stddef.h>

/* The maximum number of queued bytes if the tracker does not read. */
#define TRACKER_QUEUE_MAX ((size_t)1 << 20)

/* The maximum time that the manager waits for the tracker before it exits, in milliseconds. */
#define TRACKER_TIMEOUT_MS 1000

typedef struct resource_tracker {
  int fd; /* or -1 */
  char *queue;
  size_t length, capacity; /* of `queue` */
  int timeout_ms;          /* the time that tracker_drain() may still wait */
} resource_tracker;

/* Uses the descriptor of a tracker. -1: there is no tracker. */
void tracker_open(resource_tracker *tracker, int fd);

/*
 * Makes the tracker forget a block. Does not wait: a message that the pipe has no room for is
 * queued.
 */
void tracker_forget(resource_tracker *tracker, const char *name);

/* Writes queued messages without waiting. Returns whether messages are left. */
bool tracker_flush(resource_tracker *tracker);

/*
 * Writes all queued messages, and waits while the pipe is full. All calls together wait at most
 * TRACKER_TIMEOUT_MS.
 */
void tracker_drain(resource_tracker *tracker);

/* Frees the queue. The descriptor stays open until the process ends. */
void tracker_close(resource_tracker *tracker);

#endif
