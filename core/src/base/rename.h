/*
 * rename.h - renaming a file without replacing another one.
 */
#ifndef SHAREABLE__RENAME_H
#define SHAREABLE__RENAME_H

/*
 * Renames a file unless the new name exists; `from` and `to` are descriptors of directories, or AT_FDCWD. Returns 0, EEXIST,
 * ENOSYS if the system cannot do that in one step, or another errno.
 */
int shareable__rename_to_new(int from, const char *name, int to, const char *new_name);

#endif
