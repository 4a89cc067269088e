/*
 * manager.h - starts, calls and ends managers, and returns results by value as item.h does.
 */
#ifndef RAW_MANAGER_H
#define RAW_MANAGER_H

#include "shareable.h"

typedef struct raw_manager_result {
  uintptr_t manager;
  int64_t status;
} raw_manager_result;

static inline raw_manager_result raw_manager_start(const char *address, const void *authkey, size_t size, void *error) {
  shareable_manager *manager = NULL;
  shareable_status status = shareable_manager_start(&manager, address, authkey, size, error);
  raw_manager_result result = {(uintptr_t)manager, status};

  return result;
}

static inline raw_manager_result raw_manager_connect(const char *address, const void *authkey, size_t size,
                                                     void *error) {
  shareable_manager *manager = NULL;
  shareable_status status = shareable_manager_connect(&manager, address, authkey, size, error);
  raw_manager_result result = {(uintptr_t)manager, status};

  return result;
}

static inline const char *raw_manager_address(uintptr_t manager) {
  return shareable_manager_address((const shareable_manager *)manager);
}

static inline const void *raw_manager_authkey(uintptr_t manager, size_t *size) {
  return shareable_manager_authkey((const shareable_manager *)manager, size);
}

static inline int raw_manager_track(uintptr_t manager, const char *name, void *error) {
  return shareable_manager_track((shareable_manager *)manager, name, error);
}

static inline int raw_manager_shutdown(uintptr_t manager, void *error) {
  return shareable_manager_shutdown((shareable_manager *)manager, error);
}

static inline void raw_manager_unref(uintptr_t manager) {
  shareable_manager_unref((shareable_manager *)manager);
}

#endif
