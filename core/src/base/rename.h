/*
 * rename.h - renaming a file without replacing another one.
 */
#ifndef SHAREABLE__RENAME_H
#define SHAREABLE__RENAME_H

/*
 * Renames a file unless the new name exists. The directories are descriptors or AT_FDCWD. Returns
 * 0, EEXIST, ENOSYS if the system cannot do this atomically, or another errno.
 */
int shareable__rename_to_new(int directory, const char *name, int new_directory, const char *new_name);

#endif
