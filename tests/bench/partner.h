/*
 * partner.h - a child process that answers this process, and the processor of each.
 */
#ifndef BENCH_PARTNER_H
#define BENCH_PARTNER_H

#include <sys/types.h>

/* Starts a child that calls answer() and then exits. Returns -1 if fork(2) fails. */
pid_t partner_start(void (*answer)(void));
/* Kills the child and waits for its end. */
void partner_end(pid_t partner);

/* Restricts a process (0: this process) to one processor. */
void partner_place(pid_t process, int processor);

#endif
