/*
 * key.h - the key that clients have to show.
 */
#ifndef MANAGER_KEY_H
#define MANAGER_KEY_H

#include <stdbool.h>
#include <stddef.h>

#define KEY_MAX 65536
/* Of a key that is made here. */
#define KEY_SIZE 32

/*
 * Reads a key of 1 to KEY_MAX bytes, up to the end of the descriptor, and closes the descriptor. `source` names it in the
 * message if that fails. The caller wipes and frees the bytes with key_wipe().
 */
bool key_read(int fd, const char *source, unsigned char **bytes, size_t *size);

/*
 * Reads the key that is in a file: all its bytes, including a newline at the end. If there is no such file, it is created
 * with random bytes; its name appears only when the whole key is on disk. Refuses a file that is not a regular file, that
 * belongs to another user than this one and root, that others can read or write, or that a symbolic link of another user leads
 * to, in any component of the path. Returns false, after a message, if there is no key.
 */
bool key_load(const char *path, unsigned char **bytes, size_t *size);

void key_wipe(unsigned char *bytes, size_t size);

#endif
