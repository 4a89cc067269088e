/*
 * top_list.h - reads a list by pread(2), without mapping it.
 *
 * The block may be truncated or changed at any time. pread(2) then returns less, and raises no
 * SIGBUS. It does not allocate the memory of a lazy block either, and takes no usage lock.
 */
#ifndef SHAREABLE__CLI_TOP_LIST_H
#define SHAREABLE__CLI_TOP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part of an area of the list that was read together. */
typedef struct top_piece {
  uint64_t start, end; /* of the area, in the file */
  uint64_t offset;     /* of the bytes in the file */
  size_t length;
  unsigned char bytes[32768];
} top_piece;

typedef struct top_list {
  int fd;
  uint64_t count;     /* N; checked */
  uint64_t data_size; /* offset[N]; checked */
  top_piece head, offsets, data, formats, codes;
} top_list;

/* One item. `data` is the offset of its slot in the file, `size` the slot's size. */
typedef struct top_slot {
  uint64_t data, size;
  uint64_t format;
  unsigned char code;
} top_slot;

/*
 * Opens the file of that name in the directory if it has that inode and contains a list with items.
 * Returns false otherwise. The caller must close the list.
 */
bool top_list_open(top_list *list, int directory, const char *name, uint64_t inode);
void top_list_close(top_list *list);

/* The size of the largest part of a slot that top_list_data() returns. */
enum { TOP_PART_MAX = 4096 };

/*
 * Gets item `i`, which must be less than the count. If its offsets are invalid, sets the slot to
 * zeros. Returns false if the file is shorter than it was.
 */
bool top_list_slot(top_list *list, uint64_t i, top_slot *slot);

/*
 * Returns the bytes of the slots at an offset in the file, at most TOP_PART_MAX. They are valid
 * until the next call. Returns NULL if the file is shorter than it was.
 */
const unsigned char *top_list_data(top_list *list, uint64_t offset, size_t length);

#endif
