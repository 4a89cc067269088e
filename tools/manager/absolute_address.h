/*
 * absolute_address.h - makes the address of a manager independent of the working directory.
 */
#ifndef MANAGER_ABSOLUTE_ADDRESS_H
#define MANAGER_ABSOLUTE_ADDRESS_H

#include <stdbool.h>

#include "protocol/address.h"

/*
 * Writes the absolute path that a relative path has in this process. Returns false if the text is
 * not a relative path, if its directory does not exist, or if the absolute path is too long for an
 * address.
 */
bool absolute_address(const char *text, char result[SHAREABLE__ADDRESS_TEXT]);

#endif
