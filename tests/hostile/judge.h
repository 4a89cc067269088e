/*
 * judge.h - what must stay as it is: blocks that live as long as the test, and files outside /dev/shm.
 */
#ifndef HOSTILE_JUDGE_H
#define HOSTILE_JUDGE_H

#include <stdint.h>
#include <sys/types.h>

/* How the files outside /dev/shm are called, with a number behind it; there is one folder of them for each victim. */
#define OUTSIDE_FILE "precious"

/* How further links of victims' blocks are called, which only their owner and root can remove. */
#define LINK_PREFIX "stranger-link-"

void canaries_create(void);
/* Looks at all of them, counts what has changed, and makes it anew. */
void canaries_check(void);

/* Removes the links, so that they do not fill /dev/shm. */
void links_remove(void);

/* The name of a user's block, 11 characters, and its inode, as an attacker can see them. */
void canary_name(char name[12], uid_t user);
uint64_t canary_inode(uid_t user);

#endif
