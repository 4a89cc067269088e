/*
 * block_registry.c - the names of the blocks that the manager owns.
 */
#include "block_registry.h"

#include <stdlib.h>
#include <sys/stat.h>

static uint32_t hash_name(const char *name) {
  uint32_t hash = 2166136261u;

  while (*name != '\0')
    hash = (hash ^ (unsigned char)*name++) * 16777619u;
  return hash;
}

static bool grow(block_registry *registry) {
  size_t capacity = registry->capacity == 0 ? 64 : 2 * registry->capacity;
  tracked_name *names;

  if (registry->count < registry->capacity)
    return true;
  names = reallocarray(registry->names, capacity, sizeof *names);
  if (names == NULL)
    return false;
  registry->names = names;
  registry->capacity = capacity;
  return true;
}

bool block_registry_add(block_registry *registry, const char *name) {
  char *copy;

  if (registry->count >= BLOCK_REGISTRY_MAX || !grow(registry))
    return false;
  copy = strdup(name);
  if (copy == NULL)
    return false;
  registry->names[registry->count].name = copy;
  ownership_identify(&registry->names[registry->count].record, name);
  registry->names[registry->count++].hash = hash_name(name);
  registry->unrecorded++;
  if (registry->tracker.fd < 0)
    block_registry_record(registry);
  return true;
}

void block_registry_record(block_registry *registry) {
  for (size_t i = registry->count - registry->unrecorded; i < registry->count; i++)
    ownership_record(&registry->names[i].record, registry->names[i].name);
  registry->unrecorded = 0;
}

/*
 * Returns the index of the first entry with the name, from index `i` on, or the count if there is
 * none.
 */
static size_t find(const block_registry *registry, const char *name, size_t i) {
  uint32_t hash = hash_name(name);

  while (i < registry->count && (registry->names[i].hash != hash || strcmp(registry->names[i].name, name) != 0))
    i++;
  return i;
}

/*
 * A block that is not found may have another name for a moment, because a process is unlinking it.
 * Its record stays, so that the reaper removes the block after this process ends.
 */
static void release_record(ownership *record, shareable_status unlink_status) {
  if (unlink_status != SHAREABLE_E_NOT_FOUND)
    ownership_release(record);
}

/*
 * A name may have been added several times, for different blocks. Returns the index of the entry
 * whose block has the name now, or of the first entry with the name if there is no such block; the
 * count if there is no entry.
 */
static size_t find_current(const block_registry *registry, const char *name) {
  size_t first = find(registry, name, 0), i = first;

  while (i < registry->count && !ownership_is_current(&registry->names[i].record, name))
    i = find(registry, name, i + 1);
  return i < registry->count ? i : first;
}

shareable_status block_registry_release(block_registry *registry, const char *name, shareable_error *error) {
  size_t i = find_current(registry, name);
  shareable_status status;

  if (i == registry->count)
    return SHAREABLE_E_ABSENT;
  status = ownership_unlink(&registry->names[i].record, name, error);
  tracker_forget(&registry->tracker, name);
  release_record(&registry->names[i].record, status);
  free(registry->names[i].name);
  registry->unrecorded -= i >= registry->count - registry->unrecorded;
  registry->count--;
  memmove(&registry->names[i], &registry->names[i + 1], (registry->count - i) * sizeof *registry->names);
  return status;
}

/* The queue of the tracker has room for 1,000 messages. */
static void notify_tracker(block_registry *registry) {
  for (size_t i = 0; i < registry->count; i++) {
    tracker_forget(&registry->tracker, registry->names[i].name);
    if (i % 1000 == 999)
      tracker_drain(&registry->tracker);
  }
  tracker_drain(&registry->tracker);
}

size_t block_registry_clear(block_registry *registry) {
  size_t removed = 0;

  for (size_t i = 0; i < registry->count; i++) {
    tracked_name *name = &registry->names[i];
    shareable_status status = ownership_unlink(&name->record, name->name, NULL);

    release_record(&name->record, status);
    removed += status == SHAREABLE_OK;
  }
  notify_tracker(registry);
  for (size_t i = 0; i < registry->count; i++)
    free(registry->names[i].name);
  free(registry->names);
  registry->names = NULL;
  registry->count = registry->capacity = registry->unrecorded = 0;
  tracker_close(&registry->tracker);
  return removed;
}

static int by_inode(const void *a, const void *b) {
  ino_t first = ((const struct stat *)a)->st_ino, second = ((const struct stat *)b)->st_ino;

  return first < second ? -1 : first > second;
}

/* All blocks are files of one file system, so the inode is enough. */
static block_registry_size add_sizes(struct stat *files, size_t count) {
  block_registry_size size = {0};

  qsort(files, count, sizeof *files, by_inode);
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && files[i].st_ino == files[i - 1].st_ino)
      continue;
    size.blocks++;
    size.bytes += (uint64_t)files[i].st_size;
    size.used += (uint64_t)files[i].st_blocks * 512;
  }
  return size;
}

block_registry_size block_registry_measure(const block_registry *registry) {
  struct stat *files = reallocarray(NULL, registry->count, sizeof *files);
  block_registry_size size = {0};
  size_t count = 0;

  if (files == NULL || registry->count == 0) {
    free(files);
    return size;
  }
  for (size_t i = 0; i < registry->count; i++)
    count += ownership_stat(&registry->names[i].record, registry->names[i].name, &files[count]);
  size = add_sizes(files, count);
  free(files);
  return size;
}
