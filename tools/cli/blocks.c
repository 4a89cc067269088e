/*
 * blocks.c - all that is known of the blocks that are here.
 */
#include "blocks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "list/list.h"
#include "nameless.h"
#include "shm/segment.h"

const char *block_kind_name(block_kind kind) {
  static const char *const names[] = {"raw", "list", "semaphore", NULL};

  return names[kind];
}

const char *block_state_name(block_state state) {
  static const char *const names[] = {"live", "unused", "orphaned", "deleted", "unknown"};

  return names[state];
}

/* A semaphore of sem_open(3) is a file there too. */
static block_kind kind_of(const char *name, block *to) {
  shareable_list *list;
  block_kind kind = BLOCK_RAW;

  if (strncmp(name, "sem.", 4) == 0 && to->size == 32)
    return BLOCK_SEMAPHORE;
  switch (shareable_list_open(&list, name, SHAREABLE_READ_ONLY, NULL)) {
  case SHAREABLE_OK:
    to->items = shareable_list_length(list);
    to->is_synced = list->sync.area != NULL;
    shareable_list_unref(list);
    /* Zeros are an empty list, but for their number. */
    kind = to->items == 0 && !to->is_synced && to->size != shareable__layout_size(0, 0) ? BLOCK_RAW : BLOCK_LIST;
    break;
  case SHAREABLE_E_PERMISSION:
    kind = BLOCK_UNREADABLE;
    break;
  default:
    break;
  }
  return kind;
}

static block_state state_of(const shareable__usage *usage) {
  if (usage->user_count > 0 || usage->is_locked || usage->use == SHAREABLE__IN_USE ||
      (usage->owner != NULL && (!usage->owner->is_dead || usage->owner->heir != 0)))
    return BLOCK_LIVE;
  if (!shareable__usage_is_none(usage) || usage->is_owner_unknown)
    return BLOCK_UNKNOWN;
  return usage->owner == NULL ? BLOCK_UNUSED : BLOCK_ORPHANED;
}

/* The owner has its journal mapped; an heir is told of there. */
static int64_t owner_of(const shareable__inventory *survey, const shareable__inventory_entry *claim) {
  const shareable__mapping *owner;
  size_t count;

  if (claim == NULL)
    return 0;
  if (claim->is_dead)
    return claim->heir == 0 ? -1 : claim->heir;
  owner = shareable__proc_maps_users(&survey->mapped, claim->journal, &count);
  for (size_t i = 0; i < count; i++) /* others have it open: a reaper */
    if (owner[i].is_mapped)
      return owner[i].pid;
  return -1;
}

/* Since it was made, where the file system tells (tmpfs does from Linux 6.6 on); else since its bytes were last written. */
static int64_t age_of(int directory, const char *name) {
  struct statx file;
  int64_t made;

  if (statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_MTIME, &file) != 0)
    return 0;
  made = (file.stx_mask & STATX_BTIME) != 0 ? file.stx_btime.tv_sec : file.stx_mtime.tv_sec;
  return time(NULL) - made;
}

static block *add(blocks *to) {
  if (to->count % 64 == 0)
    to->all = cli_allocate(to->all, to->count + 64, sizeof *to->all);
  to->all[to->count] = (block){0};
  return &to->all[to->count++];
}

/* False: there is no such block. */
static bool look_at(blocks *to, int directory, const char *name) {
  shareable__usage usage;
  struct stat file;
  block *found;
  int fd;

  if (fstatat(directory, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file.st_mode))
    return false;
  fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  usage = shareable__inventory_usage_of(&to->survey, name, &file, fd);
  if (fd >= 0)
    close(fd);
  found = add(to);
  found->name = cli_format("%s", name);
  found->inode = file.st_ino;
  found->size = (uint64_t)file.st_size;
  found->used = (uint64_t)file.st_blocks * 512;
  found->uid = file.st_uid;
  found->mode = file.st_mode & 07777;
  found->age = age_of(directory, name);
  found->users = usage.users;
  found->user_count = usage.user_count;
  found->has_other_users = (usage.is_locked || usage.use == SHAREABLE__IN_USE) && usage.user_count == 0;
  found->unasked = usage.unasked == NULL ? 0 : usage.unasked->pid;
  found->owner = usage.is_owner_unknown ? -1 : owner_of(&to->survey, usage.owner);
  found->is_owner_unknown = usage.is_owner_unknown;
  found->state = state_of(&usage);
  found->kind = kind_of(name, found); /* last: to look is to use it for a moment */
  return true;
}

/* As for gc, a name that begins with a dot is another program's file, unless an ownership log has it. */
static bool is_block(const blocks *to, const struct dirent *entry) {
  return entry->d_name[0] != '.' || shareable__inventory_entry_of(&to->survey, entry->d_name, entry->d_ino) != NULL;
}

static void look_at_all(blocks *to, int directory) {
  int copy = dup(directory);
  DIR *names = copy < 0 ? NULL : fdopendir(copy);
  const struct dirent *entry;
  size_t seen = 0, all = 0;

  if (names == NULL)
    cli_fail("cannot read directory " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  while (readdir(names) != NULL)
    all++;
  rewinddir(names);
  while ((entry = readdir(names)) != NULL) {
    cli_progress("blocks", seen++, all);
    if (is_block(to, entry))
      look_at(to, directory, entry->d_name);
  }
  cli_progress("blocks", all, all);
  closedir(names);
}

static const block *find(const blocks *in, const char *name) {
  for (size_t i = 0; i < in->count; i++)
    if (strcmp(in->all[i].name, name) == 0)
      return &in->all[i];
  return NULL;
}

/* The inodes of files that have a name, whatever /proc says: what began without one seems deleted there for ever. */
typedef struct inodes {
  uint64_t *all;
  size_t count;
} inodes;

static void add_inode(inodes *to, uint64_t inode) {
  if (to->count % 64 == 0)
    to->all = cli_allocate(to->all, to->count + 64, sizeof *to->all);
  to->all[to->count++] = inode;
}

/* A visit. */
static void add_journal(shareable__ownership_log *log, void *context) {
  add_inode(context, log->id.inode);
}

static int by_number(const void *one, const void *other) {
  uint64_t first = *(const uint64_t *)one, second = *(const uint64_t *)other;

  return first < second ? -1 : first > second;
}

/* Its name is what a process knows that has it mapped by name; its maker knows none. */
static void add_deleted_block(blocks *to, const shareable__mapping *users, size_t count) {
  const char *name = users->name;
  block *found = add(to);

  for (size_t i = 0; i < count; i++) {
    if (users[i].size > found->size)
      found->size = users[i].size;
    if (users[i].used > found->used)
      found->used = users[i].used;
    if (users[i].name != NULL && users[i].name[0] != '#')
      name = users[i].name;
  }
  found->name = cli_format("%s", name);
  found->kind = BLOCK_UNREADABLE;
  found->state = BLOCK_DELETED;
  found->users = users;
  found->user_count = count;
  if (found->used == 0)
    found->used = nameless_used(users, count);
  if (found->used == 0)
    found->used = found->size;
}

/* A file whose name begins with a dot may not be shown, but it has a name. */
static void add_names(inodes *to, int directory) {
  int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *names = copy < 0 ? NULL : fdopendir(copy);
  const struct dirent *entry;

  if (names == NULL)
    cli_fail("cannot read directory " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  while ((entry = readdir(names)) != NULL)
    add_inode(to, entry->d_ino);
  closedir(names);
}

static bool is_deleted(const shareable__mapping *users, size_t count, const inodes *named) {
  bool has_had_name = false;

  for (size_t i = 0; i < count; i++) {
    if (users[i].is_named)
      return false;
    has_had_name = has_had_name || users[i].name != NULL;
  }
  return has_had_name && bsearch(&users->inode, named->all, named->count, sizeof *named->all, by_number) == NULL;
}

/* Memory without a name is only seen where a process has it mapped or open. */
static void add_deleted(blocks *to, int directory) {
  const shareable__proc_maps *mapped = &to->survey.mapped;
  inodes named = {0};
  size_t count;

  add_names(&named, directory);
  shareable__inventory_foreach_log(add_journal, &named);
  qsort(named.all, named.count, sizeof *named.all, by_number);
  for (size_t i = 0; i < mapped->count; i += count) {
    const shareable__mapping *users = shareable__proc_maps_users(mapped, mapped->all[i].inode, &count);

    if (is_deleted(users, count, &named))
      add_deleted_block(to, users, count);
  }
  free(named.all);
}

static int by_name(const void *one, const void *other) {
  const block *first = one, *second = other;
  int gone = (first->state == BLOCK_DELETED) - (second->state == BLOCK_DELETED);

  return gone != 0 ? gone : strcmp(first->name, second->name);
}

bool blocks_read(blocks *to, char *const *names, size_t count) {
  int directory = open(SHAREABLE__DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool are_there = true;
  shareable_error error;

  *to = (blocks){0};
  if (directory < 0)
    cli_fail("cannot read directory " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  if (shareable__inventory_take(&to->survey, &error) != SHAREABLE_OK)
    cli_fail("%s", error.text);
  for (size_t i = 0; i < count; i++) {
    const char *name = names[i][0] == '/' ? names[i] + 1 : names[i];

    if (shareable__name_normalize(name) == NULL)
      cli_fail("'%s': %s", names[i], shareable_status_text(SHAREABLE_E_NAME));
    if (find(to, name) == NULL && !look_at(to, directory, name)) {
      cli_complain_not_found(name);
      are_there = false;
    }
  }
  if (count == 0) {
    look_at_all(to, directory);
    add_deleted(to, directory);
  }
  close(directory);
  if (to->count > 0)
    qsort(to->all, to->count, sizeof *to->all, by_name);
  return are_there;
}

void blocks_free(blocks *of) {
  for (size_t i = 0; i < of->count; i++)
    free(of->all[i].name);
  free(of->all);
  shareable__inventory_free(&of->survey);
}

typedef struct file {
  uint64_t inode, used;
} file;

static int by_inode(const void *one, const void *other) {
  const file *first = one, *second = other;

  return first->inode < second->inode ? -1 : first->inode > second->inode;
}

uint64_t blocks_used(const blocks *of) {
  file *files = cli_allocate(NULL, of->count, sizeof *files);
  uint64_t used = 0;

  for (size_t i = 0; i < of->count; i++)
    files[i] = (file){of->all[i].inode, of->all[i].used};
  if (of->count > 0)
    qsort(files, of->count, sizeof *files, by_inode);
  for (size_t i = 0; i < of->count; i++)
    if (i == 0 || files[i].inode != files[i - 1].inode)
      used += files[i].used;
  free(files);
  return used;
}
