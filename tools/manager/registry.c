/*
 * registry.c - the names of the blocks that the manager owns.
 */
#include "registry.h"

#include <stdlib.h>

static uint32_t hash_of(const char *name) {
  uint32_t hash = 2166136261u;

  while (*name != '\0')
    hash = (hash ^ (unsigned char)*name++) * 16777619u;
  return hash;
}

static int grow(registry *of) {
  size_t room = of->room == 0 ? 64 : 2 * of->room;
  registry_name *names;

  if (of->count < of->room)
    return 1;
  names = reallocarray(of->names, room, sizeof *names);
  if (names == NULL)
    return 0;
  of->names = names;
  of->room = room;
  return 1;
}

int registry_add(registry *of, const char *name) {
  char *copy;

  if (of->count >= REGISTRY_MAX || !grow(of))
    return 0;
  copy = strdup(name);
  if (copy == NULL)
    return 0;
  of->names[of->count].name = copy;
  ownership_note(&of->names[of->count].record, name);
  of->names[of->count++].hash = hash_of(name);
  of->unrecorded++;
  if (of->tracker.fd < 0)
    registry_record(of);
  return 1;
}

void registry_record(registry *of) {
  for (size_t i = of->count - of->unrecorded; i < of->count; i++)
    ownership_record(&of->names[i].record, of->names[i].name);
  of->unrecorded = 0;
}

/* The first one of that name from that place on, or the count. */
static size_t find(const registry *of, const char *name, size_t i) {
  uint32_t hash = hash_of(name);

  while (i < of->count && (of->names[i].hash != hash || strcmp(of->names[i].name, name) != 0))
    i++;
  return i;
}

/* A block that is not found may be moved for a moment by another process: then the reaper removes it after this one's end. */
static void end_record(ownership *record, shareable_status of_unlinking) {
  if (of_unlinking != SHAREABLE_E_NOT_FOUND)
    ownership_forget(record);
}

/* Of a name that was added for several blocks, one after the other, the one of the block that has it now; else the first. */
static size_t find_current(const registry *of, const char *name) {
  size_t first = find(of, name, 0), i = first;

  while (i < of->count && !ownership_is_current(&of->names[i].record, name))
    i = find(of, name, i + 1);
  return i < of->count ? i : first;
}

shareable_status registry_release(registry *of, const char *name, shareable_error *error) {
  size_t i = find_current(of, name);
  shareable_status status;

  if (i == of->count)
    return SHAREABLE_E_ABSENT;
  status = ownership_unlink(&of->names[i].record, name, error);
  tracker_forget(&of->tracker, name);
  end_record(&of->names[i].record, status);
  free(of->names[i].name);
  of->unrecorded -= i >= of->count - of->unrecorded;
  of->count--;
  memmove(&of->names[i], &of->names[i + 1], (of->count - i) * sizeof *of->names);
  return status;
}

/* A thousand messages at a time fit into the tracker's queue. */
static void tell_tracker(registry *of) {
  for (size_t i = 0; i < of->count; i++) {
    tracker_forget(&of->tracker, of->names[i].name);
    if (i % 1000 == 999)
      tracker_drain(&of->tracker);
  }
  tracker_drain(&of->tracker);
}

void registry_clear(registry *of) {
  for (size_t i = 0; i < of->count; i++)
    end_record(&of->names[i].record, ownership_unlink(&of->names[i].record, of->names[i].name, NULL));
  tell_tracker(of);
  for (size_t i = 0; i < of->count; i++)
    free(of->names[i].name);
  free(of->names);
  of->names = NULL;
  of->count = of->room = of->unrecorded = 0;
  tracker_close(&of->tracker);
}
