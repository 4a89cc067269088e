/*
 * age.h - reads and formats ages, as in 2h.
 */
#ifndef SHAREABLE__CLI_AGE_H
#define SHAREABLE__CLI_AGE_H

#include "table.h"

/* Formats an age as in 2h, or as a number of seconds if the view requires that. */
char *cli_age(int64_t seconds, const cli_view *view);

/*
 * Parses an age: a number of seconds, or a number with the suffix s, m, h or d. If the text is not
 * an age, reports a usage error.
 */
int64_t cli_parse_age(const char *text);

#endif
