/*
 * top_batch.h - prints samples for scripts: tables, or JSON.
 */
#ifndef SHAREABLE__CLI_TOP_BATCH_H
#define SHAREABLE__CLI_TOP_BATCH_H

#include "top_order.h"

/* Prints the space, and a table of the blocks or of the processes. */
void top_batch_print(const top_sample *sample, const top_processes *processes, const top_order *order,
                     bool shows_processes);

/* Prints a JSON object of one line: the space, the blocks and the processes. */
void top_batch_print_json(const top_sample *sample, const top_processes *processes, const top_order *order);

#endif
