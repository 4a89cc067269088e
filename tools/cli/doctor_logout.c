/*
 * doctor_logout.c - the check of what logind removes from /dev/shm when a user logs out.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "doctor.h"
#include "logind.h"
#include "shm/segment.h"

enum { NAMES_MAX = 3 };

/* The users whose blocks logind removes. */
typedef struct login_users {
  uid_t *users;
  size_t count;
} login_users;

static bool has(const login_users *found, uid_t user) {
  for (size_t i = 0; i < found->count; i++)
    if (found->users[i] == user)
      return true;
  return false;
}

/* Adds the user of a file, unless it belongs to the user of the file before it. */
static void look(login_users *found, int shm, const char *name, uid_t *last) {
  struct stat file;

  if (fstatat(shm, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || file.st_uid == *last)
    return;
  *last = file.st_uid;
  if (has(found, file.st_uid) || logind_spares(file.st_uid))
    return;
  found->users = cli_allocate(found->users, found->count + 1, sizeof *found->users);
  found->users[found->count++] = file.st_uid;
}

static login_users find_login_users(void) {
  DIR *names = opendir(SHAREABLE__DIRECTORY);
  const struct dirent *entry;
  login_users found = {0};
  uid_t last = 0;

  while (names != NULL && (entry = readdir(names)) != NULL)
    look(&found, dirfd(names), entry->d_name, &last);
  if (names != NULL)
    closedir(names);
  return found;
}

static char *name_users(const login_users *found) {
  char *text = cli_format("%s", "");

  for (size_t i = 0; i < found->count && i < NAMES_MAX; i++) {
    const struct passwd *user = getpwuid(found->users[i]);
    char *longer = cli_format("%s%s%s", text, i == 0 ? "" : ", ", user == NULL ? "?" : user->pw_name);

    free(text);
    text = longer;
  }
  return text;
}

/* Root asks for the users who have blocks. */
static void check_login_users(doctor_report *report) {
  login_users found = find_login_users();
  char *names = name_users(&found);

  if (found.count == 0)
    doctor_add(report, "logout", DOCTOR_OK, "", "no block belongs to a user whose logout removes it");
  else
    doctor_add(
      report, "logout", DOCTOR_NOTE,
      "set RemoveIPC=no in logind.conf, run loginctl enable-linger USER, or use a system user for permanent blocks",
      "removes the blocks of %s%s when the last session of that user ends", names,
      found.count > NAMES_MAX ? " and others" : "");
  free(names);
  free(found.users);
}

void doctor_check_logout(doctor_report *report) {
  if (!logind_is_running())
    doctor_add(report, "logout", DOCTOR_OK, "", "systemd-logind is not running");
  else if (!logind_removes_ipc())
    doctor_add(report, "logout", DOCTOR_OK, "", "RemoveIPC=no");
  else if (getuid() == 0)
    check_login_users(report);
  else if (logind_spares(getuid()))
    doctor_add(report, "logout", DOCTOR_OK, "", "does not remove this user's blocks");
  else
    doctor_add(report, "logout", DOCTOR_NOTE,
               "set RemoveIPC=no in logind.conf, run loginctl enable-linger, or use a system user for permanent blocks",
               "removes this user's blocks when the last session ends");
}
