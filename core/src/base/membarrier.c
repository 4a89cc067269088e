/*
 * membarrier.c - memory barriers in the threads of other processes (membarrier(2)).
 */
#include "base/membarrier.h"

#include <stdint.h>

#include "base/platform.h"

#if SHAREABLE__LINUX
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fork.h"

#define STORE_DELAY_MAX_NS INT64_C(10000000)

/* shareable__fork_generation + 1 when this process was registered; 0: never. */
static unsigned registered_forks;

static int membarrier(int command) {
  return (int)syscall(SYS_membarrier, command, 0, 0);
}

bool shareable__membarrier_register(void) {
  if (__atomic_load_n(&registered_forks, __ATOMIC_ACQUIRE) == shareable__fork_generation + 1)
    return true;
  if (membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) != 0)
    return false;
  __atomic_store_n(&registered_forks, shareable__fork_generation + 1, __ATOMIC_RELEASE);
  return true;
}

/* If the kernel refuses, this process waits: no processor delays a store for 10 milliseconds. */
void shareable__membarrier(void) {
  if (membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0)
    return;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  shareable__sleep(STORE_DELAY_MAX_NS);
}
#else
bool shareable__membarrier_register(void) {
  return false;
}

void shareable__membarrier(void) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
#endif
