/*
 * partner.c - a child process that answers this process, and the processor of each.
 */
#include "partner.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t partner_start(void (*answer)(void)) {
  pid_t child = fork();

  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    answer();
    _exit(0);
  }
  return child;
}

void partner_end(pid_t partner) {
  if (partner <= 0)
    return;
  kill(partner, SIGKILL);
  waitpid(partner, NULL, 0);
}

void partner_place(pid_t process, int processor) {
  cpu_set_t set;

  CPU_ZERO(&set);
  CPU_SET((size_t)processor, &set);
  sched_setaffinity(process, sizeof set, &set);
}
