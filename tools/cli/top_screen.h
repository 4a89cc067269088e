/*
 * top_screen.h - draws the pages of the live view.
 */
#ifndef SHAREABLE__CLI_TOP_SCREEN_H
#define SHAREABLE__CLI_TOP_SCREEN_H

#include "top_state.h"

/* Draws the page, and stores in the state which rows it has. */
void top_screen_draw(top_state *state, const top_sample *sample, const top_processes *processes);

#endif
