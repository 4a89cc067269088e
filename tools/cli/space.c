/*
 * space.c - the space of a file system: what is used, as df(1) shows it, and which files use it.
 */
#include "space.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "gc/proc_maps.h"
#include "tree.h"
#include "unnamed.h"

/* The number of times that the files are read again. */
enum { TRIES = 5 };

/* The pause before that, in which the kernel frees files. */
#define PAUSE_NS INT64_C(20000000)

static bool read_moment(space_moment *moment, int directory) {
  struct statvfs file_system;
  struct stat status;

  if (fstatvfs(directory, &file_system) != 0 || fstat(directory, &status) != 0 || file_system.f_blocks == 0)
    return false;
  moment->size = (uint64_t)file_system.f_blocks * file_system.f_frsize;
  moment->used = (uint64_t)(file_system.f_blocks - file_system.f_bfree) * file_system.f_frsize;
  moment->available = (uint64_t)file_system.f_bavail * file_system.f_frsize;
  moment->changed = status.st_mtim;
  return true;
}

static bool is_equal(const space_moment *a, const space_moment *b) {
  return a->used == b->used && a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Returns false for a directory in a file system: files elsewhere use memory too. */
static bool is_mount_root(int directory) {
  struct statx status;

  if (statx(directory, "", AT_EMPTY_PATH, STATX_TYPE, &status) != 0)
    return false;
  return (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0 ||
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

void space_begin(space_sums *sums, int directory) {
  *sums = (space_sums){0};
  sums->is_limited = is_mount_root(directory) && read_moment(&sums->now, directory);
}

/* Adds the files that have no name, but are in use. `set` contains those with a name. */
static void add_unnamed(file_set *set, int directory) {
  struct stat status;
  shareable__proc_maps maps;

  if (fstat(directory, &status) != 0)
    return;
  maps = shareable__proc_maps_read_all(status.st_dev);
  files_sort(set);
  unnamed_add(set, &maps, status.st_dev);
  shareable__proc_maps_free(&maps);
}

static file_set read_named(int directory) {
  file_set named = {0};

  tree_read(&named, directory, ".");
  files_sort(&named);
  return named;
}

/*
 * Counts the files. A file that loses its name after it was missed is found by its users, because
 * the processes are read later than the names. Returns whether the names did not change.
 */
static bool count_again(int directory, uint64_t *used) {
  file_set files = read_named(directory), after;
  uint64_t named = files_used(&files);
  size_t count = files.count;
  bool is_same;

  add_unnamed(&files, directory);
  after = read_named(directory);
  is_same = files_used(&after) == named && after.count == count;
  files_add_all(&files, &after);
  files_sort(&files);
  *used = files_used(&files);
  files_free(&files);
  files_free(&after);
  return is_same;
}

/* Returns the memory that no file explains. */
static uint64_t unexplained(const space_sums *sums) {
  return sums->now.used > sums->listed ? sums->now.used - sums->listed : 0;
}

/* Not a difference that was found. */
#define NONE UINT64_MAX

/* Counts the files again. Sets *difference to what no file explains, or NONE if something changed. */
static bool count_once(space_sums *sums, int directory, uint64_t *difference) {
  space_moment before;
  bool is_same;

  if (!read_moment(&before, directory))
    return false;
  is_same = count_again(directory, &sums->listed);
  if (!read_moment(&sums->now, directory))
    return false;
  *difference = is_same && is_equal(&before, &sums->now) ? unexplained(sums) : NONE;
  return true;
}

/*
 * Counts the files again until nothing changes meanwhile, and the same difference was found `needed`
 * times: the kernel may be freeing a file that has neither a name nor a user, and on a busy machine
 * that takes long. `last` is the difference that was found before, or NONE.
 */
static void settle(space_sums *sums, int directory, uint64_t last, int needed) {
  int found = last == NONE ? 0 : 1;

  for (int i = 0; i < TRIES && !sums->is_settled; i++) {
    uint64_t difference;

    shareable__sleep(PAUSE_NS);
    if (!count_once(sums, directory, &difference))
      break;
    found = difference == NONE ? 0 : difference == last ? found + 1 : 1;
    last = difference;
    sums->is_settled = difference == 0 || found == needed;
    sums->not_visible = sums->is_settled ? difference : 0;
  }
}

void space_end_at_once(space_sums *sums, int directory, const file_set *found) {
  space_moment before = sums->now;

  sums->listed = files_used(found);
  if (!sums->is_limited || !read_moment(&sums->now, directory))
    return;
  sums->is_settled = is_equal(&before, &sums->now);
  sums->not_visible = sums->is_settled ? unexplained(sums) : 0;
}

void space_end(space_sums *sums, int directory, const file_set *found) {
  space_moment before = sums->now;

  sums->listed = files_used(found);
  if (!sums->is_limited || !read_moment(&sums->now, directory))
    return;
  sums->is_settled = is_equal(&before, &sums->now) && unexplained(sums) == 0;
  if (is_equal(&before, &sums->now))
    settle(sums, directory, unexplained(sums), 2);
  else
    settle(sums, directory, NONE, 3);
  if (sums->listed > sums->now.used)
    sums->listed = sums->now.used;
}
