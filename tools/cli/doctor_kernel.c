/*
 * doctor_kernel.c - the checks of what the kernel allows and shows, and of huge pages.
 */
#include <inttypes.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doctor.h"
#include "mount.h"
#include "shm/segment.h"
#include "table.h"

#define HUGE_PAGES "/sys/kernel/mm/transparent_hugepage"

static void check_membarrier(doctor_report *report) {
  long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

  if (commands < 0 || (commands & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0)
    doctor_add(report, "membarrier", DOCTOR_NOTE,
               "writing a number takes a lock, about 10 ns more: allow membarrier(2) in the seccomp profile",
               "not allowed");
  else
    doctor_add(report, "membarrier", DOCTOR_OK, "", "allowed");
}

/* hidepid=0 and hidepid=off hide nothing. The option gid= gives a group the rights of root. */
static bool hides_processes(void) {
  char value[16];
  cli_mount mount;

  return cli_mount_find(getpid(), "/proc", &mount) && cli_mount_option(&mount, "hidepid", value, sizeof value) &&
         strcmp(value, "0") != 0 && strcmp(value, "off") != 0;
}

static void check_proc(doctor_report *report) {
  if (access("/proc/self/mountinfo", R_OK) != 0)
    doctor_add(report, "/proc", DOCTOR_WRONG,
               "mount it: it lists the processes that use a block, and the paths of descriptors", "not mounted");
  else if (!hides_processes())
    doctor_add(report, "/proc", DOCTOR_OK, "", "shows all processes");
  else if (access("/proc/1/stat", R_OK) == 0)
    doctor_add(report, "/proc", DOCTOR_OK, "", "mounted with hidepid, but shows all processes to this user");
  else
    doctor_add(report, "/proc", DOCTOR_NOTE,
               "'shareable ls' finds only this user's processes as users of a block: run it as root",
               "mounted with hidepid");
}

static void check_protected(doctor_report *report) {
  FILE *file = fopen("/proc/sys/fs/protected_regular", "re");
  int value = 0;

  if (file != NULL && fscanf(file, "%d", &value) != 1)
    value = 0;
  if (file != NULL)
    fclose(file);
  doctor_add(report, "protection", DOCTOR_OK, "", "fs.protected_regular = %d%s", value,
             value > 0 ? ": opening another user's block with O_CREAT fails, even as root; this library never does that"
                       : "");
}

/* Copies the selected word, as in "always [never]". Returns false if the file cannot be read. */
static bool read_choice(const char *path, char *choice, size_t size) {
  FILE *file = fopen(path, "re");
  char line[128] = "", word[32];

  if (file == NULL)
    return false;
  if (fgets(line, sizeof line, file) != NULL && sscanf(line, "%*[^[][%31[^]]", word) == 1)
    snprintf(choice, size, "%s", word);
  else if (sscanf(line, "[%31[^]]", word) == 1)
    snprintf(choice, size, "%s", word);
  else
    choice[0] = '\0';
  fclose(file);
  return choice[0] != '\0';
}

static uint64_t huge_page_size(void) {
  FILE *file = fopen(HUGE_PAGES "/hpage_pmd_size", "re");
  uint64_t size = 0;

  if (file != NULL && fscanf(file, "%" SCNu64, &size) != 1)
    size = 0;
  if (file != NULL)
    fclose(file);
  return size == 0 ? UINT64_C(2) << 20 : size;
}

/* The option of the mount decides, unless the kernel's setting is "deny" or "force". */
static void check_huge_pages(doctor_report *report) {
  const cli_view view = {0};
  char setting[32], option[32] = "never", *size;
  bool is_forced;
  cli_mount mount;

  if (!read_choice(HUGE_PAGES "/shmem_enabled", setting, sizeof setting)) {
    doctor_add(report, "huge pages", DOCTOR_OK, "", "not supported by this kernel");
    return;
  }
  if (cli_mount_find(getpid(), SHAREABLE__DIRECTORY, &mount))
    cli_mount_option(&mount, "huge", option, sizeof option);
  is_forced = strcmp(setting, "force") == 0;
  if (strcmp(setting, "deny") == 0) {
    doctor_add(report, "huge pages", DOCTOR_OK, "", "off: shmem_enabled is deny");
    return;
  }
  if (!is_forced && strcmp(option, "always") != 0) {
    doctor_add(report, "huge pages", DOCTOR_OK, "", "huge=%s", option);
    return;
  }
  size = cli_size(huge_page_size(), &view);
  doctor_add(report, "huge pages", DOCTOR_NOTE,
             is_forced ? "echo within_size >" HUGE_PAGES "/shmem_enabled"
                       : "mount -o remount,huge=within_size " SHAREABLE__DIRECTORY,
             "%s: a block of 4K may take %s", is_forced ? "shmem_enabled is force" : "huge=always", size);
  free(size);
}

void doctor_check_kernel(doctor_report *report) {
  check_membarrier(report);
  check_proc(report);
  check_protected(report);
  check_huge_pages(report);
}
