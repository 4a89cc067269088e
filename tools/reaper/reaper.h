/*
 * reaper.h - the program shareable-reaper.
 */
#ifndef REAPER_REAPER_H
#define REAPER_REAPER_H

/* Runs the program. Returns its exit status, in the process that was started and in the reaper. */
int reaper_main(int argc, char **argv);

#endif
