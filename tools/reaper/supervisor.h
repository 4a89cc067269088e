/*
 * supervisor.h - the one reaper for all owners of a directory and pid namespace, if the first process does not wait for orphans.
 *
 * It has one child for each log, which it waits for itself. It holds a lock on a file in the directory, reaper-NAMESPACE: a
 * reaper that is started for a further owner finds the lock and exits. It runs until there is no log, and the orphan that was
 * made to find out has gone: so it normally runs as long as the container, and leaves one zombie, that orphan, in all.
 *
 * An owner publishes its log before it starts a reaper. The supervisor unlinks the file before it looks for logs a last time. So
 * each log is found, by the supervisor or by the next one.
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

/* Finds out whether there is a supervisor, or must be one: then the caller has the lock, and calls supervisor_run(). */
supervisor_need supervisor_find(supervisor *self, const shareable__owner_directory *directory);

/* Serves all logs of the pid namespace. Returns when the process may exit. */
void supervisor_run(supervisor *self);

#endif
