/*
 * board.h - the counters that all processes of the attack test share, and small helpers that all of them need.
 *
 * The board is one anonymous shared mapping. The supervisor (hostile.c) creates it before it starts any other process, so
 * no attacker outside the test can write to it.
 */
#ifndef HOSTILE_BOARD_H
#define HOSTILE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SHM "/dev/shm/"

/*
 * The users: two that are attacked, beside root, and the one that attacks. A reaper of a user clears the logs of all dead
 * owners of that user, and removes blocks that are in use as well: the second user's owners have none, so that only gc
 * removes what they leave.
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

/* What is counted and must be 0: X(identifier, heading). */
#define VIOLATION_MAP(X)                                                                                               \
  X(OUTSIDE, "outside") /* a file outside /dev/shm was opened, changed or removed */                                   \
  X(REMOVED, "removed") /* a block was removed that had to stay */                                                     \
  X(HUNG, "hung")       /* a call took longer than its limit */                                                        \
  X(VALUE, "value")     /* a value that no honest writer wrote */                                                      \
  X(REFUSED, "refused") /* a call failed that the attacker must not be able to make fail */                            \
  X(CRASHED, "crashed") /* a process was killed by a signal that the documents do not announce */

#define BOARD_ENUM(id, name) id,
enum attack_class { ATTACK_MAP(BOARD_ENUM) CLASSES };
enum violation_kind { VIOLATION_MAP(BOARD_ENUM) KINDS };
#undef BOARD_ENUM

/* A block whose owner dies while an attacker has it open. */
enum bait_state { BAIT_FREE, BAIT_OFFERED, BAIT_TAKEN, BAIT_HELD, BAIT_JUDGED };
typedef struct bait {
  int state; /* an enum bait_state; the victim offers and judges, the attacker holds and frees */
  char name[40];
} bait;

/* The call that a process of a victim is in. Its own process writes it; the supervisor reads it. */
typedef struct operation {
  uint64_t start;   /* CLOCK_MONOTONIC in nanoseconds; 0: the process is in no call */
  uint64_t starved; /* board.starved at that time */
  uint64_t limit;   /* in nanoseconds */
  char what[48];
} operation;

enum { SLOTS = 64, SENTENCES = 5, BAITS = 4 };

/* An ownership log as the library writes it, and the offsets of the block's name and inode in it. */
enum { LOG_SIZE = 1 << 16, PLACES = 8 };
typedef struct log_template {
  unsigned char bytes[LOG_SIZE];
  size_t length, names[PLACES], inodes[PLACES], name_count, inode_count;
} log_template;

typedef struct board {
  uint64_t tried[CLASSES], succeeded[CLASSES]; /* steps of the attackers */
  uint64_t violations[KINDS];
  uint64_t done[SLOTS];                  /* calls that ended, by slot */
  char sentences[KINDS][SENTENCES][200]; /* of each kind, a few that begin differently */
  bool enabled[CLASSES], impossible[CLASSES];
  operation operations[SLOTS];
  uint64_t starved;       /* for how long in all a process that wanted to run did not: such time counts for no limit */
  uint64_t adding, added; /* additions to the list that are begun, and that are done */
  uint64_t damage;        /* odd: an attacker has left an item of the open list damaged */
  bait baits[BAITS];
  char replaced[40]; /* a name that is about to be given to a new block */
  int damager;       /* the attacker that damages the damaged list */
  int leases_held;   /* the attacker that holds leases all the time */
  log_template log;
  bool stop;
} board;

extern board *shared;
extern unsigned own_slot;  /* of this process */
extern char work_path[80]; /* a directory outside /dev/shm that every user may enter */

void board_create(uint64_t seed);

/* Starts the random numbers of a process. */
void random_start(uint64_t stream);
/* A random number below `limit`. */
unsigned random_below(unsigned limit);

uint64_t clock_now(void);
void sleep_us(unsigned microseconds);

/* Counts a violation; some sentences of each kind are printed in the end. */
void violation(enum violation_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A call with a documented limit begins; it ends, and took too long if it took longer than that and a second. */
void call_begin(const char *what, double seconds);
void call_end(void);
/* How much longer than allowed the call of a slot has been going on, in nanoseconds; 0: it has not. */
uint64_t call_excess(const operation *call);

/* Becomes another user, with no group and no privilege left. */
void become(uid_t uid);

/* Waits for a child; its status as waitpid() has it. */
int wait_for(pid_t pid);

#endif
