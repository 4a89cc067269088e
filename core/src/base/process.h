/*
 * process.h - when a process started, and the namespaces in which pids and start times are valid.
 */
#ifndef SHAREABLE__PROCESS_H
#define SHAREABLE__PROCESS_H

#include <stdint.h>

/*
 * Returns when the process started, in clock ticks since boot, as seen in the caller's time
 * namespace. Returns 0 if there is no such process or all of its threads have ended. Returns
 * SHAREABLE__START_UNKNOWN if /proc does not show the start time, or shows the processes of another
 * pid namespace.
 */
#define SHAREABLE__START_UNKNOWN UINT64_MAX
uint64_t shareable__process_start(int64_t pid);

/* Returns the inode of this process's pid namespace; 0 without /proc. */
uint64_t shareable__pid_namespace(void);

/*
 * Returns the inode of this process's time namespace; 0 without /proc, or if the system has no time
 * namespaces.
 */
uint64_t shareable__time_namespace(void);

#endif
