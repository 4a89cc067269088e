/*
 * victims.h - the processes of the attacked users, each a function that runs until board.stop is set.
 */
#ifndef HOSTILE_VICTIMS_H
#define HOSTILE_VICTIMS_H

#include <shareable.h>
#include <stdbool.h>

/* The blocks that live as long as the test, and the lists. */
#define CLOSED_LIST "closed-list"   /* 0644: values follow a rule that its readers check */
#define OPEN_LIST "open-list"       /* 0666: anything may become of it */
#define DAMAGED_LIST "damaged-list" /* 0666: an attacker leaves an item damaged now and then */
#define PUBLIC_BLOCK "public-%u"    /* 0666, of user %u: an attacker may fill and link it */
#define ABSTRACT_ADDRESS "@hostile"
#define TCP_ADDRESS "127.0.0.1:40123"

/* The longest text of the damaged list: storing it takes long enough to be killed meanwhile. */
#define DAMAGED_TEXT 1000000

enum closed_item { NUMBER, OPPOSITE, TEXT, REAL, SUM, CLOSED_ITEMS };

/* Counts a call that failed although no attacker may make it fail; a full /dev/shm is no such failure. */
void expect(shareable_status status, const char *what, const shareable_error *error);

/* Makes the lists and blocks above, as the first user; false if it cannot. */
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
void add_to_damaged(void);
void open_strangers(void);
void use_abstract_manager(void);
void use_tcp_manager(void);

#endif
