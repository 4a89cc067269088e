/*
 * process.c - a process as tables show it: its command and its user.
 */
#include "process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "cli.h"

bool process_proc_is_mounted(void) {
  struct statfs file_system;

  return statfs("/proc", &file_system) == 0 && file_system.f_type == PROC_SUPER_MAGIC;
}

/* Returns the length of the text that was read, without the newline that the kernel adds. */
static size_t command_length(const char *text, ssize_t length) {
  if (length <= 0)
    return 0;
  return (size_t)length - (text[length - 1] == '\n');
}

char *process_command(int64_t pid) {
  char path[40], text[65]; /* at most 64 bytes, of a kernel thread */
  ssize_t length;
  int fd;

  snprintf(path, sizeof path, "/proc/%" PRId64 "/comm", pid);
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  length = read(fd, text, sizeof text);
  close(fd);
  return length < 0 ? NULL : cli_format("%.*s", (int)command_length(text, length), text);
}

typedef struct command {
  int64_t pid;
  char *name;
} command;

static command *commands;
static size_t command_count;

const char *process_command_once(int64_t pid) {
  for (size_t i = 0; i < command_count; i++)
    if (commands[i].pid == pid)
      return commands[i].name;
  if (command_count % 16 == 0)
    commands = cli_allocate(commands, command_count + 16, sizeof *commands);
  commands[command_count] = (command){pid, process_command(pid)};
  return commands[command_count++].name;
}

void process_forget_commands(void) {
  for (size_t i = 0; i < command_count; i++)
    free(commands[i].name);
  command_count = 0;
}

typedef struct user {
  uid_t uid;
  char *name;
} user;

static user *users;
static size_t user_count;

static const char *add_user(uid_t uid) {
  const struct passwd *found = getpwuid(uid);

  if (user_count % 16 == 0)
    users = cli_allocate(users, user_count + 16, sizeof *users);
  users[user_count] =
    (user){.uid = uid, .name = found != NULL ? cli_format("%s", found->pw_name) : cli_format("%u", (unsigned)uid)};
  return users[user_count++].name;
}

/* A lookup may ask a server, which takes long. */
const char *process_user_name(uid_t uid) {
  for (size_t i = 0; i < user_count; i++)
    if (users[i].uid == uid)
      return users[i].name;
  return add_user(uid);
}
