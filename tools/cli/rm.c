/*
 * rm.c - shareable rm: removes blocks by name.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blocks.h"
#include "escape.h"
#include "process.h"
#include "shm/segment.h"

/* The number of processes that a message names. */
enum { PROCESSES_MAX = 5 };

static const char *bare(const char *name) {
  return name[0] == '/' ? name + 1 : name;
}

/* Returns whether there is such a file. shareable_unlink() refuses a directory, whatever uses it. */
static bool is_file(const char *name) {
  char *path = cli_format(SHAREABLE__DIRECTORY "/%s", bare(name));
  struct stat file;
  bool result = shareable__name_normalize(name) != NULL && lstat(path, &file) == 0 && !S_ISDIR(file.st_mode);

  free(path);
  return result;
}

/* Reads the users of the files that exist. */
static void read_users(blocks *found, char *const *names, size_t count) {
  char **existing = cli_allocate(NULL, count, sizeof *existing);
  size_t existing_count = 0;

  *found = (blocks){0};
  for (size_t i = 0; i < count; i++)
    if (is_file(names[i]))
      existing[existing_count++] = names[i];
  if (existing_count > 0)
    blocks_read(found, existing, existing_count);
  free(existing);
}

static const block *find(const blocks *found, const char *name) {
  for (size_t i = 0; i < found->count; i++)
    if (strcmp(found->blocks[i].name, bare(name)) == 0)
      return &found->blocks[i];
  return NULL;
}

static void add_process(cli_text *text, int64_t pid) {
  char *command = process_command(pid);
  char *name = command == NULL ? cli_format("%" PRId64, pid) : cli_format("%" PRId64 " (%s)", pid, command);

  cli_text_add(text, text->length == 0 ? "" : ", ", text->length == 0 ? 0 : 2);
  cli_text_add(text, name, strlen(name));
  free(name);
  free(command);
}

/* The owner of a block may use it later, and counts as a user. */
static bool is_in_use(const block *known) {
  return known->state == BLOCK_USED || known->state == BLOCK_OPEN;
}

/* In a sticky directory, another user's file cannot be removed by force either. */
static bool may_be_removed(const block *known) {
  struct stat directory;

  return geteuid() == 0 || known->uid == geteuid() || stat(SHAREABLE__DIRECTORY, &directory) != 0 ||
         directory.st_uid == geteuid() || (directory.st_mode & S_ISVTX) == 0;
}

/* Returns whether only --force removes the file: shareable_unlink() reports the other errors. */
static bool needs_force(const block *known) {
  return known != NULL && (is_in_use(known) || known->state == BLOCK_UNKNOWN) && may_be_removed(known);
}

static const char *noun_of(const block *known) {
  return known->kind >= BLOCK_LOG ? block_kind_name(known->kind) : "block";
}

/* Prints which processes use a block. */
static void warn_in_use(const block *used) {
  const char *noun = noun_of(used);
  cli_text users = {0};

  for (size_t i = 0; i < used->user_count && i < PROCESSES_MAX; i++)
    add_process(&users, used->users[i].pid);
  if (used->user_count == 0 && used->owner > 0)
    add_process(&users, used->owner);
  if (users.length == 0)
    cli_warn("%s '%s' is in use by processes that %s: --force removes it", noun, used->name,
             process_proc_is_mounted() ? "this user cannot see" : "cannot be seen, because /proc is not mounted");
  else if (used->user_count > PROCESSES_MAX)
    cli_warn("%s '%s' is in use by %s and %zu other process%s: --force removes it", noun, used->name, users.bytes,
             used->user_count - PROCESSES_MAX, used->user_count == PROCESSES_MAX + 1 ? "" : "es");
  else
    cli_warn("%s '%s' is in use by %s: --force removes it", noun, used->name, users.bytes);
  free(users.bytes);
}

/* Prints why a file is not removed without --force. */
static void warn_needs_force(const block *known) {
  if (is_in_use(known))
    warn_in_use(known);
  else
    cli_warn("it is unknown whether %s '%s' is in use (%s): --force removes it", noun_of(known), known->name,
             known->reason);
}

/* A shell passes a pattern on if it is quoted, or if it matches no file in the current directory. */
static void warn_pattern(const char *name) {
  cli_warn(
    "there is no block called '%s', and rm takes no patterns: try shareable ls -z 'PATTERN' | xargs -0r shareable "
    "rm --",
    bare(name));
}

static void warn_name(const char *name) {
  char *error = blocks_name_error(name);

  cli_warn("%s", error);
  free(error);
}

/* Returns CLI_FAILED if the block cannot be removed. */
static int remove_block(const char *name, bool is_forced) {
  shareable_error error;
  shareable_status result = shareable_unlink(name, &error);

  if (result == SHAREABLE_OK || (is_forced && result == SHAREABLE_E_NOT_FOUND))
    return CLI_DONE;
  if (result == SHAREABLE_E_NOT_FOUND && name[strcspn(name, "*?[")] != '\0')
    warn_pattern(name);
  else if (result == SHAREABLE_E_NOT_FOUND)
    cli_warn_not_found(name);
  else if (result == SHAREABLE_E_NAME)
    warn_name(name);
  else
    cli_warn_message(error.message);
  return CLI_FAILED;
}

static int run_rm(int argc, char **argv) {
  static const struct option longs[] = {{"force", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
  bool is_forced = false;
  int status = CLI_DONE;
  blocks found = {0};

  while (cli_option(&cli_rm, argc, argv, ":fh", longs) >= 0)
    is_forced = true;
  if (optind == argc && !is_forced)
    cli_usage_error("NAME is missing");
  if (!is_forced)
    read_users(&found, argv + optind, (size_t)(argc - optind));
  for (int i = optind; i < argc; i++) {
    const block *known = find(&found, argv[i]);

    if (needs_force(known))
      warn_needs_force(known);
    if (needs_force(known) || remove_block(argv[i], is_forced) != CLI_DONE)
      status = CLI_FAILED;
  }
  blocks_free(&found);
  return status;
}

const cli_command cli_rm = {"rm", "NAME...", "Remove blocks that no process uses.",
                            "  -f, --force  also remove blocks that are, or may be, in use; ignore\n"
                            "               missing blocks\n"
                            "  -h, --help   print this help\n"
                            "\n"
                            "Processes that have a removed block open keep using it. To remove the blocks\n"
                            "whose names match a pattern: shareable ls -z 'psm_*' | xargs -0r shareable rm --\n",
                            run_rm};
