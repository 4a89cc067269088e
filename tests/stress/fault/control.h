/*
 * control.h - the plan of a test: which call of the core must fail.
 */
#ifndef TESTS_FAULT_CONTROL_H
#define TESTS_FAULT_CONTROL_H

#include <stdbool.h>

struct fault_site;

/* Which later calls fail after the first failure. */
typedef enum fault_extent {
  FAULT_ONCE,          /* none */
  FAULT_SAME_FUNCTION, /* every later call of the same function */
  FAULT_ALL_RESOURCES  /* every later call that asks for memory, a descriptor or a process */
} fault_extent;

typedef struct fault_plan {
  int call;   /* the number of the call at the place, from 1; 0: none. Numbers at other places may vary. */
  int place;  /* its index */
  int second; /* 1 + the index of another place whose next call fails, too; 0: none */
  int error;  /* the index of the error in those of the place */
  fault_extent extent;
} fault_plan;

/* The calls in their order, by the index of their place. */
enum { FAULT_CALLS = 100000 };
typedef struct fault_trace {
  int count;
  int before; /* the number of calls before the first failure */
  int failed; /* the place of the call that failed, or of the second one if there are two; -1: none */
  int sites[FAULT_CALLS];
} fault_trace;

/* Start and end the recording of calls, which fail as planned. */
void faults_arm(const fault_plan *plan, fault_trace *trace);
void faults_disarm(void);

/* Returns the number of resources that the core must release. */
long faults_live(void);

/* Switches O_TMPFILE on, as it is at first, or off. */
void faults_have_tmpfile(bool has);

/*
 * From now on, FUTEX_WAKE reports failures, but wakes: it cannot fail while another thread sleeps,
 * and a thread that is not woken does not end.
 */
void faults_have_wakes(void);

/* The places in the core with calls that can fail. */
int faults_site_count(void);
const struct fault_site *faults_site(int i);

#endif
