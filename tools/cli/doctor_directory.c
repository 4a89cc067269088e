/*
 * doctor_directory.c - the checks of /dev/shm: the directory, its space and its inodes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/limit.h"
#include "doctor.h"
#include "shm/segment.h"
#include "table.h"

#define DOCKER_SHM_SIZE (UINT64_C(64) << 20)

static void check_mode(doctor_report *report, const struct statfs *file_system) {
  struct stat directory;
  const char *type = file_system->f_type == TMPFS_MAGIC ? "tmpfs" : "not a tmpfs", *advice = "";

  if (stat(SHAREABLE__DIRECTORY, &directory) != 0) {
    doctor_add(report, "directory", DOCTOR_WRONG, "check the permissions of the directory", "%s", strerror(errno));
    return;
  }
  if (!S_ISDIR(directory.st_mode)) {
    doctor_add(report, "directory", DOCTOR_WRONG, "replace it by a directory, and mount a tmpfs there",
               "not a directory");
    return;
  }
  if ((directory.st_mode & 07777) != 01777)
    advice = "chmod 1777 " SHAREABLE__DIRECTORY;
  else if (file_system->f_type != TMPFS_MAGIC)
    advice = "mount a tmpfs there: blocks on a disk are slow and survive a reboot";
  doctor_add(report, "directory", advice[0] == '\0' ? DOCTOR_OK : DOCTOR_WRONG, advice, "%s, mode %04o", type,
             (unsigned)directory.st_mode & 07777);
}

static void check_space(doctor_report *report, const struct statfs *file_system) {
  const cli_view view = {0};
  uint64_t all = (uint64_t)file_system->f_blocks * (uint64_t)file_system->f_bsize;
  uint64_t left = (uint64_t)file_system->f_bavail * (uint64_t)file_system->f_bsize;
  char *size = cli_size(all, &view), *free_size = cli_size(left, &view);

  if (all == 0)
    doctor_add(report, "space", DOCTOR_OK, "", "unlimited");
  else if (left < all / 10)
    doctor_add(report, "space", DOCTOR_WRONG,
               "'shareable ls --sort used' lists the largest blocks first, 'shareable gc' lists garbage",
               "%s, %s of it free", size, free_size);
  else if (all <= DOCKER_SHM_SIZE)
    doctor_add(report, "space", DOCTOR_NOTE,
               "small, as is usual in a container: use docker run --shm-size, or a memory volume in Kubernetes",
               "%s, %s of it free", size, free_size);
  else
    doctor_add(report, "space", DOCTOR_OK, "", "%s, %s of it free", size, free_size);
  free(size);
  free(free_size);
}

/* A file system that does not limit its inodes reports 0 of 0. */
static void check_inodes(doctor_report *report, const struct statfs *file_system) {
  uint64_t all = (uint64_t)file_system->f_files, left = (uint64_t)file_system->f_ffree;

  if (all == 0)
    doctor_add(report, "inodes", DOCTOR_OK, "", "unlimited");
  else
    doctor_add(report, "inodes", left == 0 || left < all / 10 ? DOCTOR_WRONG : DOCTOR_OK,
               "too many files: run 'shareable gc', or mount -o remount,nr_inodes=NUMBER " SHAREABLE__DIRECTORY,
               "%" PRIu64 " of %" PRIu64 " free", left, all);
}

/* A limit on the size of files must be an error here, not the signal SIGXFSZ. */
static int allocate_page(int fd) {
  shareable__held_signal held = shareable__limit_signal_hold();
  int errnum = posix_fallocate(fd, 0, sysconf(_SC_PAGESIZE));

  shareable__limit_signal_release(&held, errnum);
  return errnum;
}

static const char *advice_to_create(int errnum) {
  if (errnum == ENOSPC)
    return "there is no space or no inode left: see above";
  if (errnum == EROFS)
    return "mount -o remount,rw " SHAREABLE__DIRECTORY;
  return "this user must be able to create an unnamed file (O_TMPFILE) there";
}

/* Each block needs an unnamed file, a lock on it, and memory. */
static void check_new_blocks(doctor_report *report) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
  int fd = open(SHAREABLE__DIRECTORY, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600), errnum;

  if (fd < 0)
    doctor_add(report, "new blocks", DOCTOR_WRONG, advice_to_create(errno), "%s", strerror(errno));
  else if (fcntl(fd, F_OFD_SETLK, &lock) != 0)
    doctor_add(report, "new blocks", DOCTOR_WRONG,
               "the file system must support fcntl(2) locks: they show which processes are alive", "cannot be locked");
  else if ((errnum = allocate_page(fd)) != 0)
    doctor_add(report, "new blocks", DOCTOR_WRONG,
               errnum == ENOSPC ? "there is no space left: see above" : "see the limits below",
               "no memory can be allocated: %s", strerror(errnum));
  else
    doctor_add(report, "new blocks", DOCTOR_OK, "", "can be created, allocated and locked");
  if (fd >= 0)
    close(fd);
}

void doctor_check_directory(doctor_report *report) {
  struct statfs file_system;

  if (statfs(SHAREABLE__DIRECTORY, &file_system) != 0) {
    doctor_add(report, "directory", DOCTOR_WRONG,
               "mount a tmpfs there: mount -t tmpfs -o mode=1777 shm " SHAREABLE__DIRECTORY, "%s", strerror(errno));
    return;
  }
  check_mode(report, &file_system);
  check_space(report, &file_system);
  check_inodes(report, &file_system);
  check_new_blocks(report);
}
