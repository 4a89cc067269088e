/*
 * proc_maps.c - parses arbitrary bytes as /proc/PID/maps, which contains file names that any user can
 * choose.
 */
#include "gc/proc_maps.h"
#include "fuzz.h"

#include <sys/sysmacros.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  FILE *file = size == 0 ? NULL : fmemopen((void *)(uintptr_t)bytes, size, "r");
  shareable__proc_maps maps = {.is_complete = true};
  size_t count, lines = 1;

  if (file == NULL)
    return 0;
  for (size_t i = 0; i < size; i++)
    lines += bytes[i] == '\n';
  shareable__proc_maps_read(&maps, file, makedev(0, 0x1a), 42);
  shareable__proc_maps_sort(&maps);
  need(maps.is_complete && maps.count <= lines);
  for (size_t i = 0; i < maps.count; i++) {
    const shareable__mapping *mapping = &maps.mappings[i];

    need(mapping->pid == 42 && mapping->inode != 0 && (i == 0 || mapping[-1].inode < mapping->inode));
    need(mapping->name == NULL || strchr(mapping->name, '/') == NULL);
    need(shareable__proc_maps_users(&maps, mapping->inode, &count) == mapping && count == 1);
  }
  shareable__proc_maps_free(&maps);
  fclose(file);
  return 0;
}
