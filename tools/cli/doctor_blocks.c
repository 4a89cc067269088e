/*
 * doctor_blocks.c - the checks of what is in /dev/shm: garbage, deleted blocks and other files.
 */
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/statfs.h>

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

/*
 * Reports the memory that is neither in blocks nor in unnamed files: hidden files and directories.
 */
static void check_other_files(doctor_report *report, const blocks *all, uint64_t used) {
  const cli_view view = {0};
  uint64_t known = blocks_used(all);
  char *size = cli_size(used > known ? used - known : 0, &view);

  doctor_add(report, "other files", DOCTOR_OK, "", "%s in hidden files and in directories", size);
  free(size);
}

void doctor_check_blocks(doctor_report *report) {
  struct statfs file_system = {0};
  blocks all;

  blocks_read(&all, NULL, 0);
  check_garbage(report, &all);
  if (statfs(SHAREABLE__DIRECTORY, &file_system) != 0 || file_system.f_type != TMPFS_MAGIC)
    file_system.f_blocks = file_system.f_bfree = 0;
  check_deleted(report, &all, (uint64_t)file_system.f_blocks * (uint64_t)file_system.f_bsize);
  if (file_system.f_blocks > 0)
    check_other_files(report, &all,
                      (uint64_t)(file_system.f_blocks - file_system.f_bfree) * (uint64_t)file_system.f_bsize);
  blocks_free(&all);
}
