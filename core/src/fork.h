/*
 * fork.h - whether this process is a fork's child, and a lock that none is made under.
 */
#ifndef SHAREABLE__FORK_H
#define SHAREABLE__FORK_H

#include <stdbool.h>

/* How often this process has been a fork's child, since shareable__fork_watch(). */
extern unsigned shareable__forks;

/* Counts from now on. May be called any number of times; false where there is no memory to be told of forks. */
bool shareable__fork_watch(void);

/*
 * One lock for what this process has with the kernel, which a fork's child has not: it is held by at most one thread, and no
 * fork is made meanwhile, so that no child gets half of it. The thread that holds it cannot be cancelled: a cancelled thread
 * would leave the lock held, and every later fork() would hang.
 */
void shareable__fork_lock(void);
void shareable__fork_unlock(void);

#endif
