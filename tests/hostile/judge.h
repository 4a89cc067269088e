/*
 * judge.h - what must stay as it is: blocks that live as long as the test, and files outside /dev/shm.
 */
#ifndef HOSTILE_JUDGE_H
#define HOSTILE_JUDGE_H

#include <stdint.h>
#include <sys/types.h>

/* The name of a file outside /dev/shm, followed by a number; each victim has one directory of them. */
#define OUTSIDE_FILE "precious"

/* The names of attackers' links to victims' blocks begin with this. */
#define LINK_PREFIX "stranger-link-"

void canaries_create(void);
/* Checks all of them, counts what has changed, and creates it again. */
void canaries_check(void);

/* Removes the links, so that they do not fill /dev/shm. */
void links_remove(void);

/* The name of a user's block, 11 characters, and its inode, as an attacker can see them. */
void canary_name(char name[12], uid_t user);
uint64_t canary_inode(uid_t user);

#endif
