/*
 * authkey.h - the key that authenticates clients.
 */
#ifndef MANAGER_AUTHKEY_H
#define MANAGER_AUTHKEY_H

#include <stdbool.h>
#include <stddef.h>

#define AUTHKEY_MAX 65536
/* The size of a generated key. */
#define AUTHKEY_SIZE 32

/*
 * Reads a key of 1 to AUTHKEY_MAX bytes, up to the end of the descriptor, and closes the
 * descriptor. `source` names the descriptor in the error message. The caller wipes and frees the
 * bytes with authkey_wipe().
 */
bool authkey_read(int fd, const char *source, unsigned char **bytes, size_t *size);

/*
 * Reads the key from a file: all its bytes, including a newline at the end. If the file does not
 * exist, creates it with random bytes; its name appears only when the whole key is on disk. Refuses
 * a file that is not a regular file, that belongs to a user other than this one and root, that
 * other users can read or write, or whose path leads through a symbolic link of another user.
 * Returns false after logging an error.
 */
bool authkey_load(const char *path, unsigned char **bytes, size_t *size);

void authkey_wipe(unsigned char *bytes, size_t size);

#endif
