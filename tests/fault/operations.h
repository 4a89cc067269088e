/*
 * operations.h - what the library does for its users, each with what it needs and what it must not touch.
 */
#ifndef TESTS_FAULT_OPERATIONS_H
#define TESTS_FAULT_OPERATIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "shareable.h"

/* A list of the tests: its items, and how many blocks are owned before a journal is full. */
enum { ITEMS = 7, RECORDS = 15 };

/* What an operation is done to; each run has one of its own, in a process of its own. */
typedef struct world {
  char name[256];
  const char *address, *tcp; /* of managers that run, and whose key is "secret" */
  shareable_list *list, *witness;
  shareable_memory *memory, *other;
  shareable_memory *owned[RECORDS];
  shareable_manager *manager, *another;
  shareable_gc *gc;
  shareable_value items[ITEMS]; /* what the list holds when nothing has been done to it */
  shareable_value wanted;       /* what item `at` holds then */
  int at;                       /* -1: no item changes */
  pid_t stranger;
  shareable_error error;
} world;

/* What an operation that fails may leave changed. */
enum {
  JOINS = 1,    /* the handle may have joined the list's writers, which takes a mapping */
  CONNECTS = 2, /* the manager's handle may have another connection, or none */
  OWNS = 4,     /* the process's journal may be begun, or longer */
  REMOVES = 8   /* another process may have done it, and the answer be lost */
};

typedef struct operation {
  const char *name;
  void (*prepare)(world *);
  shareable_status (*act)(world *); /* and fills the error in */
  void (*undo)(world *);            /* after it succeeded: so that it can be done again */
  void (*finish)(world *);          /* what prepare made */
  void (*check)(world *, shareable_status);
  const shareable_status *allowed; /* what the header promises, up to OK */
  const shareable_status *again; /* what the second time may answer, beside what the first time would have; up to OK */
  unsigned leaves;
} operation;

/* Each ends with one that has no name. */
extern const operation blocks_operations[], lists_operations[], garbage_operations[], managers_operations[];

/* What the header says that an operation may answer, beside success. */
#define E(name) SHAREABLE_E_##name
#define ANSWERS(name, ...) static const shareable_status name[] = {__VA_ARGS__, SHAREABLE_OK}

/* A child that starts a manager for all, which ends with it; and where that listens. */
pid_t start_manager(const char *address, char where[200]);

/* What must be so, or else ends the run with words; what the world must answer. */
void need(bool condition, const char *what);
void must(shareable_status status, const char *what);

/* Whether there is a block of that name; the world's name with something behind it, up to the next call. */
bool exists(const char *name);
const char *extended(const world *w, const char *suffix);

/* What operations on lists, garbage and managers begin and end with, too. */
void without_tmpfile(world *w);
void have_block(world *w);
void have_block_again(world *w);
void end_block(world *w);
void end_stranger(world *w);
/* Has a child do what ends it, and returns once it has ended. */
void after_death(const world *w, void die(const world *));
void fill(world *w);

/* Ends the run with words. */
void complain(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
