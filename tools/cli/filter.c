/*
 * filter.c - chooses blocks by their state, user, kind and size.
 */
#include "filter.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "size.h"

/* Calls `add` with each name of a list. */
static void foreach_name(const char *list, void (*add)(block_filter *wanted, const char *name), block_filter *wanted) {
  char *names = cli_format("%s", list), *rest = names, *name;

  while ((name = strsep(&rest, ",")) != NULL)
    add(wanted, name);
  free(names);
}

static void add_state(block_filter *wanted, const char *name) {
  for (unsigned state = 0; state < BLOCK_STATES; state++)
    if (strcasecmp(block_state_name(state), name) == 0) {
      wanted->states |= 1U << state;
      return;
    }
  cli_usage_error("unknown state '%s': expected used, open, orphaned, unowned, deleted or unknown", name);
}

static void add_kind(block_filter *wanted, const char *name) {
  for (unsigned kind = 0; kind < BLOCK_KINDS; kind++)
    if (block_kind_name(kind) != NULL && strcasecmp(block_kind_name(kind), name) == 0) {
      wanted->kinds |= 1U << kind;
      return;
    }
  cli_usage_error("unknown kind '%s': expected list, dict, array, raw, semaphore, log, directory, fifo, socket, "
                  "link or device",
                  name);
}

/* As in chown(1), a name is tried before a number. */
static void add_user(block_filter *wanted, const char *name) {
  const struct passwd *user = getpwnam(name);
  int64_t number;

  if (user == NULL && (!cli_parse_integer(name, &number) || number < 0 || number > UINT32_MAX))
    cli_usage_error("unknown user '%s': expected the name or the number of a user", name);
  wanted->users = cli_allocate(wanted->users, wanted->user_count + 1, sizeof *wanted->users);
  wanted->users[wanted->user_count++] = user != NULL ? user->pw_uid : (uid_t)number;
}

void filter_states(block_filter *wanted, const char *list) {
  foreach_name(list, add_state, wanted);
}

void filter_kinds(block_filter *wanted, const char *list) {
  foreach_name(list, add_kind, wanted);
}

void filter_users(block_filter *wanted, const char *list) {
  foreach_name(list, add_user, wanted);
}

void filter_min_size(block_filter *wanted, const char *size) {
  wanted->min_size = size_parse(size);
}

bool filter_is_empty(const block_filter *wanted) {
  return wanted->states == 0 && wanted->kinds == 0 && wanted->user_count == 0 && wanted->min_size == 0;
}

static bool has_user(const block_filter *wanted, const block *info) {
  for (size_t i = 0; i < wanted->user_count; i++)
    if (!info->is_user_unknown && wanted->users[i] == info->uid)
      return true;
  return wanted->user_count == 0;
}

static bool passes(const block_filter *wanted, const block *info) {
  return (wanted->states == 0 || (wanted->states >> info->state & 1) != 0) &&
         (wanted->kinds == 0 || (wanted->kinds >> info->kind & 1) != 0) && has_user(wanted, info) &&
         info->size >= wanted->min_size;
}

void filter_apply(const block_filter *wanted, blocks *found) {
  size_t kept = 0;

  for (size_t i = 0; i < found->count; i++) {
    if (passes(wanted, &found->blocks[i]))
      found->blocks[kept++] = found->blocks[i];
    else
      block_free(&found->blocks[i]);
  }
  found->count = kept;
}

void filter_free(block_filter *wanted) {
  free(wanted->users);
}
