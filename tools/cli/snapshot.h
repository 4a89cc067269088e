/*
 * snapshot.h - the bytes of a list at one point in time, without memory for its holes.
 */
#ifndef SHAREABLE__CLI_SNAPSHOT_H
#define SHAREABLE__CLI_SNAPSHOT_H

#include "cli.h"

/* The list without its sync area. */
typedef struct snapshot {
  unsigned char *bytes;
  size_t size;
} snapshot;

/*
 * Reads a list that has a sync area and was opened with SHAREABLE_KEEP_FD. Gives no memory to the
 * holes of the list. Returns false if a writer holds an item, an item is corrupt, or the list changes
 * all the time; otherwise the caller must call snapshot_free().
 */
bool snapshot_take(snapshot *taken, const shareable_list *list);
void snapshot_free(snapshot *taken);

#endif
