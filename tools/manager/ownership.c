/*
 * ownership.c - the block that a tracked name refers to, and its entry in the ownership log of this
 * process.
 */
#include "ownership.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"
#include "shm/segment.h"
#include "shm/unlink.h"

static bool stat_block(const char *name, struct stat *file) {
  char path[sizeof SHAREABLE__DIRECTORY + 1 + SHAREABLE__NAME_MAX];

  snprintf(path, sizeof path, "%s/%s", SHAREABLE__DIRECTORY, name);
  return lstat(path, file) == 0;
}

static bool is_removable(const struct stat *file) {
  return S_ISREG(file->st_mode) && (file->st_uid == geteuid() || geteuid() == 0);
}

static bool is_block(const ownership *record, const struct stat *file) {
  return file->st_dev == record->block.device && file->st_ino == record->block.inode;
}

void ownership_identify(ownership *record, const char *name) {
  struct stat file;

  *record = (ownership){0};
  record->has_block = stat_block(name, &file) && is_removable(&file);
  if (record->has_block)
    record->block = (shareable__file_id){file.st_dev, file.st_ino};
}

bool ownership_is_current(const ownership *record, const char *name) {
  struct stat file;

  return !record->has_block || (stat_block(name, &file) && is_block(record, &file));
}

bool ownership_stat(const ownership *record, const char *name, struct stat *file) {
  return stat_block(name, file) && is_removable(file) && (!record->has_block || is_block(record, file));
}

/*
 * Removes the entry if another block has taken the name since ownership_identify(): the manager
 * does not own it.
 */
static void check_record(ownership *record) {
  const shareable__ownership_entry *made = record->owned.entry;
  shareable__file_id recorded = {(dev_t)made->device, (ino_t)made->inode};

  if (record->has_block && (recorded.device != record->block.device || recorded.inode != record->block.inode)) {
    ownership_release(record);
    return;
  }
  record->block = recorded;
  record->has_block = true;
}

void ownership_record(ownership *record, const char *name) {
  shareable_error error;
  shareable_status status;

  if (!ownership_is_current(record, name))
    return;
  status = shareable__owner_adopt(&record->owned, name, &error);
  if (status == SHAREABLE_OK)
    check_record(record);
  else if (status != SHAREABLE_E_NOT_FOUND)
    log_event(LOG_LIMIT, "a block is not recorded as owned: %s", error.message);
}

shareable_status ownership_unlink(const ownership *record, const char *name, shareable_error *error) {
  return record->has_block ? shareable__unlink_block(&record->block, name, error) : shareable_unlink(name, error);
}

void ownership_release(ownership *record) {
  shareable__owner_release(&record->owned);
  record->owned = (shareable__ownership){0};
}
