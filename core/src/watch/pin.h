/*
 * pin.h - pins of blocks that threads hash without the watch lock.
 */
#ifndef SHAREABLE__WATCH_PIN_H
#define SHAREABLE__WATCH_PIN_H

#include "shm/memory.h"

/* Keeps the block mapped. Returns false if it is closed. The caller holds the watch lock. */
bool shareable__watch_pin(shareable_memory *memory);

/* Undoes that. The caller does not hold the watch lock. */
void shareable__watch_unpin(shareable_memory *memory);

/* Drops the pins of the parent's threads, which a child of a fork does not have. */
void shareable__watch_pins_forget(void);

#endif
