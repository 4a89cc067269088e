/*
 * doctor_programs.c - the checks of the programs that the library starts.
 */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/program.h"
#include "cli.h"
#include "doctor.h"

/*
 * This command contains the library. Only programs that use the installed library need the reaper.
 */
static bool is_library_installed(void) {
  glob_t files;
  bool is_found = glob(SHAREABLE_LIBRARY_FILES, 0, NULL, &files) == 0;

  globfree(&files);
  return is_found || getenv("SHAREABLE_REAPER") != NULL;
}

static void check(doctor_report *report, const char *name, doctor_verdict without, const char *path,
                  const char *advice) {
  if (access(path, X_OK) == 0)
    doctor_add(report, name, DOCTOR_OK, "", "%s", path);
  else
    doctor_add(report, name, without, advice, "%s: %s", path, strerror(errno));
}

void doctor_check_programs(doctor_report *report) {
  const char *reaper = shareable__program_path(SHAREABLE__REAPER);

  if (access(reaper, X_OK) != 0 && !is_library_installed())
    doctor_add(report, "reaper", DOCTOR_OK, "", "not installed, and neither is the library, which needs it");
  else
    check(report, "reaper", DOCTOR_WRONG, reaper,
          "owned blocks cannot be created without it: reinstall the library's package");
  check(report, "manager", DOCTOR_NOTE, shareable__program_path(SHAREABLE__MANAGER),
        "programs cannot start a manager, only connect to one: reinstall the package of this command");
}
