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
  LOCKED,         /* an int, counted up under the list's lock */
  TICK,           /* the time in nanoseconds, written by the metronome */
  TOCK,           /* written by the metronome, each time with another type */
  HEARD,          /* the last TICK of each listener */
  LISTENERS = 2,
  COUNT = HEARD + LISTENERS
};

/* The columns of a row of the tally. */
enum {
  READS,
  WRITES,
  WAITS,
  NOTED_ADDED,  /* additions to ADDED, noted afterwards */
  NOTED_LOCKED, /* additions to LOCKED, noted afterwards */
  OWNER_DIED,   /* locks whose previous holder had died */
  TORN,         /* values that no worker wrote */
  STUCK,        /* calls and waits that took longer than a second */
  DAMAGED,      /* long texts that a killed writer left corrupt */
  OTHERS,       /* errors that must not happen */
  LOST,         /* ticks that did not wake a listener */
  COLUMNS = 16
};

/* The longest text that no kill leaves corrupt, and the longest text that workers write. */
#define RECORD_TEXT_MAX 472
#define TEXT_MAX 896

#endif
