/*
 * partner.h - a child process that answers this process, and the processor of each.
 */
#ifndef BENCH_PARTNER_H
#define BENCH_PARTNER_H

#include <sys/types.h>

/* Starts a child that calls answer() until partner_end(). Returns -1 if there is no child. */
pid_t partner_start(void (*answer)(void));
void partner_end(pid_t partner);

/* Makes a process (0: this process) run only on that processor. */
void partner_place(pid_t process, int processor);

#endif
