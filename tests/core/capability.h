/*
 * capability.h - a unit test that runs as root drops a capability, like root in a container.
 */
#ifndef TESTS_CAPABILITY_H
#define TESTS_CAPABILITY_H

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support.h"

static inline void change_capability(unsigned capability, bool has) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];

  cr_assert_eq(syscall(SYS_capget, &header, data), 0);
  if (has)
    data[capability / 32].effective |= 1u << capability % 32;
  else
    data[capability / 32].effective &= ~(1u << capability % 32);
  cr_assert_eq(syscall(SYS_capset, &header, data), 0);
}

/* Drops the capability for the calling thread. */
static inline void drop_capability(unsigned capability) {
  change_capability(capability, false);
}

static inline void regain_capability(unsigned capability) {
  change_capability(capability, true);
}

#endif
