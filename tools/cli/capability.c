/*
 * capability.c - the capabilities of this process, which root may lack in a container.
 */
#include "capability.h"

#include <sys/syscall.h>
#include <unistd.h>

bool capability_has(int capability) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

  return syscall(SYS_capget, &header, data) == 0 &&
         (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

/* In a user namespace, root has capabilities only for the processes of that namespace. */
const char *capability_advice(void) {
  if (geteuid() != 0)
    return "run this as root";
  return capability_has(CAP_SYS_PTRACE) ? "run this on the host" : "run this with CAP_SYS_PTRACE";
}
