/*
 * control.h - how a test says which call of the core is to fail.
 */
#ifndef TESTS_FAULT_CONTROL_H
#define TESTS_FAULT_CONTROL_H

#include <stdbool.h>

struct fault_site;

/* What fails once one call has failed. */
typedef enum fault_extent {
  FAULT_ONCE,        /* nothing else */
  FAULT_OF_ITS_KIND, /* every later call of the same function */
  FAULT_OF_ALL       /* every later call that asks for memory, a descriptor or a process */
} fault_extent;

typedef struct fault_plan {
  int call;   /* which one, of those at the place, counted from 1; 0: none. How often others are called may vary. */
  int place;  /* by its index */
  int second; /* the index of another place, counted from 1, whose next call fails too; 0: none */
  int error;  /* which of those that it may give, counted from 0 */
  fault_extent extent;
} fault_plan;

/* What is called, in its order: places, by their index. */
enum { FAULT_CALLS = 100000 };
typedef struct fault_trace {
  int count;
  int before; /* how many were made before the first one that failed */
  int struck; /* the place of the call that failed; of the second one, where there is one; -1: none did */
  int sites[FAULT_CALLS];
} fault_trace;

/* From here on calls are traced, and fail as planned. */
void faults_arm(const fault_plan *plan, fault_trace *trace);
void faults_disarm(void);

/* How much the core has that it has to give back. */
long faults_live(void);

/* Whether files without a name can be made; they can at first. */
void faults_have_tmpfile(bool has);

/* The places in the core where something is called that may fail. */
int faults_site_count(void);
const struct fault_site *faults_site(int i);

#endif
