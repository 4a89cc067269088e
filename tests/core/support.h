/*
 * support.h - shared by the unit tests: unique names, checks, skips, and sample lists.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shareable.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* Returns a name that no other test and no other run uses: each test is its own process. */
static inline const char *own_name(void) {
  static char name[40];
  snprintf(name, sizeof name, "test-%ld", (long)getpid());
  return name;
}

/* Returns the limit of a duration, which is larger in an emulator. */
static inline int64_t time_limit(int64_t duration) {
  const char *emulator = getenv("emulator");

  return emulator != NULL && *emulator != '\0' ? 20 * duration : duration;
}

static inline bool exists(const char *name) {
  char path[300];
  snprintf(path, sizeof path, "/dev/shm/%s", name);
  return access(path, F_OK) == 0;
}

/*
 * Returns the path of the directory of this user's ownership logs, unless another user has taken
 * the name.
 */
static inline const char *log_directory(void) {
  static char path[40];
  snprintf(path, sizeof path, "/dev/shm/.shareable-%lu", (unsigned long)geteuid());
  return path;
}

/* Returns the number of descriptors that this process has open. */
static inline size_t descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  size_t count = 0;

  while (readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count;
}

#define cr_status(call, wanted)                                                                                        \
  do {                                                                                                                 \
    int status_ = (call);                                                                                              \
    cr_assert_eq(status_, (wanted), "%s is %s, not %s", #call, shareable_status_name(status_),                         \
                 shareable_status_name(wanted));                                                                       \
  } while (0)

#define cr_ok(call) cr_status(call, SHAREABLE_OK)

/* Criterion does not print the reason of a skip. */
#define skip_because(reason)                                                                                           \
  do {                                                                                                                 \
    fprintf(stderr, "skipped: %s\n", reason);                                                                          \
    cr_skip_test(reason);                                                                                              \
  } while (0)

/* Without these barriers, no process gets a hazard, and every store locks the item. */
static inline void need_barriers(void) {
  long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

#ifdef SHAREABLE_PORTABLE
  commands = 0;
#endif
  if (commands < 0 || (commands & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0)
    skip_because("needs membarrier(2) with global expedited barriers");
}

static inline shareable_list *new_list_with(const shareable_value *values, size_t count, uint32_t flags) {
  shareable_error error = {0};
  shareable_list *list = NULL;

  cr_assert_eq(shareable_list_create(&list, own_name(), values, count, flags, 0, &error), SHAREABLE_OK, "%s",
               error.message);
  return list;
}

static inline shareable_list *new_list(const shareable_value *values, size_t count) {
  return new_list_with(values, count, 0);
}

static inline void end_list(shareable_list *list) {
  cr_ok(shareable_list_unlink(list, NULL));
  shareable_list_unref(list);
}

#endif
