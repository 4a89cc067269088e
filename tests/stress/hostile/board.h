/*
 * board.h - the counters that all processes of the attack test share, and common helpers.
 *
 * The board is one anonymous shared mapping. The supervisor (hostile.c) creates it before it starts
 * any other process, so no attacker outside the test can write to it.
 */
#ifndef HOSTILE_BOARD_H
#define HOSTILE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SHM "/dev/shm/"

/*
 * The users: two that are attacked, as root is, and the attacker. A reaper clears the logs of all
 * dead owners of its user, and also removes blocks that are in use. The second user's owners have
 * no reaper, so that only gc removes their blocks.
 */
enum { SECOND_USER = 65531, FIRST_USER = 65532, ATTACKER = 65533 };

/* The classes of attack: X(identifier, name). */
#define ATTACK_MAP(X)                                                                                                  \
  X(SWAP, "swap")                                                                                                      \
  X(FORGE, "forge")                                                                                                    \
  X(SPECIAL, "special")                                                                                                \
  X(LEASE, "lease")                                                                                                    \
  X(SQUAT, "squat")                                                                                                    \
  X(LOCK, "lock")                                                                                                      \
  X(CONTENTS, "contents")                                                                                              \
  X(REPLACE, "replace")                                                                                                \
  X(SOCKET, "socket")                                                                                                  \
  X(FLOOD, "flood")                                                                                                    \
  X(MAPPED, "mapped")                                                                                                  \
  X(USERNS, "userns")

/* The counted violations, all of which must be 0: X(identifier, name). */
#define VIOLATION_MAP(X)                                                                                               \
  X(OUTSIDE, "outside") /* a file outside /dev/shm was opened, changed or removed */                                   \
  X(REMOVED, "removed") /* a block was removed that must remain */                                                     \
  X(HUNG, "hung")       /* a call took longer than its limit */                                                        \
  X(VALUE, "value")     /* a value was read that no victim wrote */                                                    \
  X(REFUSED, "refused") /* a call failed, although no attacker may make it fail */                                     \
  X(CRASHED, "crashed") /* a process was killed by a signal that the documents do not announce */

#define BOARD_ENUM(id, name) id,
enum attack_class { ATTACK_MAP(BOARD_ENUM) CLASSES };
enum violation_kind { VIOLATION_MAP(BOARD_ENUM) KINDS };
#undef BOARD_ENUM

/* A block whose owner dies while an attacker has it open. */
enum bait_state { BAIT_FREE, BAIT_OFFERED, BAIT_TAKEN, BAIT_HELD, BAIT_CHECKED };
typedef struct bait {
  int state; /* an enum bait_state; the victim offers and checks, the attacker holds and frees */
  char name[40];
} bait;

/* The current call of a victim's process. That process writes it; the supervisor reads it. */
typedef struct operation {
  uint64_t start;   /* CLOCK_MONOTONIC in nanoseconds; 0: the process is in no call */
  uint64_t starved; /* board.starved at that time */
  uint64_t limit;   /* in nanoseconds */
  char name[48];
} operation;

enum { SLOTS = 64, SENTENCES = 5, BAITS = 4 };

/*
 * An ownership log as the library writes it, and the offsets of the block's name and inode in it.
 */
enum { LOG_SIZE = 1 << 16, PLACES = 8 };
typedef struct log_template {
  unsigned char bytes[LOG_SIZE];
  size_t length, names[PLACES], inodes[PLACES], name_count, inode_count;
} log_template;

typedef struct board {
  uint64_t tried[CLASSES], succeeded[CLASSES]; /* steps of the attackers */
  uint64_t violations[KINDS];
  uint64_t done[SLOTS];                  /* calls that ended, by slot */
  char sentences[KINDS][SENTENCES][200]; /* a few different messages of each kind */
  bool enabled[CLASSES], impossible[CLASSES];
  operation operations[SLOTS];
  uint64_t starved;       /* time for which runnable processes did not run: no limit includes it */
  uint64_t adding, added; /* additions to the list that have begun, and that are done */
  uint64_t corruption;    /* odd: an attacker has left the item of the corrupt list corrupt */
  bait baits[BAITS];
  char replaced[40]; /* a name that a new block is about to get */
  int corrupter;     /* the process that corrupts the corrupt list */
  int leases_held;   /* the process that holds leases all the time */
  log_template log;
  bool stop;
} board;

extern board *shared;
extern unsigned own_slot;       /* of this process */
extern char work_directory[80]; /* a directory outside /dev/shm that every user may enter */

void board_create(uint64_t seed);

/* Starts the random numbers of a process. */
void random_start(uint64_t stream);
/* A random number below `limit`. */
unsigned random_below(unsigned limit);

uint64_t clock_now(void);
void sleep_us(unsigned microseconds);

/* Counts a violation. A few messages of each kind are printed at the end. */
void violation(enum violation_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Begin and end a call with a documented limit, in seconds. The call hangs if it takes a second
 * longer than its limit.
 */
void call_begin(const char *name, double seconds);
void call_end(void);
/* Returns by how many nanoseconds a call exceeds its limit, or 0. */
uint64_t call_excess(const operation *call);

/* Becomes another user, without groups and privileges. */
void become(uid_t uid);

/* Waits for a child. Returns its status as waitpid() does. */
int wait_for(pid_t pid);

#endif
