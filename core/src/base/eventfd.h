/*
 * eventfd.h - an eventfd of the library, which the program may close and replace.
 */
#ifndef SHAREABLE__EVENTFD_H
#define SHAREABLE__EVENTFD_H

#include "base/descriptor.h"

typedef struct shareable__eventfd {
  int fd;
  shareable__file_id file; /* that of all eventfds, and of other descriptors without a file */
  int mark;                /* distinguishes the descriptor from those; -1: unknown */
} shareable__eventfd;

/*
 * Creates an eventfd with FD_CLOEXEC and O_NONBLOCK, whose counter is 0 and whose descriptor is above
 * 2. Returns false with errno on failure.
 */
bool shareable__eventfd_create(shareable__eventfd *event);

/*
 * Replaces the eventfd by a new one with the same descriptor, whose counter is 1. Returns false if the
 * system has no descriptor: then nothing changes.
 */
bool shareable__eventfd_replace(shareable__eventfd *event);

/*
 * Returns whether the program has closed the descriptor or opened another file with its number; false
 * if unknown. The functions below do nothing in that case.
 */
bool shareable__eventfd_is_lost(const shareable__eventfd *event);

/* Makes the descriptor readable. */
void shareable__eventfd_signal(const shareable__eventfd *event);

/* Makes the descriptor not readable. */
void shareable__eventfd_drain(const shareable__eventfd *event);

void shareable__eventfd_close(const shareable__eventfd *event);

#endif
