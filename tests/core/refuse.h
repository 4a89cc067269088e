/*
 * refuse.h - makes the kernel refuse a system call, as a sandbox's filter or an old kernel does.
 */
#ifndef TESTS_REFUSE_H
#define TESTS_REFUSE_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "support.h"

#if !defined(SYS_futex_waitv) && defined(__alpha__)
#define SYS_futex_waitv 559
#elif !defined(SYS_futex_waitv)
#define SYS_futex_waitv 449
#endif

/*
 * From now on, the call fails with that errno in this thread, and in the threads and processes that
 * it starts. Returns false if there can be no filter.
 */
static inline bool refuse_call(long number, int errnum) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)errnum),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {LENGTH(code), code};

  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#endif
