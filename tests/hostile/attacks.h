/*
 * attacks.h - what the attacker does: one function for each class of attack, each a step that takes some milliseconds.
 *
 * A step returns whether it succeeded: whether the attacker was able to do what it set out to do. What that does to the
 * victims is for the victims and the judge to notice.
 */
#ifndef HOSTILE_ATTACKS_H
#define HOSTILE_ATTACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

bool attack_swap(void);     /* a directory is exchanged for a symbolic link while a victim opens files in it */
bool attack_forge(void);    /* a log names others' blocks; it is the attacker's, or a hard link of a victim's file */
bool attack_special(void);  /* a FIFO, a socket, a directory or a link takes the place of a log */
bool attack_lease(void);    /* leases on logs and blocks; a log that is a running program */
bool attack_squat(void);    /* names that the library is going to use are taken */
bool attack_lock(void);     /* locks on files that the attacker may read */
bool attack_contents(void); /* the attacker cuts off, overwrites and damages lists with write permission for all */
bool attack_replace(void);  /* names change their blocks again and again */
bool attack_socket(void);   /* connections, garbage and broken handshakes at the managers' sockets */
bool attack_flood(void);    /* as many files, directories and bytes as fit into /dev/shm */
bool attack_mapped(void);   /* a dead owner's block is kept open or mapped, by a process that is hard to see */
bool attack_userns(void);   /* the attacker is root of a user namespace */

/* Has the library make a log of the attacker's, to forge others after it; false if there is none to be found. */
bool log_learn(void);
/* Makes a directory in /dev/shm for a step, under a name that the library looks at: a victim's if it is free. */
bool directory_make(char *path, size_t size);
/* Removes a file, or a directory and what is in it; never through a symbolic link. */
void remove_all(const char *path);
/* Writes a log, as the library makes it, of an owner that has ended; it names that user's canary. False if it cannot. */
bool log_write(int fd, uid_t canary);
/* The same as a new file; a descriptor, or -1. */
int log_create(const char *path, uid_t canary);

#endif
