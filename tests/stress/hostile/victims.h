/*
 * victims.h - the processes of the attacked users, each a function that runs until board.stop is
 * set.
 */
#ifndef HOSTILE_VICTIMS_H
#define HOSTILE_VICTIMS_H

#include <shareable.h>
#include <stdbool.h>

/* The blocks that live as long as the test, and the lists. */
#define CLOSED_LIST "closed-list"   /* 0644: its readers check a rule that its values follow */
#define OPEN_LIST "open-list"       /* 0666: attackers may write anything */
#define CORRUPT_LIST "corrupt-list" /* 0666: an attacker sometimes leaves its item corrupt */
#define PUBLIC_BLOCK "public-%u"    /* 0666, of user %u: an attacker may fill and link it */
#define ABSTRACT_ADDRESS "@hostile"
#define TCP_ADDRESS "127.0.0.1:40123"

/* The text length of the corrupt list: storing it takes long enough to kill the writer. */
#define CORRUPT_TEXT 1000000

enum closed_item { NUMBER, OPPOSITE, TEXT, REAL, SUM, CLOSED_ITEMS };

/* Counts a failed call as a violation, except for a full /dev/shm. */
void expect(shareable_status status, const char *action, const shareable_error *error);

/* Creates the lists above. Returns false on failure. */
bool lists_create(void);
/* Counts a violation if an addition to the closed list was lost. */
void lists_check_sum(void);

void own_blocks(void);
void offer_bait(void);
void replace_blocks(void);
void collect_garbage(void);
void run_commands(void);
void write_closed_list(void);
void read_closed_list(void);
void use_open_list(void);
void add_to_corrupt(void);
void open_attackers_blocks(void);
void use_abstract_manager(void);
void use_tcp_manager(void);

#endif
