/*
 * top_keys.h - the keys of the live view.
 */
#ifndef SHAREABLE__CLI_TOP_KEYS_H
#define SHAREABLE__CLI_TOP_KEYS_H

#include "top_state.h"

/* Changes the state as the key requires. */
void top_keys_apply(top_state *state, int key);

#endif
