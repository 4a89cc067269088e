/*
 * sync.c - tests of core/src/sync.c.
 */
#include "../../core/src/sync.h"
