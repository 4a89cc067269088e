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

/* Reads a key up to the descriptor's end, and closes it. The bytes are to be wiped and freed. */
bool key_read(int fd, unsigned char **bytes, size_t *size);

/*
 * Reads the key that is in a file: all its bytes, a newline at the end too. Where there is no such file, it is made, with
 * random bytes. Refuses a file that others can read or that belongs to somebody else.
 */
bool key_load(const char *path, unsigned char **bytes, size_t *size);

void key_wipe(unsigned char *bytes, size_t size);

#endif
