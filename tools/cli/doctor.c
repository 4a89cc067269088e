/*
 * doctor.c - shareable doctor: checks this machine's shared memory setup.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/program.h"
#include "blocks.h"
#include "output.h"
#include "shm/segment.h"
#include "table.h"

#define DOCKER_SHM_SIZE (UINT64_C(64) << 20)

typedef enum verdict { FINE, NOTE, WRONG } verdict;

typedef struct finding {
  const char *check;
  verdict verdict;
  const char *found, *advice; /* may be empty */
} finding;

enum { CHECK, VERDICT, FOUND, ADVICE };

static const cli_column columns[] = {
  [CHECK] = {"CHECK", 0, SCOLS_JSON_STRING, false, 0},
  [VERDICT] = {"VERDICT", 0, SCOLS_JSON_STRING, false, 0},
  [FOUND] = {"FOUND", 0, SCOLS_JSON_STRING, false, 0},
  [ADVICE] = {"ADVICE", 0, SCOLS_JSON_STRING, false, 0},
};

static const char *const verdicts[] = {"ok", "note", "wrong"};

typedef struct report {
  cli_table *table; /* if the output is JSON; otherwise NULL */
  bool has_colors, is_wrong;
} report;

static char *cell(const void *row, size_t column, const cli_view *view) {
  const finding *entry = row;
  const char *const texts[] = {entry->check, verdicts[entry->verdict], entry->found, entry->advice};

  (void)view;
  return texts[column][0] == '\0' ? NULL : cli_format("%s", texts[column]);
}

/* Prints the advice below the finding, in lines that fit a terminal. */
static void print_advice(const char *advice) {
  char *lines = cli_format("%s", advice), *rest = lines, *line;

  cli_break_lines(lines, 60);
  while ((line = strsep(&rest, "\n")) != NULL)
    cli_line("%*s%s", (int)sizeof "wrong  other files ", "", line);
  free(lines);
}

static void add_result(report *out, const char *check, verdict result, const char *found, const char *advice) {
  static const char *const colors[] = {"", "\033[33m", "\033[31m"};
  const finding row = {check, result, found, advice};
  const char *color = out->has_colors ? colors[result] : "";

  out->is_wrong |= result == WRONG;
  if (out->table != NULL) {
    cli_table_add(out->table, &row, NULL, VERDICT, NULL);
    return;
  }
  cli_put(color);
  cli_put(verdicts[result]);
  cli_put(color[0] == '\0' ? "" : "\033[0m");
  cli_line("%*s  %-11s  %s", (int)(sizeof "wrong" - 1 - strlen(verdicts[result])), "", check, found);
  if (advice[0] != '\0')
    print_advice(advice);
}

static void check_directory(report *out) {
  struct stat directory;
  struct statfs file_system;
  char found[120];

  if (stat(SHAREABLE__DIRECTORY, &directory) != 0 || statfs(SHAREABLE__DIRECTORY, &file_system) != 0) {
    add_result(out, "directory", WRONG, strerror(errno),
               "mount a tmpfs there: mount -t tmpfs -o mode=1777 shm " SHAREABLE__DIRECTORY);
    return;
  }
  snprintf(found, sizeof found, "%s, mode %04o", file_system.f_type == TMPFS_MAGIC ? "tmpfs" : "not a tmpfs",
           (unsigned)directory.st_mode & 07777);
  if ((directory.st_mode & 07777) != 01777)
    add_result(out, "directory", WRONG, found, "chmod 1777 " SHAREABLE__DIRECTORY);
  else if (file_system.f_type != TMPFS_MAGIC)
    add_result(out, "directory", WRONG, found, "mount a tmpfs there: blocks on a disk are slow and survive a reboot");
  else
    add_result(out, "directory", FINE, found, "");
}

static void check_space(report *out) {
  const cli_view view = {0};
  struct statfs file_system;
  uint64_t all, left;
  char *size, *free_size, found[120];

  if (statfs(SHAREABLE__DIRECTORY, &file_system) != 0)
    return;
  all = (uint64_t)file_system.f_blocks * (uint64_t)file_system.f_bsize;
  left = (uint64_t)file_system.f_bavail * (uint64_t)file_system.f_bsize;
  size = cli_size(all, &view);
  free_size = cli_size(left, &view);
  snprintf(found, sizeof found, "%s, %s of it free", all == 0 ? "unlimited" : size, free_size);
  if (all > 0 && left < all / 10)
    add_result(out, "space", WRONG, found,
               "'shareable ls --sort used' lists the largest blocks first, 'shareable gc' lists garbage");
  else if (all > 0 && all <= DOCKER_SHM_SIZE)
    add_result(out, "space", NOTE, found,
               "small, as is usual in a container: use docker run --shm-size, or a memory volume in Kubernetes");
  else
    add_result(out, "space", FINE, found, "");
  free(size);
  free(free_size);
}

static void check_inodes(report *out) {
  struct statfs file_system;
  char found[40];

  if (statfs(SHAREABLE__DIRECTORY, &file_system) != 0 || file_system.f_files == 0)
    return;
  snprintf(found, sizeof found, "%" PRIu64 " free", (uint64_t)file_system.f_ffree);
  if (file_system.f_ffree < file_system.f_files / 10)
    add_result(out, "inodes", WRONG, found,
               "too many files: run 'shareable gc --remove', or mount -o remount,nr_inodes=");
  else
    add_result(out, "inodes", FINE, found, "");
}

/* Each block needs an unnamed file and a lock on it. */
static void check_files(report *out) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
  int fd = open(SHAREABLE__DIRECTORY, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

  if (fd < 0)
    add_result(out, "new blocks", WRONG, strerror(errno),
               "this user must be able to create an unnamed file (O_TMPFILE) there");
  else if (fcntl(fd, F_OFD_SETLK, &lock) != 0)
    add_result(out, "new blocks", WRONG, "cannot be locked",
               "the file system must support fcntl(2) locks: they show which processes are alive");
  else
    add_result(out, "new blocks", FINE, "can be created and locked", "");
  if (fd >= 0)
    close(fd);
}

static void check_kernel(report *out) {
  long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

  if (commands < 0 || (commands & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0)
    add_result(out, "membarrier", NOTE, "not allowed",
               "writing a number takes a lock, about 10 ns more: allow membarrier(2) in the seccomp profile");
  else
    add_result(out, "membarrier", FINE, "allowed", "");
}

static void check_proc(report *out) {
  FILE *mounts = setmntent("/proc/self/mounts", "re");
  const struct mntent *mount;
  const char *hidden = NULL;

  if (mounts == NULL) {
    add_result(out, "/proc", WRONG, "not mounted",
               "mount it: it lists the processes that use a block, and the paths of descriptors");
    return;
  }
  while ((mount = getmntent(mounts)) != NULL)
    if (strcmp(mount->mnt_dir, "/proc") == 0)
      hidden = hasmntopt(mount, "hidepid");
  if (hidden != NULL && strncmp(hidden, "hidepid=0", 9) != 0 && strncmp(hidden, "hidepid=off", 11) != 0)
    add_result(out, "/proc", NOTE, "mounted with hidepid",
               "'shareable ls' finds only this user's processes as users of a block: run it as root");
  else
    add_result(out, "/proc", FINE, "shows all processes", "");
  endmntent(mounts);
}

static void check_protected(report *out) {
  FILE *file = fopen("/proc/sys/fs/protected_regular", "re");
  int value = 0;
  char found[40];

  if (file != NULL && fscanf(file, "%d", &value) != 1)
    value = 0;
  if (file != NULL)
    fclose(file);
  snprintf(found, sizeof found, "fs.protected_regular = %d", value);
  add_result(
    out, "protection", FINE, found,
    value > 0 ? "programs that open other users' blocks with O_CREAT fail, even as root; this library never does" : "");
}

/* Returns the last setting of RemoveIPC, in the order in which systemd reads its files. */
static bool removes_ipc(void) {
  static const char *const patterns[] = {"/etc/systemd/logind.conf", "/usr/lib/systemd/logind.conf.d/*.conf",
                                         "/run/systemd/logind.conf.d/*.conf", "/etc/systemd/logind.conf.d/*.conf"};
  bool removes = true;
  char line[256], word[16];

  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    glob_t files;

    if (glob(patterns[i], 0, NULL, &files) != 0)
      continue;
    for (size_t k = 0; k < files.gl_pathc; k++) {
      FILE *file = fopen(files.gl_pathv[k], "re");

      while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, " RemoveIPC = %15s", word) == 1)
          removes = strcmp(word, "no") != 0 && strcmp(word, "false") != 0 && strcmp(word, "0") != 0;
      if (file != NULL)
        fclose(file);
    }
    globfree(&files);
  }
  return removes;
}

static void check_logind(report *out) {
  if (access("/run/systemd/system", F_OK) != 0)
    add_result(out, "logout", FINE, "systemd is not running", "");
  else if (getuid() < 1000)
    add_result(out, "logout", FINE, "does not remove a system user's blocks", "");
  else if (removes_ipc())
    add_result(
      out, "logout", NOTE, "removes this user's blocks when the last session ends",
      "set RemoveIPC=no in logind.conf, run loginctl enable-linger, or use a system user for permanent blocks");
  else
    add_result(out, "logout", FINE, "RemoveIPC=no", "");
}

static void check_limit(report *out, const char *check, int resource, uint64_t enough, const char *advice) {
  struct rlimit limit;
  char found[40] = "unlimited";
  bool is_low;

  getrlimit((__rlimit_resource_t)resource, &limit);
  is_low = limit.rlim_cur < enough;
  if (limit.rlim_cur != RLIM_INFINITY)
    snprintf(found, sizeof found, "%" PRIu64, (uint64_t)limit.rlim_cur);
  add_result(out, check, is_low ? NOTE : FINE, found, is_low ? advice : "");
}

static void check_limits(report *out) {
  check_limit(out, "open files", RLIMIT_NOFILE, 1024, "each open list uses a descriptor: raise ulimit -n");
  check_limit(out, "file size", RLIMIT_FSIZE, RLIM_INFINITY, "bytes: a block cannot be larger (ulimit -f)");
  check_limit(out, "memory", RLIMIT_AS, RLIM_INFINITY, "bytes: open blocks count towards this limit (ulimit -v)");
}

/*
 * This command contains the library. Only programs that use the installed library need the reaper.
 */
static bool is_library_installed(void) {
  glob_t files;
  bool is_found = glob(SHAREABLE_LIBRARY_FILES, 0, NULL, &files) == 0;

  globfree(&files);
  return is_found || getenv("SHAREABLE_REAPER") != NULL;
}

static void check_program(report *out, const char *check, verdict without, const char *path, const char *advice) {
  char *found;

  if (access(path, X_OK) == 0) {
    add_result(out, check, FINE, path, "");
    return;
  }
  found = cli_format("%s: %s", path, strerror(errno));
  add_result(out, check, without, found, advice);
  free(found);
}

static void check_reaper(report *out) {
  const char *path = shareable__program_path(SHAREABLE__REAPER);

  if (access(path, X_OK) != 0 && !is_library_installed())
    add_result(out, "reaper", FINE, "not installed, and neither is the library, which needs it", "");
  else
    check_program(out, "reaper", WRONG, path,
                  "owned blocks cannot be created without it: reinstall the library's package");
}

/*
 * Reports the memory that is neither in blocks nor in unnamed files: hidden files and directories.
 */
static void check_other_files(report *out, const blocks *all) {
  const cli_view view = {0};
  struct statfs file_system;
  uint64_t used, known = blocks_used(all);
  char *size, *found;

  if (statfs(SHAREABLE__DIRECTORY, &file_system) != 0 || file_system.f_type != TMPFS_MAGIC || file_system.f_blocks == 0)
    return;
  used = ((uint64_t)file_system.f_blocks - (uint64_t)file_system.f_bfree) * (uint64_t)file_system.f_bsize;
  size = cli_size(used > known ? used - known : 0, &view);
  found = cli_format("%s in hidden files and in directories", size);
  add_result(out, "other files", FINE, found, "");
  free(found);
  free(size);
}

static void check_blocks(report *out) {
  const cli_view view = {0};
  uint64_t orphaned = 0, deleted = 0;
  size_t orphan_count = 0, deleted_count = 0;
  char found[120], *size;
  blocks all;

  blocks_read(&all, NULL, 0);
  for (size_t i = 0; i < all.count; i++)
    if (all.blocks[i].state == BLOCK_ORPHANED) {
      orphaned += all.blocks[i].used;
      orphan_count++;
    } else if (all.blocks[i].state == BLOCK_DELETED) {
      deleted += all.blocks[i].used;
      deleted_count++;
    }
  size = cli_size(orphaned, &view);
  snprintf(found, sizeof found, "%zu blocks of dead owners, %s", orphan_count, size);
  add_result(out, "garbage", orphan_count > 0 ? WRONG : FINE, found,
             orphan_count > 0 ? "'shareable gc --remove' removes them" : "");
  free(size);
  size = cli_size(deleted, &view);
  snprintf(found, sizeof found, "%zu blocks without a name in use, %s", deleted_count, size);
  add_result(
    out, "deleted", deleted_count > 0 ? NOTE : FINE, found,
    deleted_count > 0 ? "'shareable ls' shows the processes that use them: their memory is freed when those exit" : "");
  free(size);
  check_other_files(out, &all);
  blocks_free(&all);
}

static int run_doctor(int argc, char **argv) {
  static const struct option longs[] = {{"json", no_argument, NULL, 'J'}, {"help", no_argument, NULL, 'h'}, {0}};
  report out = {.has_colors = cli_has_colors()};
  cli_view view = {0};

  while (cli_option(&cli_doctor, argc, argv, ":Jh", longs) >= 0)
    view.json = true;
  if (optind != argc)
    cli_usage_error("unexpected argument '%s'", argv[optind]);
  if (view.json)
    out.table =
      cli_table_new("checks", columns, sizeof columns / sizeof *columns, "CHECK,VERDICT,FOUND,ADVICE", cell, &view);
  check_directory(&out);
  check_space(&out);
  check_inodes(&out);
  check_files(&out);
  check_kernel(&out);
  check_proc(&out);
  check_protected(&out);
  check_logind(&out);
  check_limits(&out);
  check_reaper(&out);
  check_program(&out, "manager", NOTE, shareable__program_path(SHAREABLE__MANAGER),
                "programs cannot start a manager, only connect to one: reinstall the package of this command");
  check_blocks(&out);
  if (out.table != NULL)
    cli_table_print(out.table);
  return out.is_wrong ? CLI_FAILED : CLI_DONE;
}

const cli_command cli_doctor = {"doctor", "", "Check this machine's shared memory setup and suggest fixes.",
                                "  -J, --json  print JSON\n"
                                "  -h, --help  print this help\n"
                                "\n"
                                "The result of a check is ok, note or wrong. If one is wrong, the exit status\n"
                                "is 1.\n",
                                run_doctor};
