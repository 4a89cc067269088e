/*
 * block.c - what is known of one file in /dev/shm: kind, size, users, owner and state.
 */
#include "block.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capability.h"
#include "cli.h"
#include "process.h"

const char *block_state_name(block_state state) {
  static const char *const names[BLOCK_STATES] = {"used", "open", "orphaned", "unowned", "deleted", "unknown"};

  return names[state];
}

bool block_has_unseen_users(const block *info) {
  return info->user_count == 0 && (info->has_other_users || info->state == BLOCK_UNKNOWN);
}

void block_free(block *info) {
  free(info->name);
  free(info->reason);
  free(info->own_users);
  shareable_array_unref(info->array);
}

static bool has_mapped(const block *info) {
  for (size_t i = 0; i < info->user_count; i++)
    if (info->users[i].is_mapped)
      return true;
  return false;
}

static bool is_owned(const shareable__inventory_entry *owner) {
  return owner != NULL && (!owner->is_dead || owner->successor != 0);
}

static block_state state_of(const block *info, const shareable__usage *usage) {
  if (has_mapped(info) || usage->is_locked || is_owned(usage->owner))
    return BLOCK_USED;
  if (info->user_count > 0)
    return BLOCK_OPEN;
  if (usage->use == SHAREABLE__IN_USE)
    return BLOCK_USED;
  if (!shareable__usage_is_none(usage) || usage->is_owner_unknown)
    return BLOCK_UNKNOWN;
  return usage->owner == NULL ? BLOCK_UNOWNED : BLOCK_ORPHANED;
}

static char *reason_of_process(int64_t pid) {
  char *command = process_command(pid),
       *reason = cli_format("process %" PRId64 " (%s) cannot be inspected, and may use it: %s", pid,
                            command == NULL ? "?" : command, capability_advice());

  free(command);
  return reason;
}

static char *reason_of_proc(void) {
  return process_proc_is_mounted() ? cli_format("/proc does not show all processes: %s", capability_advice())
                                   : cli_format("/proc is not mounted: no process can be seen");
}

/* Returns why the state is unknown. `errnum` is that of opening the file. */
static char *reason_of(const block *info, const shareable__usage *usage, int errnum) {
  if (usage->is_owner_unknown)
    return cli_format("only root%s%s can see its owner and all its users", info->uid == 0 ? "" : " and ",
                      info->uid == 0 ? "" : process_user_name(info->uid));
  if (usage->unreadable != NULL)
    return reason_of_process(usage->unreadable->pid);
  if (errnum != 0)
    return cli_format("cannot be opened: %s", strerror(errnum));
  return reason_of_proc();
}

/*
 * A living owner has its ownership log mapped. If it is dead, the log names the successor, if any.
 */
static int64_t owner_of(const shareable__inventory *inventory, const shareable__inventory_entry *entry) {
  const shareable__mapping *owner;
  size_t count;

  if (entry == NULL)
    return 0;
  if (entry->is_dead)
    return entry->successor == 0 ? -1 : entry->successor;
  owner = shareable__proc_maps_users(&inventory->maps, entry->log_inode, &count);
  for (size_t i = 0; i < count; i++) /* a reaper has it open, not mapped */
    if (owner[i].is_mapped)
      return owner[i].pid;
  return -1;
}

/*
 * Returns the seconds since the file was created, or since it was last written if the file system
 * does not record the creation. tmpfs records it since Linux 6.6.
 */
static int64_t age_of(const struct statx *file) {
  int64_t created = (file->stx_mask & STATX_BTIME) != 0 ? file->stx_btime.tv_sec : file->stx_mtime.tv_sec;

  return time(NULL) - created;
}

void block_set_file(block *info, const char *name, const struct statx *file) {
  info->name = cli_format("%s", name);
  info->inode = file->stx_ino;
  info->size = file->stx_size;
  info->used = file->stx_blocks * 512;
  info->uid = file->stx_uid;
  info->mode = file->stx_mode & 07777;
  info->age = age_of(file);
}

void block_set_usage(block *info, const shareable__inventory *inventory, const shareable__usage *usage, int errnum) {
  free(info->reason);
  info->reason = NULL;
  info->users = usage->users;
  info->user_count = usage->user_count;
  info->has_other_users = (usage->is_locked || usage->use == SHAREABLE__IN_USE) && usage->user_count == 0;
  info->is_refused = usage->use == SHAREABLE__IN_USE || errnum == EWOULDBLOCK;
  info->unreadable_pid = usage->unreadable == NULL ? 0 : usage->unreadable->pid;
  info->owner = usage->is_owner_unknown ? -1 : owner_of(inventory, usage->owner);
  info->is_owner_dead = usage->owner != NULL && !is_owned(usage->owner);
  info->is_owner_unknown = usage->is_owner_unknown;
  info->state = state_of(info, usage);
  if (info->state == BLOCK_UNKNOWN)
    info->reason = reason_of(info, usage, errnum);
  else if (info->has_other_users)
    info->reason = process_proc_is_mounted()
                     ? cli_format("the process that uses it is not visible to UID %u", (unsigned)geteuid())
                     : cli_format("/proc is not mounted: the process that uses it is not visible");
}

static int by_pid(const void *a, const void *b) {
  const shareable__mapping *first = a, *second = b;

  if (first->pid != second->pid)
    return first->pid < second->pid ? -1 : 1;
  return second->is_mapped - first->is_mapped;
}

void block_set_users_in(block *info, const shareable__inventory *inventory, const file_set *inside) {
  shareable__mapping *users = NULL;
  size_t all = 0, kept = 0, count;

  for (size_t i = 0; i < inside->count; i++) {
    const shareable__mapping *next = shareable__proc_maps_users(&inventory->maps, inside->entries[i].inode, &count);

    if (count == 0)
      continue;
    users = cli_allocate(users, all + count, sizeof *users);
    memcpy(users + all, next, count * sizeof *users);
    all += count;
  }
  if (all > 0)
    qsort(users, all, sizeof *users, by_pid);
  for (size_t i = 0; i < all; i++)
    if (kept == 0 || users[i].pid != users[kept - 1].pid)
      users[kept++] = users[i];
  info->users = info->own_users = users;
  info->user_count = kept;
}

/* Returns false for what no process can have open: a link, and a directory without content. */
static bool can_be_used(const block *info) {
  return info->kind != BLOCK_LINK && (info->size > 0 || (info->kind != BLOCK_DIRECTORY && info->kind != BLOCK_LOG));
}

/* Returns why the state of another file is unknown, or NULL if it is known. */
static char *reason_of_other(const block *info, const shareable__inventory *inventory, const struct stat *file) {
  const shareable__mapping *unreadable = shareable__proc_maps_unreadable(&inventory->maps, file);

  if (info->user_count > 0 || info->kind == BLOCK_LINK)
    return NULL;
  if (info->kind == BLOCK_SOCKET)
    return cli_format("the users of a socket cannot be found");
  if (!inventory->maps.is_complete)
    return reason_of_proc();
  return unreadable != NULL && can_be_used(info) ? reason_of_process(unreadable->pid) : NULL;
}

static char *reason_of_incomplete(void) {
  return cli_format(geteuid() == 0 ? "parts of it cannot be read, or are more than 100 levels deep"
                                   : "this user cannot read all that is in it: run this as root");
}

void block_set_other_state(block *info, const shareable__inventory *inventory, const struct stat *file,
                           bool is_complete) {
  info->reason = is_complete ? reason_of_other(info, inventory, file) : reason_of_incomplete();
  if (info->user_count > 0)
    info->state = has_mapped(info) ? BLOCK_USED : BLOCK_OPEN;
  else
    info->state = info->reason == NULL ? BLOCK_UNOWNED : BLOCK_UNKNOWN;
}

void block_set_unnamed(block *info, const unnamed_file *file) {
  info->name = cli_format("%s", file->name);
  info->inode = file->inode;
  info->kind = BLOCK_UNREADABLE;
  info->state = BLOCK_DELETED;
  info->is_block = true;
  info->size = file->size;
  info->used = file->used;
  info->is_used_unknown = info->is_user_unknown = file->is_estimated;
  info->uid = file->uid;
  info->age = -1;
  info->users = file->users;
  info->user_count = file->user_count;
  if (file->is_estimated)
    info->reason = cli_format("only root can see how much memory it uses");
}
