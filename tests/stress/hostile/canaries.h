/*
 * canaries.h - the canaries: blocks and files outside /dev/shm that no attack may change.
 */
#ifndef HOSTILE_CANARIES_H
#define HOSTILE_CANARIES_H

#include <stdint.h>
#include <sys/types.h>

/*
 * The name of a file outside /dev/shm, followed by a number. Each victim has a directory of such
 * files.
 */
#define OUTSIDE_FILE "precious"

/* The prefix of the names of the attacker's links to victims' blocks. */
#define LINK_PREFIX "attacker-link-"

void canaries_create(void);
/* Checks all canaries, counts those that were changed, and creates these again. */
void canaries_check(void);

/* Removes the attacker's links, so that they do not fill /dev/shm. */
void links_remove(void);

/* The name of a user's canary block, which has 11 characters, and its inode, or 0. */
void canary_name(char name[12], uid_t user);
uint64_t canary_inode(uid_t user);

#endif
