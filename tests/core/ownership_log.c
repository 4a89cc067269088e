/*
 * ownership_log.c - tests of core/src/shm/ownership_log.c and core/src/base/process.c.
 */
#include "shm/ownership_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "moved.h"

/* Older headers do not define it. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* Opens a file without a name that contains these bytes. */
static int file_of(const void *bytes, size_t size) {
  int fd = open("/dev/shm", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

  cr_assert_geq(fd, 0);
  cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
  return fd;
}

Test(log, a_short_file_or_one_with_another_magic_word_is_not_a_log) {
  shareable__ownership_log_header header = {.magic = SHAREABLE__OWNERSHIP_LOG_MAGIC}, read;
  int fd = file_of(&header, sizeof header);

  cr_assert_eq(shareable__ownership_log_read_header(fd, &read), SHAREABLE__YES);
  close(fd);
  fd = file_of(&header, sizeof header - 1);
  cr_assert_eq(shareable__ownership_log_read_header(fd, &read), SHAREABLE__NO);
  close(fd);
  header.magic++;
  fd = file_of(&header, sizeof header);
  cr_assert_eq(shareable__ownership_log_read_header(fd, &read), SHAREABLE__NO);
  close(fd);
  cr_assert_eq(shareable__ownership_log_read_header(-1, &read), SHAREABLE__UNKNOWN);
}

Test(log, an_entry_s_name_is_always_terminated) {
  struct {
    shareable__ownership_log_header header;
    shareable__ownership_entry record;
  } file = {.record.inode = 1};
  shareable__ownership_entry record;
  uint64_t at = 0;
  shareable__ownership_log log = {.fd = -1};

  cr_assert_eq(shareable__ownership_log_next_entry(&log, &at, &record), SHAREABLE__UNKNOWN);
  memset(file.record.name, 'x', sizeof file.record.name);
  log.fd = file_of(&file, sizeof file);
  cr_assert_eq(shareable__ownership_log_next_entry(&log, &at, &record), SHAREABLE__YES);
  cr_assert_eq(strlen(record.name), SHAREABLE__NAME_MAX);
  cr_assert_eq(at, 1);
  cr_assert_eq(shareable__ownership_log_next_entry(&log, &at, &record), SHAREABLE__NO);
  close(log.fd);
}

Test(log, reading_stops_at_the_budget) {
  struct {
    shareable__ownership_log_header header;
    shareable__ownership_entry record[3];
  } file = {.record = {{.inode = 1}, {.inode = 2}, {.inode = 3}}};
  uint64_t budget = 2, at = 0;
  shareable__ownership_log log = {.fd = file_of(&file, sizeof file), .budget = &budget};
  shareable__ownership_entry record;

  cr_assert_eq(shareable__ownership_log_next_entry(&log, &at, &record), SHAREABLE__YES);
  cr_assert_eq(shareable__ownership_log_next_entry(&log, &at, &record), SHAREABLE__YES);
  cr_assert_eq(shareable__ownership_log_next_entry(&log, &at, &record), SHAREABLE__UNKNOWN);
  close(log.fd);
}

Test(process, has_a_start_until_it_has_ended) {
  uint64_t start = shareable__process_start(getpid());
  siginfo_t state;
  pid_t child;

  cr_assert_gt(start, 0);
  cr_assert_lt(start, SHAREABLE__START_UNKNOWN);
  child = fork();
  if (child == 0)
    _exit(0);
  cr_assert_eq(waitid(P_PID, (id_t)child, &state, WEXITED | WNOWAIT), 0);
  cr_assert_eq(shareable__process_start(child), 0, "the process has ended, although it was not reaped");
  waitpid(child, NULL, 0);
  cr_assert_eq(shareable__process_start(child), 0);
  cr_assert_eq(shareable__process_start(INT64_C(0x100000000) + getpid()), 0, "a pid has fewer bits");
}

static void *live_for_a_while(void *with) {
  for (;;)
    pause();
  return with;
}

/* /proc/PID/stat shows the state of the main thread. */
Test(process, has_a_start_while_one_of_its_threads_is_alive) {
  uint64_t start;
  siginfo_t state;
  pid_t child = fork();

  if (child == 0) {
    pthread_t thread;

    if (pthread_create(&thread, NULL, live_for_a_while, NULL) != 0)
      _exit(1);
    pthread_exit(NULL);
  }
  start = shareable__process_start(child);
  usleep(200000);
  cr_expect_gt(start, 0);
  cr_expect_eq(shareable__process_start(child), start, "only the main thread has ended");
  kill(child, SIGKILL);
  cr_assert_eq(waitid(P_PID, (id_t)child, &state, WEXITED | WNOWAIT), 0);
  cr_expect_eq(shareable__process_start(child), 0);
  waitpid(child, NULL, 0);
}

/*
 * Runs in a namespace. Returns 0 if the successor is alive, 1 if not, 77 if there is no such
 * namespace.
 */
typedef int check_inside(const shareable__ownership_log_header *header);

static void check_from_inside(check_inside *check, const shareable__ownership_log_header *header) {
  int status;
  pid_t child = fork();

  if (child == 0)
    _exit(check(header));
  waitpid(child, &status, 0);
  cr_assert(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77)
    skip_because("needs a namespace of its own");
  cr_expect_eq(WEXITSTATUS(status), 0);
}

/* The clock of the namespace starts a day earlier. The child is the first process there. */
static int check_in_time_namespace(const shareable__ownership_log_header *header) {
  int offsets, status;
  pid_t child;

  if (unshare(CLONE_NEWTIME) != 0)
    return 77;
  offsets = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  if (offsets < 0 || write(offsets, "boottime 86400 0", 16) != 16)
    return 77;
  close(offsets);
  child = fork();
  if (child == 0)
    _exit(shareable__process_start(header->successors[0].pid) == header->successors[0].start
            ? 2
            : shareable__living_successor(header) == 0);
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

Test(log, a_successor_in_another_time_namespace_is_alive) {
  const shareable__ownership_log_header header = {.pid_namespace = shareable__pid_namespace(),
                                                  .time_namespace = shareable__time_namespace(),
                                                  .successors = {{getpid(), shareable__process_start(getpid())}}};

  check_from_inside(check_in_time_namespace, &header);
}

/* /proc still shows the pids outside the namespace, where process 1 has another start time. */
static int check_with_outer_proc(const shareable__ownership_log_header *header) {
  shareable__ownership_log_header inside = *header;
  int status;
  pid_t child;

  if (unshare(CLONE_NEWPID) != 0)
    return 77;
  child = fork();
  if (child == 0) {
    inside.pid_namespace = shareable__pid_namespace();
    inside.successors[0] = (shareable__successor){1, 12345};
    _exit(inside.pid_namespace == 0 || shareable__living_successor(&inside) != 1);
  }
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

Test(log, a_successor_is_alive_if_proc_shows_another_pid_namespace) {
  const shareable__ownership_log_header header = {.time_namespace = shareable__time_namespace()};

  check_from_inside(check_with_outer_proc, &header);
}

Test(log, a_successor_is_alive_unless_it_is_proven_to_have_ended) {
  shareable__ownership_log_header header = {.pid_namespace = shareable__pid_namespace(),
                                            .time_namespace = shareable__time_namespace()};
  shareable__successor *successor = &header.successors[SHAREABLE__SUCCESSORS - 1];

  cr_assert_not(shareable__successor_is_alive(&header, successor), "there is no successor");
  *successor = (shareable__successor){getpid(), shareable__process_start(getpid())};
  cr_assert(shareable__successor_is_alive(&header, successor));
  successor->start++;
  cr_assert_not(shareable__successor_is_alive(&header, successor), "another process has the successor's pid");
  header.pid_namespace++;
  cr_assert(shareable__successor_is_alive(&header, successor), "a pid of another namespace proves nothing");
  header.pid_namespace = 0;
  cr_assert(shareable__successor_is_alive(&header, successor), "a pid of an unknown namespace proves nothing");
  header.pid_namespace = shareable__pid_namespace();
  header.time_namespace++;
  cr_assert(shareable__successor_is_alive(&header, successor), "a start time in another time namespace proves nothing");
  successor->pid = INT32_MAX;
  cr_assert_not(shareable__successor_is_alive(&header, successor), "there is no such process");
  successor->pid = getpid();
  header.time_namespace--;
  successor->start = SHAREABLE__START_UNKNOWN;
  cr_assert(shareable__successor_is_alive(&header, successor));
}

/* An owner's directory that no other test uses. */
static shareable__owner_directory directory;

static void have_directory(void) {
  int shm = shareable__shm_directory_open();
  char name[40];

  snprintf(name, sizeof name, ".shareable-%lu.t%ld", (unsigned long)geteuid(), (long)getpid());
  cr_assert_eq(mkdirat(shm, name, 0700), 0);
  cr_assert_eq(shareable__owner_directory_open(shm, name, &directory), 0);
  close(shm);
}

static void end_directory(void) {
  char command[100];

  snprintf(command, sizeof command, "rm -rf /dev/shm/%s", directory.name);
  cr_assert_eq(system(command), 0);
  shareable__owner_directory_close(&directory);
}

TestSuite(log, .init = have_directory, .fini = end_directory);

/* Makes a complete log that no process has locked. */
static int make_log(const char *name, mode_t mode) {
  const shareable__ownership_log_header header = {.magic = SHAREABLE__OWNERSHIP_LOG_MAGIC};
  int fd = openat(directory.fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);

  cr_assert_geq(fd, 0);
  cr_assert_eq(write(fd, &header, sizeof header), (ssize_t)sizeof header);
  return fd;
}

static void count_one(shareable__ownership_log *log, void *context) {
  cr_assert_str_eq(log->name, "log");
  ++*(int *)context;
}

static int count_logs(void) {
  int count = 0;

  shareable__ownership_log_foreach(&directory, count_one, &count);
  return count;
}

Test(log, must_be_a_private_file_with_one_link) {
  int fd = make_log("log", 0600);

  cr_assert_eq(count_logs(), 1);
  cr_assert_eq(linkat(directory.fd, "log", directory.fd, "log2", 0), 0);
  cr_assert_eq(count_logs(), 0, "another process may have made the link");
  cr_assert_eq(unlinkat(directory.fd, "log2", 0), 0);
  cr_assert_eq(fchmod(fd, 0640), 0);
  cr_assert_eq(count_logs(), 0, "other users may read and lock the log");
  cr_assert_eq(fchmod(fd, 0600), 0);
  cr_assert_eq(count_logs(), 1);
  close(fd);
}

Test(log, rejects_pipes_symbolic_links_and_names_outside_the_directory) {
  shareable__ownership_log log;

  cr_assert_eq(mkfifoat(directory.fd, "log", 0600), 0);
  cr_assert_eq(shareable__ownership_log_open(&directory, "log", &log), EPERM);
  cr_assert_eq(unlinkat(directory.fd, "log", 0), 0);
  cr_assert_eq(symlinkat("/etc/passwd", directory.fd, "log"), 0);
  cr_assert_eq(shareable__ownership_log_open(&directory, "log", &log), EPERM);
  cr_assert_eq(shareable__ownership_log_open(&directory, "../log", &log), EPERM);
  cr_assert_eq(shareable__ownership_log_open(&directory, "..", &log), EPERM);
  cr_assert_eq(shareable__ownership_log_open(&directory, "none", &log), ENOENT);
  cr_assert_eq(count_logs(), 0);
}

Test(log, is_skipped_while_it_has_a_lease) {
  int fd = make_log("log", 0600);

  signal(SIGIO, SIG_IGN);
  if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0)
    skip_because("needs leases on files in /dev/shm");
  cr_assert_eq(count_logs(), 0);
  cr_assert_eq(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
  cr_assert_eq(count_logs(), 1);
  close(fd);
}

Test(log, rejects_a_file_of_another_user) {
  int fd = make_log("log", 0600);

  if (geteuid() != 0)
    skip_because("only root can give files away");
  cr_assert_eq(fchown(fd, 65533, 65533), 0);
  cr_assert_eq(count_logs(), 0);
  close(fd);
}

Test(log, is_removed_only_if_its_name_belongs_to_it) {
  shareable__ownership_log log;

  close(make_log("log", 0600));
  cr_assert_eq(shareable__ownership_log_open(&directory, "log", &log), 0);
  cr_assert_eq(renameat(directory.fd, "log", directory.fd, "other"), 0);
  close(make_log("log", 0600));
  shareable__ownership_log_remove(&log);
  cr_assert_eq(faccessat(directory.fd, "log", F_OK, 0), 0);
  shareable__ownership_log_close(&log);
}

Test(log, is_not_locked_if_another_file_has_its_name) {
  shareable__ownership_log log;

  close(make_log("log", 0600));
  cr_assert_eq(shareable__ownership_log_open(&directory, "log", &log), 0);
  cr_assert_eq(renameat(directory.fd, "log", directory.fd, "other"), 0);
  close(make_log("log", 0600));
  cr_assert_not(shareable__ownership_log_lock(&log, false));
  shareable__ownership_log_close(&log);
}

Test(log, a_reader_detects_the_lock) {
  int fd = make_log("log", 0600);
  shareable__ownership_log log;

  cr_assert_eq(shareable__ownership_log_open(&directory, "log", &log), 0);
  cr_assert(shareable__ownership_log_owner_is_dead(log.fd));
  cr_assert(shareable__ownership_log_lock_file(fd, false));
  cr_assert_not(shareable__ownership_log_owner_is_dead(log.fd));
  cr_assert_not(shareable__ownership_log_lock(&log, false));
  close(fd);
  cr_assert(shareable__ownership_log_lock(&log, false));
  shareable__ownership_log_close(&log);
}

Test(log, an_unfilled_file_is_removed_when_no_process_holds_its_lock) {
  int fd = openat(directory.fd, "log", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  shareable__ownership_log log;

  cr_assert(shareable__ownership_log_lock_file(fd, false));
  cr_assert_eq(shareable__ownership_log_open(&directory, "log", &log), 0);
  cr_assert_not(shareable__ownership_log_remove_unfilled(&log), "the log's creator is about to fill it");
  cr_assert_eq(count_logs(), 1);
  close(fd);
  cr_assert(shareable__ownership_log_remove_unfilled(&log));
  cr_assert_eq(faccessat(directory.fd, "log", F_OK, 0), -1);
  shareable__ownership_log_close(&log);
}

Test(log, counts_as_new_only_for_a_moment) {
  int fd = openat(directory.fd, "log", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  cr_assert(shareable__ownership_log_is_new(fd));
  usleep(300000);
  cr_assert_not(shareable__ownership_log_is_new(fd));
  close(fd);
}

Test(log, a_filled_log_is_not_removed_as_unfilled) {
  shareable__ownership_log log;

  close(make_log("log", 0600));
  cr_assert_eq(shareable__ownership_log_open(&directory, "log", &log), 0);
  cr_assert(shareable__ownership_log_remove_unfilled(&log));
  cr_assert_eq(count_logs(), 1);
  shareable__ownership_log_close(&log);
}

/* Each entry is wrong in one field. */
Test(log, an_entry_matches_by_name_device_and_inode) {
  int fd = make_log("log", 0600);
  shareable__ownership_entry record = {0}, wrong;
  shareable_memory *memory;
  char path[100];
  struct stat block;

  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  snprintf(path, sizeof path, "/dev/shm/%s", own_name());
  cr_assert_eq(stat(path, &block), 0);
  record.inode = block.st_ino;
  record.device = block.st_dev;
  strcpy(record.name, own_name());
  cr_assert_eq(shareable__ownership_entry_matches_block(fd, &record), SHAREABLE__YES);
  wrong = record;
  wrong.device++;
  cr_assert_eq(shareable__ownership_entry_matches_block(fd, &wrong), SHAREABLE__NO);
  wrong = record;
  wrong.inode++;
  cr_assert_eq(shareable__ownership_entry_matches_block(fd, &wrong), SHAREABLE__NO);
  wrong = record;
  snprintf(wrong.name, sizeof wrong.name, "../shm/%s", own_name());
  cr_assert_eq(shareable__ownership_entry_matches_block(fd, &wrong), SHAREABLE__NO);
  cr_ok(shareable_memory_unlink(memory, NULL));
  shareable_memory_unref(memory);
  close(fd);
}

/* Adds an entry of the block with that name. */
static void record_block(int fd, const char *name) {
  shareable__ownership_entry record = {0};
  char path[100];
  struct stat block;

  snprintf(path, sizeof path, "/dev/shm/%s", name);
  cr_assert_eq(stat(path, &block), 0);
  record.inode = block.st_ino;
  record.device = block.st_dev;
  strcpy(record.name, name);
  cr_assert_eq(write(fd, &record, sizeof record), (ssize_t)sizeof record);
}

Test(log, unlinks_a_block_that_another_process_has_moved) {
  int fd = make_log("log", 0600);
  shareable_memory *memory;
  shareable__ownership_log log;

  cr_ok(shareable_memory_create(&memory, own_name(), 8, 0, 0, NULL));
  shareable_memory_unref(memory);
  record_block(fd, own_name());
  close(fd);
  cr_assert(move_block(own_name()));
  cr_assert_eq(shareable__ownership_log_open(&directory, "log", &log), 0);
  shareable__ownership_log_unlink_blocks(&log);
  shareable__ownership_log_close(&log);
  cr_expect_neq(access(moved_path(own_name()), F_OK), 0, "the block is left, and would be moved back");
  cr_expect_neq(faccessat(directory.fd, "log", F_OK, 0), 0);
  cr_expect(exists(own_name()), "the other block of that name");
  unlink(moved_path(own_name()));
  cr_ok(shareable_unlink(own_name(), NULL));
  rmdir(log_directory());
}
