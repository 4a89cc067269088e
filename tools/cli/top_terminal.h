/*
 * top_terminal.h - the terminal of the live view: its screen, its keys and its signals.
 */
#ifndef SHAREABLE__CLI_TOP_TERMINAL_H
#define SHAREABLE__CLI_TOP_TERMINAL_H

#include <stdint.h>

#define TOP_NO_KEY (-1)

/* Shows an empty screen. If there is no usable terminal, prints the reason and exits. */
void top_terminal_begin(void);

/* Restores the terminal, until the screen is drawn again. A second call does nothing. */
void top_terminal_end(void);

/*
 * Returns the next key, as getch(3) does, or TOP_NO_KEY at the deadline (shareable__now()) or if
 * the screen must be drawn again. If a signal ends this process, restores the terminal first.
 */
int top_terminal_key(int64_t deadline);

/* Makes the next refresh draw the whole screen. */
void top_terminal_redraw(void);

#endif
