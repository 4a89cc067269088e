/*
 * list_wait.h - a wait that checks again whenever an item of a list is written.
 */
#ifndef SHAREABLE__LIST_WAIT_H
#define SHAREABLE__LIST_WAIT_H

#include "list/list.h"

typedef struct shareable__list_wait shareable__list_wait;

struct shareable__list_wait {
  /* Checks once; returns E_TIMED_OUT if there is no change. It may change `item`. */
  shareable_status (*check)(const shareable_list *list, shareable__list_wait *wait);
  size_t item; /* whose writes end a sleep; ANY_ITEM: those of any item */
};

#define SHAREABLE__ANY_ITEM SIZE_MAX

/*
 * Waits until the check no longer returns E_TIMED_OUT, for at most `timeout` nanoseconds: 0 checks once, a
 * negative value waits without a limit. Returns the result of the last check, or E_CLOSED.
 */
shareable_status shareable__list_wait_for(const shareable_list *list, shareable__list_wait *wait, int64_t timeout);

#endif
