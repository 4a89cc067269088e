/*
 * sparse.h - the bytes of a block, without memory for its holes: the parts of a lazy block that were
 * not used yet.
 */
#ifndef SHAREABLE__CLI_SPARSE_H
#define SHAREABLE__CLI_SPARSE_H

#include "cli.h"

/* Called with bytes of a block. Returns 0, or another number to end sparse_read(). */
typedef int sparse_visit(void *context, uint64_t offset, const void *bytes, size_t length);

/*
 * Reads the first `size` bytes of a block in parts, and leaves out the holes. Returns 0, ENODATA if
 * the block was truncated, another errno, or what `visit` returned.
 */
int sparse_read(shareable_memory *memory, uint64_t size, sparse_visit *visit, void *context);

/* Calls `visit` with the pages of the bytes that are not all 0. Returns 0 or what `visit` returned. */
int sparse_visit_pages(uint64_t offset, const void *bytes, size_t length, sparse_visit *visit, void *context);

#endif
