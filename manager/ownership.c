/*
 * ownership.c - the record of a tracked block in this process's ownership log, for ls, gc and the reaper.
 */
#include "ownership.h"

#include "log.h"

void ownership_record(ownership *record, const char *name) {
  shareable_error error;
  shareable_status status;

  *record = (ownership){0};
  status = shareable__owner_adopt(&record->owned, name, &error);
  if (status != SHAREABLE_OK && status != SHAREABLE_E_NOT_FOUND)
    log_event(LOG_LIMIT, "a block is not recorded as owned: %s", error.text);
}

void ownership_forget(ownership *record) {
  shareable__owner_forget(&record->owned);
}
