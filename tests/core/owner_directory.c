/*
 * owner_directory.c - tests of core/src/shm/owner_directory.c: other users, and an unusual umask.
 *
 * Each test runs as its own user. Root has made the other user's files before, with this user's
 * names.
 */
#include "shm/owner_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "support.h"

enum { OTHER = 65533 };

static uid_t own_user(void) {
  return 100000 + (uid_t)getpid();
}

static const char *own_path(const char *suffix) {
  static char path[80];

  snprintf(path, sizeof path, "/dev/shm/.shareable-%lu%s", (unsigned long)own_user(), suffix);
  return path;
}

static void need_root(void) {
  if (geteuid() != 0)
    skip_because("only root can act as other users");
}

/* Becomes root again, to remove the files of all users. */
static void clean_up(void) {
  char command[160];

  if (setresuid(0, 0, 0) != 0)
    return;
  snprintf(command, sizeof command, "printf '%%s\\0' %s | xargs -0 rm -rf", own_path("*"));
  cr_assert_eq(system(command), 0);
}

TestSuite(directory, .fini = clean_up);

static void become_another_user(void) {
  cr_assert_eq(setresuid(own_user(), own_user(), 0), 0);
}

static void change_owner(uid_t user, const char *path) {
  cr_assert_eq(lchown(path, user, user), 0);
}

Test(directory, can_be_created_found_and_removed) {
  shareable__owner_directory one, other;

  need_root();
  become_another_user();
  cr_assert_eq(shareable__owner_directory_create(&one), 0);
  cr_assert_eq(shareable__owner_directory_create(&other), 0);
  cr_assert_str_eq(one.name, other.name);
  cr_assert_eq(one.user, own_user());
  cr_assert_gt(one.fd, 2);
  shareable__owner_directory_remove(&one);
  cr_assert_neq(access(own_path(""), F_OK), 0);
  shareable__owner_directory_close(&one);
  shareable__owner_directory_close(&other);
}

Test(directory, is_private_with_any_umask) {
  shareable__owner_directory directory;
  struct stat status;

  need_root();
  become_another_user();
  umask(0777);
  cr_assert_eq(shareable__owner_directory_create(&directory), 0);
  cr_assert_eq(fstat(directory.fd, &status), 0);
  cr_assert_eq(status.st_mode & 0777, 0700);
  shareable__owner_directory_remove(&directory);
  shareable__owner_directory_close(&directory);
}

static void squat_with_a_file(const char *path) {
  close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
  change_owner(OTHER, path);
}

static void squat_with_a_pipe(const char *path) {
  cr_assert_eq(mkfifo(path, 0666), 0);
  change_owner(OTHER, path);
}

/*
 * Makes a subdirectory, so that the reapers of other tests, which run as root, do not remove the
 * empty directory.
 */
static bool make_nonempty(int directory) {
  return mkdirat(directory, "kept", 0700) == 0;
}

/* The other user creates it: a reaper may remove an empty directory before chown(). */
static void squat_with_a_directory_as_other(const char *path, mode_t mode) {
  mode_t mask = umask(0);
  int fd;

  cr_assert_eq(seteuid(OTHER), 0);
  do {
    mkdir(path, mode);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && !make_nonempty(fd)) {
      close(fd);
      fd = -1;
    }
  } while (fd < 0);
  close(fd);
  cr_assert_eq(seteuid(0), 0);
  umask(mask);
}

/* Creates this user's directory, with a file in it. */
static void create_kept(shareable__owner_directory *directory) {
  cr_assert_eq(shareable__owner_directory_create(directory), 0);
  while (!make_nonempty(directory->fd)) {
    shareable__owner_directory_close(directory);
    cr_assert_eq(shareable__owner_directory_create(directory), 0);
  }
}

static void remove_kept(shareable__owner_directory *directory) {
  cr_assert_eq(unlinkat(directory->fd, "kept", AT_REMOVEDIR), 0);
  shareable__owner_directory_remove(directory);
  shareable__owner_directory_close(directory);
}

static void squat_with_a_directory(const char *path) {
  squat_with_a_directory_as_other(path, 0700);
}

static void squat_with_an_open_directory(const char *path) {
  squat_with_a_directory_as_other(path, 0777);
}

static void squat_with_a_link(const char *path) {
  cr_assert_eq(symlink("/tmp", path), 0);
  change_owner(OTHER, path);
}

static void squat_with_a_link_to_nothing(const char *path) {
  cr_assert_eq(symlink("/dev/shm/no-such-directory", path), 0);
  change_owner(OTHER, path);
}

static void count_directory(const shareable__owner_directory *directory, void *context) {
  if (strncmp(directory->name, strrchr(own_path(""), '/') + 1, strlen(own_path("")) - sizeof "/dev/shm") == 0)
    ++*(int *)context;
}

Test(directory, uses_another_name_if_the_first_is_taken) {
  void (*const squats[])(const char *path) = {squat_with_a_file,      squat_with_a_pipe,
                                              squat_with_a_directory, squat_with_an_open_directory,
                                              squat_with_a_link,      squat_with_a_link_to_nothing};
  shareable__owner_directory first, second;
  int count;

  need_root();
  for (size_t i = 0; i < LENGTH(squats); i++) {
    squats[i](own_path(""));
    cr_assert_eq(seteuid(own_user()), 0);
    create_kept(&first);
    cr_assert_neq(strcmp(first.name, strrchr(own_path(""), '/') + 1), 0);
    cr_assert_eq(shareable__owner_directory_create(&second), 0);
    cr_assert_str_eq(first.name, second.name, "the existing directory must be used");
    count = 0;
    cr_assert_eq(shareable__owner_directory_foreach(count_directory, &count), 0);
    cr_assert_eq(count, 1);
    shareable__owner_directory_close(&second);
    remove_kept(&first);
    cr_assert_eq(seteuid(0), 0);
    clean_up();
  }
}

Test(directory, rejects_a_directory_that_other_users_may_enter) {
  shareable__owner_directory directory;
  int shm = shareable__shm_directory_open();

  need_root();
  become_another_user();
  cr_assert_eq(mkdir(own_path(""), 0700), 0);
  cr_assert_eq(chmod(own_path(""), 0750), 0);
  cr_assert_eq(shareable__owner_directory_open(shm, strrchr(own_path(""), '/') + 1, &directory), EPERM);
  cr_assert_eq(chmod(own_path(""), 0700), 0);
  cr_assert_eq(shareable__owner_directory_open(shm, strrchr(own_path(""), '/') + 1, &directory), 0);
  shareable__owner_directory_close(&directory);
  close(shm);
}

Test(directory, rejects_names_of_another_form) {
  const char *const others[] = {".shareable-",
                                ".shareable-x",
                                ".shareable--1",
                                ".shareable-0x",
                                ".shareable-4294967296",
                                "shareable-0",
                                ".",
                                "..",
                                "",
                                ".shareable-00000000000000000000000000000000000000000000"};
  shareable__owner_directory directory;
  int shm = shareable__shm_directory_open();

  for (size_t i = 0; i < LENGTH(others); i++)
    cr_assert_eq(shareable__owner_directory_open(shm, others[i], &directory), EPERM, "'%s'", others[i]);
  close(shm);
}

Test(directory, is_not_removed_if_another_directory_has_its_name) {
  shareable__owner_directory directory;
  char moved[80];

  need_root();
  become_another_user();
  snprintf(moved, sizeof moved, "%s", own_path(".moved"));
  cr_assert_eq(shareable__owner_directory_create(&directory), 0);
  cr_assert_eq(rename(own_path(""), moved), 0);
  cr_assert_eq(mkdir(own_path(""), 0700), 0);
  shareable__owner_directory_remove(&directory);
  cr_assert_eq(access(own_path(""), F_OK), 0);
  shareable__owner_directory_close(&directory);
}

Test(directory, root_visits_the_directory_of_a_container_s_user) {
  int count = 0;

  need_root();
  squat_with_a_directory(own_path(""));
  cr_assert_eq(shareable__owner_directory_foreach(count_directory, &count), 0);
  cr_assert_eq(count, 1);
  cr_assert_eq(seteuid(own_user()), 0);
  count = 0;
  cr_assert_eq(shareable__owner_directory_foreach(count_directory, &count), 0);
  cr_assert_eq(count, 0, "a user must not use a directory of another user");
  cr_assert_eq(seteuid(0), 0);
}

static int count_own_names(void) {
  const char *own = strrchr(own_path(""), '/') + 1;
  DIR *list = opendir("/dev/shm");
  const struct dirent *entry;
  int count = 0;

  while ((entry = readdir(list)) != NULL)
    count += strncmp(entry->d_name, own, strlen(own)) == 0;
  closedir(list);
  return count;
}

/*
 * Sets the file system user as a file server does: the files that it creates belong to another
 * user.
 */
static void fail_to_create_for_another_user(int left) {
  shareable__owner_directory directory;

  cr_assert_eq(setresuid(OTHER, own_user(), 0), 0);
  setfsuid(OTHER);
  cr_assert_eq(shareable__owner_directory_create(&directory), EACCES);
  cr_assert_leq(count_own_names(), left); /* root's reaper removes empty directories */
  cr_assert_eq(setresuid(0, 0, 0), 0);
}

Test(directory, a_process_with_another_file_system_user_leaves_no_directory) {
  need_root();
  fail_to_create_for_another_user(0);
  squat_with_a_directory(own_path(""));
  fail_to_create_for_another_user(1);
}

/*
 * The other user takes the name, and root's reaper removes the directory, like each empty
 * directory.
 */
static pid_t start_to_take_and_remove(const char *path) {
  pid_t child = fork();

  if (child != 0)
    return child;
  for (pid_t parent = getppid(); getppid() == parent;)
    if (seteuid(OTHER) != 0 || (mkdir(path, 0700) != 0 && errno != EEXIST) || seteuid(0) != 0 ||
        (rmdir(path) != 0 && errno != ENOENT))
      break;
  _exit(1);
}

Test(directory, can_be_created_while_another_user_takes_and_frees_its_name) {
  shareable__owner_directory directory;
  pid_t child;

  need_root();
  child = start_to_take_and_remove(own_path(""));
  cr_assert_eq(seteuid(own_user()), 0);
  for (int i = 0; i < 20000; i++) {
    cr_assert_eq(shareable__owner_directory_create(&directory), 0);
    shareable__owner_directory_remove(&directory);
    shareable__owner_directory_close(&directory);
  }
  cr_assert_eq(seteuid(0), 0);
  kill(child, SIGKILL);
  cr_assert_eq(waitpid(child, NULL, 0), child);
}

static int64_t microseconds(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

enum { SQUATTERS = 20000 };

static void squat(bool with_directories) {
  for (int i = 0; i < SQUATTERS; i++) {
    char suffix[12];

    snprintf(suffix, sizeof suffix, ".%08x", i);
    if (with_directories)
      squat_with_a_directory(own_path(suffix));
    else
      squat_with_a_file(own_path(suffix));
  }
  squat_with_a_directory(own_path(""));
}

static void create_and_remove(void) {
  shareable__owner_directory directory;

  cr_assert_eq(shareable__owner_directory_create(&directory), 0);
  shareable__owner_directory_remove(&directory);
  shareable__owner_directory_close(&directory);
}

/* Checking each of the names takes many times as long as creating a hundred files. */
static void create_beside_squatters(bool with_directories) {
  int64_t begin, alone, beside;

  cr_assert_eq(seteuid(own_user()), 0);
  begin = microseconds();
  for (int i = 0; i < 100; i++)
    create_and_remove();
  alone = microseconds() - begin;
  cr_assert_eq(seteuid(0), 0);
  squat(with_directories);
  cr_assert_eq(seteuid(own_user()), 0);
  begin = microseconds();
  for (int i = 0; i < 100; i++)
    create_and_remove();
  beside = microseconds() - begin;
  cr_assert_eq(seteuid(0), 0);
  cr_assert_lt(beside, 10 * alone + 200000, "%lld us, and %lld without", (long long)beside, (long long)alone);
}

Test(directory, is_created_quickly_despite_many_names_of_another_user) {
  need_root();
  create_beside_squatters(false);
  clean_up();
  create_beside_squatters(true);
}

Test(directory, is_found_among_many_names_of_another_user) {
  shareable__owner_directory directory;
  int count = 0;

  need_root();
  squat(true);
  cr_assert_eq(seteuid(own_user()), 0);
  create_kept(&directory);
  cr_assert_eq(shareable__owner_directory_foreach(count_directory, &count), 0);
  cr_assert_eq(count, 1);
  remove_kept(&directory);
  cr_assert_eq(seteuid(0), 0);
}
