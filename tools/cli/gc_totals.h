/*
 * gc_totals.h - the numbers and sizes of the blocks that gc found, by result and by reason.
 */
#ifndef SHAREABLE__CLI_GC_TOTALS_H
#define SHAREABLE__CLI_GC_TOTALS_H

#include "gc/gc.h"

typedef struct gc_total {
  const char *reason; /* without what differs between blocks; NULL in `results` */
  size_t blocks;
  uint64_t used; /* in bytes; a block with several names counts once */
} gc_total;

typedef struct gc_totals {
  gc_total results[SHAREABLE_GC_REMOVED + 1];
  gc_total *kept; /* one for each reason, the largest first */
  size_t kept_count, failed;
} gc_totals;

gc_totals gc_totals_of(const shareable_gc *gc);
void gc_totals_free(gc_totals *totals);

#endif
