/*
 * doctor_logs.c - the check of the directories of ownership logs in /dev/shm.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "doctor.h"
#include "shm/owner_directory.h"
#include "shm/segment.h"

typedef struct log_directories {
  size_t count, foreign;
  char *first;             /* describes the first one that the library does not use */
  char name[NAME_MAX + 1]; /* its name */
  doctor_verdict verdict;
} log_directories;

/*
 * Parses .shareable-UID and .shareable-UID.SUFFIX. Any user may choose the suffix, and root may copy
 * the name to a shell: a name with other characters than the library's is not reported.
 */
static bool parse_name(const char *name, uid_t *user) {
  static const char prefix[] = ".shareable-", digits[] = "0123456789";
  const char *number = name + sizeof prefix - 1;
  size_t length = strncmp(name, prefix, sizeof prefix - 1) == 0 ? strspn(number, digits) : 0;
  const char *suffix = number + length;
  char *text;
  int64_t uid;
  bool is_valid;

  if (length == 0 || (suffix[0] != '\0' && suffix[0] != '.'))
    return false;
  for (; suffix[0] != '\0'; suffix++)
    if (suffix[0] != '.' && !isalnum((unsigned char)suffix[0]))
      return false;
  text = cli_format("%.*s", (int)length, number);
  is_valid = cli_parse_integer(text, &uid) && uid <= UINT32_MAX;
  free(text);
  *user = (uid_t)uid;
  return is_valid;
}

/* The inode of the first user namespace, which the kernel defines: PROC_USER_INIT_INO. */
#define FIRST_USER_NAMESPACE 0xEFFFFFFDu

/* Returns whether the owner is a user that has no id in this user namespace. */
static bool has_hidden_owner(int shm, const char *name, const struct stat *file) {
  struct stat user_namespace;

  return stat("/proc/self/ns/user", &user_namespace) == 0 && user_namespace.st_ino != FIRST_USER_NAMESPACE &&
         !shareable__owner_is_mapped(shm, name, file->st_uid);
}

/* Returns why the library does not use the directory, which the caller frees, or NULL. */
static char *describe(const char *name, const struct stat *file, uid_t user, doctor_verdict *verdict) {
  *verdict = DOCTOR_NOTE;
  if (file->st_uid != user)
    return cli_format("%s belongs to UID %u", name, (unsigned)file->st_uid);
  if (!S_ISDIR(file->st_mode))
    return cli_format("%s is not a directory", name);
  *verdict = DOCTOR_WRONG;
  return (file->st_mode & 0777) == 0700 ? NULL : cli_format("%s has mode %04o", name, (unsigned)file->st_mode & 07777);
}

static void look(log_directories *found, int shm, const char *name) {
  doctor_verdict verdict;
  struct stat file;
  uid_t user;
  char *reason;

  if (!parse_name(name, &user) || fstatat(shm, name, &file, AT_SYMLINK_NOFOLLOW) != 0 ||
      has_hidden_owner(shm, name, &file))
    return;
  found->count++;
  reason = describe(name, &file, user, &verdict);
  if (reason == NULL)
    return;
  found->foreign++;
  if (found->first != NULL && verdict <= found->verdict) {
    free(reason);
    return;
  }
  free(found->first);
  found->first = reason;
  found->verdict = verdict;
  snprintf(found->name, sizeof found->name, "%s", name);
}

static char *advise(const log_directories *found) {
  if (found->verdict == DOCTOR_WRONG)
    return cli_format("its owner must run chmod 700 " SHAREABLE__DIRECTORY
                      "/%s: until then, the blocks in its logs are "
                      "not removed",
                      found->name);
  return cli_format("the library uses another name instead. If this is not a container with user namespaces, whose "
                    "users have other UIDs, remove it: rm -r " SHAREABLE__DIRECTORY "/%s",
                    found->name);
}

/*
 * Any user may create a file with the name of another user's directory. In a user namespace, the
 * UID in the name is another one than here.
 */
void doctor_check_logs(doctor_report *report) {
  DIR *names = opendir(SHAREABLE__DIRECTORY);
  log_directories found = {0};
  const struct dirent *entry;
  char *advice;

  if (names == NULL)
    return;
  while ((entry = readdir(names)) != NULL)
    look(&found, dirfd(names), entry->d_name);
  closedir(names);
  if (found.foreign == 0) {
    doctor_add(report, "owners", DOCTOR_OK, "", "%zu directories of ownership logs, all private", found.count);
    return;
  }
  advice = advise(&found);
  if (found.foreign > 1)
    doctor_add(report, "owners", found.verdict, advice, "%s; %zu more are not used either", found.first,
               found.foreign - 1);
  else
    doctor_add(report, "owners", found.verdict, advice, "%s", found.first);
  free(advice);
  free(found.first);
}
