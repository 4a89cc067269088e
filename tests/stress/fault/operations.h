/*
 * operations.h - the operations of the library, each with its preparation and its checks.
 */
#ifndef TESTS_FAULT_OPERATIONS_H
#define TESTS_FAULT_OPERATIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "shareable.h"

/* The length of the tests' lists, and the number of entries of an ownership log before it grows. */
enum { ITEMS = 7, LOG_ENTRIES = 15 };

/* The objects of an operation. Each run has its own world, in its own process. */
typedef struct world {
  char name[256];
  const char *address, *tcp; /* of running managers, whose key is "secret" */
  shareable_list *list, *witness;
  shareable_memory *memory, *other;
  shareable_array *array, *other_array;
  shareable_dict *dict, *other_dict, *copy;
  shareable_memory *owned[LOG_ENTRIES];
  shareable_watch *watch;
  shareable_manager *manager, *another;
  shareable_gc *gc;
  shareable_value items[ITEMS]; /* the items of the list before the operation */
  shareable_value new_value;    /* of the changed item after the operation */
  int changed;                  /* the index of the changed item; -1: no item changes */
  bool has_failures;            /* a call is to fail */
  pid_t child;
  shareable_error error;
} world;

/* What an operation that fails may leave changed. */
enum {
  REGISTERS = 1, /* the handle may have registered as a writer, which needs a mapping */
  CONNECTS = 2,  /* the manager's handle may have another connection, or none */
  OWNS = 4,      /* the process's ownership log may have been created or extended */
  REMOVES = 8,   /* another process may have completed it, and the reply may be lost */
  DISOWNS = 16   /* the process's ownership log is mapped, and may have no name, until the process ends */
};

typedef struct operation {
  const char *name;
  void (*prepare)(world *);
  shareable_status (*act)(world *); /* also sets world.error on failure */
  void (*undo)(world *);            /* undoes a successful act(), so that it can run again */
  void (*finish)(world *);          /* undoes prepare() */
  void (*check)(world *, shareable_status);
  const shareable_status *allowed; /* the errors that the header documents, terminated by OK */
  const shareable_status *again;   /* further results that the second run may have, terminated by OK */
  unsigned leaves;
} operation;

/* Each table ends with an operation without a name. */
extern const operation arrays_operations[], blocks_operations[], dicts_operations[], garbage_operations[],
  lists_operations[], managers_operations[], watches_operations[];

/* Defines the errors that the header documents for an operation. */
#define E(name) SHAREABLE_E_##name
#define ANSWERS(name, ...) static const shareable_status name[] = {__VA_ARGS__, SHAREABLE_OK}

/*
 * Starts a child that starts a manager, which ends with the child. Stores the address that the
 * manager listens on. Returns the child, or -1.
 */
pid_t start_manager(const char *address, char listening[200]);

/* End the run with the message if the condition is false, or if the status is not OK. */
void need(bool condition, const char *message);
void must(shareable_status status, const char *message);

/*
 * Whether there is a block of that name; and the world's name with a suffix, which is valid until
 * the next call.
 */
bool exists(const char *name);
const char *extended(const world *w, const char *suffix);

/* Common functions to prepare and finish operations. */
void without_tmpfile(world *w);
void prepare_block(world *w);
void recreate_block(world *w);
void end_block(world *w);
void end_child(world *w);
/* Runs `die`, which must not return, in a child, and waits until the child has ended. */
void after_death(const world *w, void die(const world *));
void fill(world *w);
void prepare_handle(world *w);
void end_handle(world *w);

/* Prints the message and ends the run. */
void complain(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
