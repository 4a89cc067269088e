/*
 * torture.h - what the conductor and its workers agree on; worker.py, worker.lua and worker.go say the same.
 *
 * A worker is called with its role, the list's name, its row in the tally, and a seed. The tally is a list of ints called as
 * the list is, with "-tally" behind it; each worker counts in a row of its own.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include "shareable.h"

/* The items of the list. */
enum {
  VALUES = 12,    /* these hold values of every type */
  ADDED = VALUES, /* an int that is counted up by add */
  LOCKED,         /* one that is counted up under the list's lock */
  TICK,           /* the time in nanoseconds, told by the metronome again and again */
  TOCK,           /* something of another type each time */
  HEARD,          /* what each listener heard last of TICK */
  LISTENERS = 2,
  COUNT = HEARD + LISTENERS
};

/* The columns of a row of the tally. */
enum {
  READS,
  WRITES,
  WAITS,
  NOTED_ADDED,  /* counts of ADDED, noted once they were done */
  NOTED_LOCKED, /* of LOCKED */
  INHERITED,    /* locks that somebody had who died */
  TORN,         /* values that nobody wrote */
  STUCK,        /* calls that took longer than a second, and waits for what comes every few milliseconds */
  DAMAGED,      /* texts longer than the documented size that a killed writer left damaged */
  OTHERS,       /* errors that should not be */
  LOST,         /* ticks that a listener was not woken by */
  COLUMNS = 16
};

/* The most bytes of text that a killed writer leaves whole; and the most that are written here. */
#define JOURNALED 472
#define LONGEST 896

#endif
