/*
 * supervisor.h - the one reaper for all owners of a directory and pid namespace, if the first
 * process does not reap orphans.
 *
 * The supervisor has one child for each log, and reaps these children itself. It holds a lock on a
 * file in the directory, reaper-NAMESPACE.FORMAT. A reaper that is started for a further owner
 * finds the lock and exits. The supervisor runs until there is no log and the orphan that it
 * created as a test is reaped. So it normally runs as long as the container, and leaves one zombie
 * in all: that orphan.
 *
 * An owner publishes its log before it starts a reaper. The supervisor unlinks its file before it
 * searches for logs a last time. So each log is found, by this supervisor or by the next one.
 */
#ifndef REAPER_SUPERVISOR_H
#define REAPER_SUPERVISOR_H

#include "shm/owner_directory.h"

typedef struct supervisor {
  const shareable__owner_directory *directory;
  char name[32]; /* of the locked file */
  int lock;      /* its descriptor */
  pid_t orphan;
} supervisor;

typedef enum supervisor_need { SUPERVISOR_NOT_NEEDED, SUPERVISOR_NEEDED, SUPERVISOR_RUNS } supervisor_need;

/*
 * Returns whether a supervisor runs or is needed. If one is needed, the caller holds the lock, and
 * calls supervisor_run().
 */
supervisor_need supervisor_find(supervisor *self, const shareable__owner_directory *directory);

/* Handles all logs of the pid namespace. Returns when the process may exit. */
void supervisor_run(supervisor *self);

#endif
