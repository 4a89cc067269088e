/*
 * tracker.h - CPython's resource tracker, which is told of each block that the manager removes.
 */
#ifndef MANAGER_TRACKER_H
#define MANAGER_TRACKER_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes that wait for a tracker that does not read. */
#define TRACKER_QUEUE_MAX ((size_t)1 << 20)

/* The time that a tracker that does not read may delay the end of the manager, in milliseconds. */
#define TRACKER_TIMEOUT_MS 1000

typedef struct resource_tracker {
  int fd; /* or -1 */
  char *queue;
  size_t length, capacity; /* of `queue` */
  int timeout_ms;          /* the time that tracker_drain() may still wait */
} resource_tracker;

/* Takes the descriptor, or -1: there is no tracker. */
void tracker_open(resource_tracker *tracker, int fd);

/*
 * Makes the tracker forget a block. It does not wait: what the tracker does not take at once is
 * queued.
 */
void tracker_forget(resource_tracker *tracker, const char *name);

/* Writes what is queued, without waiting. Returns whether something is left. */
bool tracker_flush(resource_tracker *tracker);

/*
 * Writes what is queued, and waits for the tracker to read it. All calls together wait at most
 * TRACKER_TIMEOUT_MS.
 */
void tracker_drain(resource_tracker *tracker);

/* Frees the queue. The descriptor stays open until the process ends. */
void tracker_close(resource_tracker *tracker);

#endif
