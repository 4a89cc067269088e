/*
 * membarrier.h - memory barriers in the threads of other processes (membarrier(2)).
 */
#ifndef SHAREABLE__MEMBARRIER_H
#define SHAREABLE__MEMBARRIER_H

#include <stdbool.h>

/*
 * Registers this process for the barriers of other processes. A fork's child must register again.
 * Returns false if the kernel refuses.
 */
bool shareable__membarrier_register(void);

/* Makes every running thread of every registered process execute a full memory barrier. */
void shareable__membarrier(void);

#endif
