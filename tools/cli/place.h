/*
 * place.h - the directory whose files are listed: /dev/shm of this process or of another one, or
 * another directory.
 */
#ifndef SHAREABLE__CLI_PLACE_H
#define SHAREABLE__CLI_PLACE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct block_place {
  int fd;      /* open for reading */
  char *text;  /* the path, as it is printed */
  bool is_own; /* /dev/shm of this process */
} block_place;

/*
 * Opens `directory`, or /dev/shm if it is NULL, as process `pid` sees it, or this process if `pid`
 * is 0. Links in the path cannot lead out of the other process's root directory. If the directory
 * cannot be opened, or is not on a tmpfs, prints the reason and exits.
 */
block_place place_open(const char *directory, int64_t pid);
void place_close(block_place *opened);

#endif
