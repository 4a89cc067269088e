/*
 * registry.c - the names of the blocks that the manager owns.
 */
#include "registry.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* How long a tracker that does not read may hold up the manager, in milliseconds. */
#define TRACKER_PATIENCE 1000

static uint32_t hash_of(const char *name) {
  uint32_t hash = 2166136261u;

  while (*name != '\0')
    hash = (hash ^ (unsigned char)*name++) * 16777619u;
  return hash;
}

static int make_room(registry *of) {
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

  if (of->count >= REGISTRY_MAX || !make_room(of))
    return 0;
  copy = strdup(name);
  if (copy == NULL)
    return 0;
  of->names[of->count].name = copy;
  of->names[of->count++].hash = hash_of(name);
  return 1;
}

/* The first one of that name, or the count. */
static size_t find(const registry *of, const char *name) {
  uint32_t hash = hash_of(name);
  size_t i = 0;

  while (i < of->count && (of->names[i].hash != hash || strcmp(of->names[i].name, name) != 0))
    i++;
  return i;
}

/* A line of the tracker's is ASCII between colons, and as long as a write that is never divided. */
static int tracker_understands(const char *name) {
  for (const char *each = name; *each != '\0'; each++)
    if (*each < ' ' || *each > '~' || *each == ':')
      return 0;
  return 1;
}

/*
 * Has the tracker forget the block, which it would unlink and complain of at its end. It complains as well where it is to
 * forget what it never knew, so first it is told of it.
 */
static void tell_tracker(int tracker, const char *name) {
  struct pollfd ready = {.fd = tracker, .events = POLLOUT};
  char lines[2 * 300];
  int length;

  if (tracker < 0 || !tracker_understands(name) || poll(&ready, 1, TRACKER_PATIENCE) != 1)
    return;
  length = snprintf(lines, sizeof lines, "REGISTER:/%s:shared_memory\nUNREGISTER:/%s:shared_memory\n", name, name);
  if (write(tracker, lines, (size_t)length) != length)
    return; /* it is gone, and complains of nothing */
}

static shareable_status destroy(registry *of, const char *name, shareable_error *error) {
  shareable_status status = shareable_unlink(name, error);

  tell_tracker(of->tracker, name);
  return status;
}

shareable_status registry_release(registry *of, const char *name, shareable_error *error) {
  size_t i = find(of, name);
  shareable_status status;

  if (i == of->count)
    return SHAREABLE_E_ABSENT;
  status = destroy(of, name, error);
  free(of->names[i].name);
  of->count--;
  memmove(&of->names[i], &of->names[i + 1], (of->count - i) * sizeof *of->names);
  return status;
}

void registry_clear(registry *of) {
  for (size_t i = 0; i < of->count; i++) {
    destroy(of, of->names[i].name, NULL);
    free(of->names[i].name);
  }
  free(of->names);
  of->names = NULL;
  of->count = of->room = 0;
}
