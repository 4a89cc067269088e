/*
 * journal.h - what a process owns, in a file beside the blocks, for whoever cleans up after it.
 *
 * Each process that owns blocks has a file of its own in a folder of its user's, /dev/shm/.shareable-UID. It holds a lock of
 * the kernel's on it (fcntl(2), of the open file description) by a mapping that a fork's child does not get: so the lock is
 * free when the process has ended, however it did, to whoever shares the file system, whatever their pid namespace.
 *
 *   0    a head: the magic word, and an heir (shareable__heir)
 *   512  records of 512 bytes each
 *
 * A record is stored before the block has its name, so none is ever left out; and it names the block's inode, so whatever
 * has that name by then is not taken for it.
 */
#ifndef SHAREABLE__JOURNAL_H
#define SHAREABLE__JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "name.h"
#include "word.h"

#define SHAREABLE__JOURNAL_MAGIC UINT64_C(0x316c6e6a65726873) /* "shrejnl1" on a little-endian machine */

#define SHAREABLE__BEING_FILLED UINT64_MAX

typedef struct shareable__record {
  shareable__word inode; /* 0: the record is free, or SHAREABLE__BEING_FILLED */
  char name[SHAREABLE__NAME_MAX + 1];
  unsigned char unused[248];
} shareable__record;

/* A process that the blocks go to when their owner has ended, as long as that lives; pid 0: nobody. */
typedef struct shareable__heir {
  int64_t __attribute__((aligned(8))) pid;
  uint64_t start; /* field 22 of /proc/PID/stat: a pid alone comes to mean another process */
} shareable__heir;

typedef struct shareable__journal_head {
  uint64_t magic;
  shareable__heir heir;
  unsigned char unused[488];
} shareable__journal_head;

_Static_assert(sizeof(shareable__record) == 512, "in the file");
_Static_assert(sizeof(shareable__journal_head) == sizeof(shareable__record), "so that records follow it");

/* The folder of this user's journals. */
typedef struct shareable__folder {
  char path[48];
} shareable__folder;

shareable__folder shareable__journal_folder(void);

/*
 * Opens each file there in turn, for a journal to be looked for in it; the path is gone with the call. 0, or an errno where not
 * all could be opened.
 */
typedef void shareable__journal_visit(int fd, const char *path, void *context);
int shareable__journal_each(const shareable__folder *folder, shareable__journal_visit *visit, void *context);

/* Locks a journal: true when its owner has ended. Without waiting for that, or until it has. */
bool shareable__journal_lock(int fd, bool wait);

/* Whether nobody holds that lock: the owner has ended. */
bool shareable__journal_is_left(int fd);

/* The answer to a question that the system may not answer. */
typedef enum shareable__answer { SHAREABLE__NO, SHAREABLE__YES, SHAREABLE__UNTOLD } shareable__answer;

/* Whether it is a journal; its head. */
shareable__answer shareable__journal_read(int fd, shareable__journal_head *head);

/* The record at *at, which counts from 0, and then the next one that may be in use: whether there is one. Its name ends in NUL. */
shareable__answer shareable__journal_next(int fd, uint64_t *at, shareable__record *record);

/* When the process began, in ticks since the machine did; 0: there is none with that pid, or it has ended; or untold. */
#define SHAREABLE__START_UNTOLD UINT64_MAX
uint64_t shareable__process_start(int64_t pid);

/* Whether there is an heir, and it lives, as far as can be told. */
bool shareable__heir_lives(const shareable__heir *heir);

/* Whether the block with that name is the one of the record, on the journal's file system, and of the journal's user. */
shareable__answer shareable__journal_has_block(int fd, const shareable__record *record);

/* Unlinks the blocks of a journal that was locked, and then the journal, which had that path, unless a block may be left. */
void shareable__journal_clear(int fd, const char *path);

/* Unlinks a journal that nobody needs any more; and the folder with the last one. */
void shareable__journal_remove(const char *path);

#endif
