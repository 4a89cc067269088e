/*
 * doctor_capabilities.c - the check of the capabilities that root may lack in a container.
 */
#include <unistd.h>

#include "capability.h"
#include "doctor.h"

/*
 * Without leases, gc cannot prove that no process uses another user's block. Without
 * CAP_SYS_PTRACE, the users of a block that a lease shows as in use are not found.
 */
static const char *advice_for(bool can_inspect, bool can_lease) {
  if (can_inspect)
    return "gc keeps all garbage of other users: docker run --cap-add LEASE";
  if (can_lease)
    return "the processes of other users are not shown as users of a block, and 'shareable ls --pid' cannot look into "
           "them: docker run --cap-add SYS_PTRACE";
  return "whether other users' blocks are in use is unknown, and gc keeps all of their garbage: "
         "docker run --cap-add SYS_PTRACE --cap-add LEASE";
}

/* Other users have no capabilities, and doctor_check_blocks() reports what they cannot see. */
void doctor_check_capabilities(doctor_report *report) {
  bool can_inspect = capability_has(CAP_SYS_PTRACE), can_lease = capability_has(CAP_LEASE);

  if (geteuid() != 0)
    return;
  if (can_inspect && can_lease)
    doctor_add(report, "capability", DOCTOR_OK, "", "root has CAP_SYS_PTRACE and CAP_LEASE");
  else
    doctor_add(report, "capability", DOCTOR_NOTE, advice_for(can_inspect, can_lease), "root lacks %s%s%s",
               can_inspect ? "" : "CAP_SYS_PTRACE", can_inspect || can_lease ? "" : " and ",
               can_lease ? "" : "CAP_LEASE");
}
