/*
 * journal.c - tests of core/src/journal.c, on files of their own.
 */
#include "../../core/src/journal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support.h"

/* A file without a name, of so many bytes. */
static int file_of(const void *bytes, size_t size) {
  int fd = open("/dev/shm", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

  cr_assert_geq(fd, 0);
  cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
  return fd;
}

Test(journal, a_file_that_is_short_or_says_something_else_is_none) {
  shareable__journal_head head = {.magic = SHAREABLE__JOURNAL_MAGIC}, read;
  int fd = file_of(&head, sizeof head);

  cr_assert_eq(shareable__journal_read(fd, &read), SHAREABLE__YES);
  close(fd);
  fd = file_of(&head, sizeof head - 1);
  cr_assert_eq(shareable__journal_read(fd, &read), SHAREABLE__NO);
  close(fd);
  head.magic++;
  fd = file_of(&head, sizeof head);
  cr_assert_eq(shareable__journal_read(fd, &read), SHAREABLE__NO);
  close(fd);
  cr_assert_eq(shareable__journal_read(-1, &read), SHAREABLE__UNTOLD);
}

Test(journal, a_record_ends_its_name_whatever_it_holds) {
  struct {
    shareable__journal_head head;
    shareable__record record;
  } file = {.record.inode = 1};
  shareable__record record;
  uint64_t at = 0;
  int fd;

  memset(file.record.name, 'x', sizeof file.record.name);
  fd = file_of(&file, sizeof file);
  cr_assert_eq(shareable__journal_next(fd, &at, &record), SHAREABLE__YES);
  cr_assert_eq(strlen(record.name), SHAREABLE__NAME_MAX);
  cr_assert_eq(at, 1);
  cr_assert_eq(shareable__journal_next(fd, &at, &record), SHAREABLE__NO);
  close(fd);
  cr_assert_eq(shareable__journal_next(-1, &at, &record), SHAREABLE__UNTOLD);
}

Test(journal, a_process_has_a_start_until_it_has_ended) {
  shareable__heir self = {getpid(), shareable__process_start(getpid())}, other = {getpid(), self.start + 1},
                  none = {0, 0};
  siginfo_t state;
  pid_t child;

  cr_assert_gt(self.start, 0);
  cr_assert(shareable__heir_lives(&self));
  cr_assert_not(shareable__heir_lives(&other));
  cr_assert_not(shareable__heir_lives(&none));
  child = fork();
  if (child == 0)
    _exit(0);
  cr_assert_eq(waitid(P_PID, (id_t)child, &state, WEXITED | WNOWAIT), 0);
  cr_assert_eq(shareable__process_start(child), 0, "it has ended, though nobody has asked how");
  waitpid(child, NULL, 0);
  cr_assert_eq(shareable__process_start(child), 0);
}

static void count_one(int fd, const char *path, void *context) {
  (void)fd;
  (void)path;
  ++*(int *)context;
}

Test(journal, a_folder_is_looked_through_for_files_alone) {
  shareable__folder folder;
  char path[100];
  int count = 0;

  snprintf(folder.path, sizeof folder.path, "/dev/shm/.test-%ld", (long)getpid());
  shareable__journal_each(&folder, count_one, &count);
  cr_assert_eq(count, 0, "there is no folder");
  cr_assert_eq(mkdir(folder.path, 0700), 0);
  snprintf(path, sizeof path, "%s/pipe", folder.path);
  cr_assert_eq(mkfifo(path, 0600), 0);
  shareable__journal_each(&folder, count_one, &count);
  cr_assert_eq(count, 0, "a pipe");
  unlink(path);
  close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  cr_assert_eq(shareable__journal_each(&folder, count_one, &count), 0);
  cr_assert_eq(count, 1);
  unlink(path);
  rmdir(folder.path);
}
