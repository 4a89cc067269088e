/*
 * table_json.h - prints a table as JSON.
 */
#ifndef SHAREABLE__CLI_TABLE_JSON_H
#define SHAREABLE__CLI_TABLE_JSON_H

#include "table.h"

void table_print_json(const cli_table *table);

#endif
