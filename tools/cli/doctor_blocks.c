/*
 * doctor_blocks.c - the checks of what is in /dev/shm: garbage, deleted blocks and other files.
 */
#include <stdlib.h>
#include <unistd.h>

#include "blocks.h"
#include "doctor.h"
#include "shm/segment.h"
#include "table.h"

typedef struct total {
  size_t count;
  uint64_t used;
} total;

static total total_of(const blocks *all, block_state state) {
  total sum = {0};

  for (size_t i = 0; i < all->count; i++)
    if (all->blocks[i].state == state) {
      sum.used += all->blocks[i].used;
      sum.count++;
    }
  return sum;
}

static void check_garbage(doctor_report *report, const blocks *all) {
  const cli_view view = {0};
  total orphaned = total_of(all, BLOCK_ORPHANED);
  char *size = cli_size(orphaned.used, &view);

  doctor_add(report, "garbage", orphaned.count > 0 ? DOCTOR_WRONG : DOCTOR_OK, "'shareable gc --remove' removes them",
             "%zu blocks of dead owners, %s", orphaned.count, size);
  free(size);
}

/* Many programs unlink a block while they use it. It is to note only if it takes much memory. */
static void check_deleted(doctor_report *report, const blocks *all, uint64_t space) {
  const cli_view view = {0};
  total deleted = total_of(all, BLOCK_DELETED);
  char *size = cli_size(deleted.used, &view);

  doctor_add(report, "deleted", space > 0 && deleted.used > space / 4 ? DOCTOR_NOTE : DOCTOR_OK,
             "'shareable ls' shows the processes that use them: their memory is freed when those exit",
             "%zu blocks without a name in use, %s", deleted.count, size);
  free(size);
}

/* Reports the memory of hidden files and directories, and memory that this user cannot explain. */
static void check_other_files(doctor_report *report, const blocks *all) {
  const cli_view view = {0};
  const space_sums *space = &all->space;
  uint64_t known = blocks_used(all);
  char *others = cli_size(space->listed > known ? space->listed - known : 0, &view);
  char *rest = cli_size(space->not_visible, &view);

  if (space->not_visible == 0)
    doctor_add(report, "other files", DOCTOR_OK, "", "%s in hidden files and in directories", others);
  else
    doctor_add(report, "other files", space->not_visible > space->now.size / 4 ? DOCTOR_NOTE : DOCTOR_OK,
               "run this as root, on the host: deleted files of other processes are not visible otherwise",
               "%s in hidden files and in directories, %s not visible to this user", others, rest);
  free(others);
  free(rest);
}

/* If the directory cannot be read, its own check has reported that. */
void doctor_check_blocks(doctor_report *report) {
  block_place place;
  blocks all;

  if (access(SHAREABLE__DIRECTORY, R_OK | X_OK) != 0)
    return;
  place = place_open(NULL, 0);
  blocks_read_in(&all, &place, NULL, 0);
  blocks_add_up(&all);
  check_garbage(report, &all);
  check_deleted(report, &all, all.space.is_limited ? all.space.now.size : 0);
  if (all.space.is_limited)
    check_other_files(report, &all);
  blocks_free(&all);
  place_close(&place);
}
