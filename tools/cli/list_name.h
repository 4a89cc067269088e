/*
 * list_name.h - whether an open list still has its name.
 */
#ifndef SHAREABLE__CLI_LIST_NAME_H
#define SHAREABLE__CLI_LIST_NAME_H

#include "cli.h"

typedef enum list_name { LIST_NAME_KEPT, LIST_NAME_REMOVED, LIST_NAME_REPLACED } list_name;

/* The interval, in nanoseconds, at which a command that waits for a list checks its name. */
#define LIST_NAME_CHECK_NS INT64_C(500000000)

/*
 * Returns LIST_NAME_REPLACED if another block has the name. If this process cannot find out, it
 * returns LIST_NAME_KEPT.
 */
list_name list_name_check(const shareable_list *list);

/* Exits if the list has lost its name: programs that open the name no longer change this list. */
void list_name_require(const shareable_list *list);

#endif
