/*
 * watch.h - calls the functions for watches, and returns their results by value as item.h does.
 */
#ifndef RAW_WATCH_H
#define RAW_WATCH_H

#include <fcntl.h>

#include "shareable.h"

typedef struct raw_watch {
  uintptr_t watch;
  int fd; /* a duplicate, which the caller must close; -1 on failure */
} raw_watch;

typedef struct raw_id {
  uint64_t id;
  int64_t status;
} raw_id;

typedef struct raw_changed {
  size_t count;
  int64_t status;
} raw_changed;

static inline raw_watch raw_watch_create(void) {
  raw_watch result = {0, -1};
  shareable_watch *watch = NULL;

  if (shareable_watch_create(&watch, NULL) != SHAREABLE_OK)
    return result;
  result.watch = (uintptr_t)watch;
  result.fd = fcntl(shareable_watch_fd(watch), F_DUPFD_CLOEXEC, 3);
  if (result.fd < 0)
    shareable_watch_free(watch);
  return result;
}

static inline raw_id raw_watch_add_item(uintptr_t watch, uintptr_t list, int64_t index) {
  raw_id result = {0, 0};
  result.status =
    shareable_watch_add_item((shareable_watch *)watch, (shareable_list *)list, index, SHAREABLE_WATCH_ONCE, &result.id);
  return result;
}

static inline raw_id raw_watch_add_list(uintptr_t watch, uintptr_t list, uint64_t hash) {
  raw_id result = {0, 0};
  result.status =
    shareable_watch_add_list((shareable_watch *)watch, (shareable_list *)list, hash, SHAREABLE_WATCH_ONCE, &result.id);
  return result;
}

static inline raw_id raw_watch_add_lock(uintptr_t watch, uintptr_t list) {
  raw_id result = {0, 0};
  result.status = shareable_watch_add_lock((shareable_watch *)watch, (shareable_list *)list, &result.id);
  return result;
}

static inline int raw_watch_arm(uintptr_t watch, uint64_t id, uint64_t hash) {
  return shareable_watch_arm((shareable_watch *)watch, id, hash);
}

static inline void raw_watch_remove(uintptr_t watch, uint64_t id) {
  shareable_watch_remove((shareable_watch *)watch, id);
}

static inline void raw_watch_free(uintptr_t watch) {
  shareable_watch_free((shareable_watch *)watch);
}

static inline raw_changed raw_watch_changed(uintptr_t watch, uint64_t *ids, size_t size) {
  raw_changed result = {0, 0};
  result.status = shareable_watch_changed((shareable_watch *)watch, ids, size, &result.count);
  return result;
}

#endif
