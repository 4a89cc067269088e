/*
 * rename.h - renaming a file without replacing another one.
 */
#ifndef SHAREABLE__RENAME_H
#define SHAREABLE__RENAME_H

/*
 * Renames a file unless another file has the new path. Returns 0, EEXIST, ENOSYS if the system
 * cannot do this atomically, or another errno.
 */
int shareable__rename_to_new(const char *from, const char *to);

#endif
