/*
 * attacks.h - the attacks: one function for each class of attack.
 *
 * Each call is one step, which takes some milliseconds. It returns true if the attacker was able to
 * do what the step is for. The victims and the canaries show what that does to the victims.
 */
#ifndef HOSTILE_ATTACKS_H
#define HOSTILE_ATTACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

bool attack_swap(void);     /* a directory is replaced by a symbolic link while a victim reads it */
bool attack_forge(void);    /* a log of the attacker names victims' blocks */
bool attack_special(void);  /* a FIFO, a socket, a directory or a link takes the place of a log */
bool attack_lease(void);    /* leases on logs and blocks; a log that is a running program */
bool attack_squat(void);    /* the attacker takes names that the library will use */
bool attack_lock(void);     /* locks on files that the attacker may read */
bool attack_contents(void); /* lists that all may write are truncated, overwritten and corrupted */
bool attack_replace(void);  /* names are given to other blocks all the time */
bool attack_socket(void);   /* connections, garbage and broken handshakes */
bool attack_flood(void);    /* as many files, directories and bytes as fit into /dev/shm */
bool attack_mapped(void);   /* a hidden process keeps a dead owner's block open or mapped */
bool attack_userns(void);   /* the attacker is root of a user namespace */

/*
 * Makes the library write a log for the attacker, as a model to forge others. Returns false if
 * there is no log.
 */
bool log_learn(void);
/*
 * Makes a directory in /dev/shm under a name that the library reads: a victim's name if it is free.
 * Returns false on failure.
 */
bool directory_make(char *path, size_t size);
/* Removes a file, or a directory and its files. Does not follow symbolic links. */
void remove_all(const char *path);
/*
 * Writes a log of an owner that has ended, in the library's format. It names the canary of the user
 * `canary`. Returns false on failure.
 */
bool log_write(int fd, uid_t canary);
/* Does the same in a new file. Returns its descriptor, or -1. */
int log_create(const char *path, uid_t canary);

#endif
