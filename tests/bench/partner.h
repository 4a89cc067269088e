/*
 * partner.h - the process that answers this one, and the processor that each of them runs on.
 */
#ifndef BENCH_PARTNER_H
#define BENCH_PARTNER_H

#include <sys/types.h>

/* A child that does nothing but answer, until it is ended. Returns -1 where there is none. */
pid_t partner_start(void (*answer)(void));
void partner_end(pid_t partner);

/* Has a process, 0 for this one, run on that processor alone. */
void partner_place(pid_t process, int processor);

#endif
