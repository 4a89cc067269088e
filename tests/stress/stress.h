/*
 * stress.h - the constants of stress.c and its workers. worker.py, worker.lua and worker.go define the
 * same constants.
 *
 * The arguments of a worker are its role, the list's name, its row in the tally, and a seed. The
 * tally is a list of ints, named as the list with "-tally" appended. Each worker counts in its own
 * row.
 */
#ifndef STRESS_H
#define STRESS_H

#include "shareable.h"

/* The items of the list. */
enum {
  VALUES = 12,    /* the items before it have values of every type */
  ADDED = VALUES, /* an int, counted up by add */
  LOCKED,         /* counted up under the list's lock, as an int, a float and a str in turn */
  TICK,           /* the time in nanoseconds, written by the metronome */
  TOCK,           /* written by the metronome, each time with another type */
  HEARD,          /* the last TICK of each listener */
  LISTENERS = 2,
  SWAPPED = HEARD + LISTENERS, /* an int, counted up by compare-and-swap */
  NUMBERS,                     /* numbers that rarely change their type */
  NUMBER_COUNT = 4,
  CALLS = NUMBERS + NUMBER_COUNT, /* an int for each caller, which the caller counts up */
  CALLERS = 4,
  ANSWERS = CALLS + CALLERS, /* the last call that each answerer noticed */
  COUNT = ANSWERS + CALLERS  /* at most 32: each item has an eventcount of its own */
};

/* Readers and writers use an item of NUMBERS this many times between two other operations. */
enum { BURST = 64 };

/* The columns of a row of the tally. */
enum {
  READS,
  WRITES,
  WAITS,
  NOTED_ADDED,   /* additions to ADDED, noted afterwards */
  NOTED_LOCKED,  /* additions to LOCKED, noted afterwards */
  OWNER_DIED,    /* locks whose previous holder had died */
  TORN,          /* values that no worker wrote */
  STUCK,         /* calls and waits that took longer than two seconds */
  DAMAGED,       /* long texts that a killed writer left corrupt */
  OTHERS,        /* errors that must not happen */
  LOST,          /* ticks and calls that did not wake a listener or an answerer */
  NOTED_SWAPPED, /* additions to SWAPPED, noted afterwards */
  MEASURED,      /* operations of a worker that knows which of them took the fast path */
  FAST,          /* those that took it */
  COLUMNS = 16
};

/* The longest text that no kill leaves corrupt, and the longest text that workers write. */
#define RECORD_TEXT_MAX 472
#define TEXT_MAX 896

#endif
