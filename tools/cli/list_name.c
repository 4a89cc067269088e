/*
 * list_name.c - whether an open list still has its name.
 */
#include "list_name.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "list/list.h"

list_name list_name_check(const shareable_list *list) {
  const shareable__segment *segment = &list->memory->segment;
  char *path = cli_format(SHAREABLE__DIRECTORY "/%s", list->memory->name);
  struct stat file;
  int errnum = lstat(path, &file) == 0 ? 0 : errno;

  free(path);
  if (errnum != 0)
    return errnum == ENOENT ? LIST_NAME_REMOVED : LIST_NAME_KEPT;
  return file.st_ino == segment->inode && file.st_dev == segment->device ? LIST_NAME_KEPT : LIST_NAME_REPLACED;
}

void list_name_require(const shareable_list *list) {
  const char *name = list->memory->name, *noun = list->has_keys ? "dict" : "list";

  switch (list_name_check(list)) {
  case LIST_NAME_REMOVED:
    cli_die("%s '%s' was removed", noun, name);
  case LIST_NAME_REPLACED:
    cli_die("%s '%s' was removed, and another block now has its name", noun, name);
  default:
    break;
  }
}
