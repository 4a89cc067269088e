/*
 * blocks.c - reads the state of all blocks: kind, size, users and owner.
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
#include "shm/segment.h"
#include "unnamed.h"

const char *block_kind_name(block_kind kind) {
  static const char *const names[] = {"raw", "list", "semaphore", NULL};

  return names[kind];
}

const char *block_state_name(block_state state) {
  static const char *const names[] = {"live", "unused", "orphaned", "deleted", "unknown"};

  return names[state];
}

/* sem_open(3) creates its semaphores as files in the same directory. */
static block_kind kind_of(const char *name, block *info) {
  shareable_list *list;
  block_kind kind = BLOCK_RAW;

  if (strncmp(name, "sem.", 4) == 0 && info->size == 32)
    return BLOCK_SEMAPHORE;
  switch (shareable_list_open(&list, name, SHAREABLE_READ_ONLY, NULL)) {
  case SHAREABLE_OK:
    info->items = shareable_list_length(list);
    info->has_sync_area = shareable__sync_has_area(&list->sync);
    shareable_list_unref(list);
    /* A longer block of zeros would be read as an empty list. */
    kind =
      info->items == 0 && !info->has_sync_area && info->size != shareable__layout_size(0, 0) ? BLOCK_RAW : BLOCK_LIST;
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
      (usage->owner != NULL && (!usage->owner->is_dead || usage->owner->successor != 0)))
    return BLOCK_LIVE;
  if (!shareable__usage_is_none(usage) || usage->is_owner_unknown)
    return BLOCK_UNKNOWN;
  return usage->owner == NULL ? BLOCK_UNUSED : BLOCK_ORPHANED;
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
 * Returns the seconds since the block was created, or since it was last written if the file system
 * does not record the creation. tmpfs records it since Linux 6.6.
 */
static int64_t age_of(int directory, const char *name) {
  struct statx file;
  int64_t created;

  if (statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_MTIME, &file) != 0)
    return 0;
  created = (file.stx_mask & STATX_BTIME) != 0 ? file.stx_btime.tv_sec : file.stx_mtime.tv_sec;
  return time(NULL) - created;
}

static block *add(blocks *found) {
  if (found->count % 64 == 0)
    found->blocks = cli_allocate(found->blocks, found->count + 64, sizeof *found->blocks);
  found->blocks[found->count] = (block){0};
  return &found->blocks[found->count++];
}

/* Adds the block with that name. Returns false if there is none. */
static bool read_block(blocks *found, int directory, const char *name) {
  shareable__usage usage;
  struct stat file;
  block *info;
  int fd;

  if (fstatat(directory, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file.st_mode))
    return false;
  fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  usage = shareable__inventory_usage_of(&found->inventory, name, &file, fd);
  if (fd >= 0)
    close(fd);
  info = add(found);
  info->name = cli_format("%s", name);
  info->inode = file.st_ino;
  info->size = (uint64_t)file.st_size;
  info->used = (uint64_t)file.st_blocks * 512;
  info->uid = file.st_uid;
  info->mode = file.st_mode & 07777;
  info->age = age_of(directory, name);
  info->users = usage.users;
  info->user_count = usage.user_count;
  info->has_other_users = (usage.is_locked || usage.use == SHAREABLE__IN_USE) && usage.user_count == 0;
  info->unreadable_pid = usage.unreadable == NULL ? 0 : usage.unreadable->pid;
  info->owner = usage.is_owner_unknown ? -1 : owner_of(&found->inventory, usage.owner);
  info->is_owner_unknown = usage.is_owner_unknown;
  info->state = state_of(&usage);
  info->kind = kind_of(name, info); /* last: opening the list makes this process a user */
  return true;
}

/* As in gc, a file whose name begins with a dot is a block only if an ownership log lists it. */
static bool is_block(const blocks *found, const struct dirent *entry) {
  return entry->d_name[0] != '.' ||
         shareable__inventory_entry_of(&found->inventory, entry->d_name, entry->d_ino) != NULL;
}

static void read_all(blocks *found, int directory) {
  int copy = dup(directory);
  DIR *names = copy < 0 ? NULL : fdopendir(copy);
  const struct dirent *entry;
  size_t seen = 0, all = 0;

  if (names == NULL)
    cli_die("cannot read " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  while (readdir(names) != NULL)
    all++;
  rewinddir(names);
  while ((entry = readdir(names)) != NULL) {
    cli_progress("blocks", seen++, all);
    if (is_block(found, entry))
      read_block(found, directory, entry->d_name);
  }
  cli_progress("blocks", all, all);
  closedir(names);
}

static const block *find(const blocks *found, const char *name) {
  for (size_t i = 0; i < found->count; i++)
    if (strcmp(found->blocks[i].name, name) == 0)
      return &found->blocks[i];
  return NULL;
}

/*
 * The inodes of all files that have a name. /proc always reports a file that was created without a
 * name as deleted, even if it has a name now.
 */
typedef struct inodes {
  uint64_t *numbers;
  size_t count;
} inodes;

static void add_inode(inodes *set, uint64_t inode) {
  if (set->count % 64 == 0)
    set->numbers = cli_allocate(set->numbers, set->count + 64, sizeof *set->numbers);
  set->numbers[set->count++] = inode;
}

/* A callback of shareable__inventory_foreach_log(). */
static void add_log_inode(shareable__ownership_log *log, void *context) {
  add_inode(context, log->id.inode);
}

static int by_value(const void *a, const void *b) {
  uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

  return first < second ? -1 : first > second;
}

/*
 * The creator mapped the block before it had a name. The name comes from another process, if one
 * has it mapped.
 */
static void add_deleted_block(blocks *found, const shareable__mapping *users, size_t count) {
  const char *name = users->name;
  block *info = add(found);

  for (size_t i = 0; i < count; i++) {
    if (users[i].size > info->size)
      info->size = users[i].size;
    if (users[i].used > info->used)
      info->used = users[i].used;
    if (users[i].name != NULL && users[i].name[0] != '#')
      name = users[i].name;
  }
  info->name = cli_format("%s", name);
  info->kind = BLOCK_UNREADABLE;
  info->state = BLOCK_DELETED;
  info->users = users;
  info->user_count = count;
  if (info->used == 0)
    info->used = unnamed_used(users, count);
  if (info->used == 0)
    info->used = info->size;
}

/* Adds the files whose names begin with a dot too: they may not be listed, but they have names. */
static void add_names(inodes *set, int directory) {
  int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *names = copy < 0 ? NULL : fdopendir(copy);
  const struct dirent *entry;

  if (names == NULL)
    cli_die("cannot read " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  while ((entry = readdir(names)) != NULL)
    add_inode(set, entry->d_ino);
  closedir(names);
}

static bool is_deleted(const shareable__mapping *users, size_t count, const inodes *named) {
  bool has_had_name = false;

  for (size_t i = 0; i < count; i++) {
    if (users[i].is_named)
      return false;
    has_had_name = has_had_name || users[i].name != NULL;
  }
  return has_had_name && bsearch(&users->inode, named->numbers, named->count, sizeof *named->numbers, by_value) == NULL;
}

/* Memory without a name can be found only through the processes that have it mapped or open. */
static void add_deleted(blocks *found, int directory) {
  const shareable__proc_maps *mapped = &found->inventory.maps;
  inodes named = {0};
  size_t count;

  add_names(&named, directory);
  shareable__inventory_foreach_log(add_log_inode, &named);
  qsort(named.numbers, named.count, sizeof *named.numbers, by_value);
  for (size_t i = 0; i < mapped->count; i += count) {
    const shareable__mapping *users = shareable__proc_maps_users(mapped, mapped->mappings[i].inode, &count);

    if (is_deleted(users, count, &named))
      add_deleted_block(found, users, count);
  }
  free(named.numbers);
}

static int by_name(const void *a, const void *b) {
  const block *first = a, *second = b;
  int gone = (first->state == BLOCK_DELETED) - (second->state == BLOCK_DELETED);

  return gone != 0 ? gone : strcmp(first->name, second->name);
}

bool blocks_read(blocks *found, char *const *names, size_t count) {
  int directory = open(SHAREABLE__DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool all_found = true;
  shareable_error error;

  *found = (blocks){0};
  if (directory < 0)
    cli_die("cannot read " SHAREABLE__DIRECTORY ": %s", strerror(errno));
  if (shareable__inventory_take(&found->inventory, &error) != SHAREABLE_OK)
    cli_die("%s", error.message);
  for (size_t i = 0; i < count; i++) {
    const char *name = names[i][0] == '/' ? names[i] + 1 : names[i];

    if (shareable__name_normalize(name) == NULL)
      cli_die("'%s': %s", names[i], shareable_status_message(SHAREABLE_E_NAME));
    if (find(found, name) == NULL && !read_block(found, directory, name)) {
      cli_warn_not_found(name);
      all_found = false;
    }
  }
  if (count == 0) {
    read_all(found, directory);
    add_deleted(found, directory);
  }
  close(directory);
  if (found->count > 0)
    qsort(found->blocks, found->count, sizeof *found->blocks, by_name);
  return all_found;
}

void blocks_free(blocks *found) {
  for (size_t i = 0; i < found->count; i++)
    free(found->blocks[i].name);
  free(found->blocks);
  shareable__inventory_free(&found->inventory);
}

typedef struct file {
  uint64_t inode, used;
} file;

static int by_inode(const void *a, const void *b) {
  const file *first = a, *second = b;

  return first->inode < second->inode ? -1 : first->inode > second->inode;
}

uint64_t blocks_used(const blocks *found) {
  file *files = cli_allocate(NULL, found->count, sizeof *files);
  uint64_t used = 0;

  for (size_t i = 0; i < found->count; i++)
    files[i] = (file){found->blocks[i].inode, found->blocks[i].used};
  if (found->count > 0)
    qsort(files, found->count, sizeof *files, by_inode);
  for (size_t i = 0; i < found->count; i++)
    if (i == 0 || files[i].inode != files[i - 1].inode)
      used += files[i].used;
  free(files);
  return used;
}
