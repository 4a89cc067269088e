/*
 * table_json.c - prints a table as JSON.
 */
#include "table_json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "output.h"
#include "table_rows.h"

static void indent(int depth) {
  cli_put("\n");
  for (int i = 0; i < depth; i++)
    cli_put("   ");
}

/* Prints numbers, or strings in JSON, that are separated by commas as an array. */
static void put_json_array(const char *elements) {
  cli_put("[");
  cli_put(elements);
  cli_put("]");
}

static void put_json_string(const char *text) {
  cli_text string = {0};

  cli_escape_json(&string, text, strlen(text));
  cli_put(string.bytes);
  free(string.bytes);
}

static void put_json_value(const char *text, int type) {
  if (text == NULL)
    cli_put("null");
  else if (type == SCOLS_JSON_ARRAY_NUMBER || type == SCOLS_JSON_ARRAY_STRING)
    put_json_array(text);
  else if (type == SCOLS_JSON_NUMBER)
    cli_put(text);
  else if (type == SCOLS_JSON_BOOLEAN)
    cli_put(text[0] == '1' ? "true" : "false");
  else
    put_json_string(text);
}

static void put_json_name(const char *column) {
  cli_put("\"");
  for (const char *letter = column; *letter != '\0'; letter++)
    cli_put_bytes(&(char){(char)tolower((unsigned char)*letter)}, 1);
  cli_put("\": ");
}

void cli_put_json_cell(const cli_column *column, const char *text) {
  put_json_name(column->name);
  put_json_value(text, column->json);
}

static void put_json_children(const cli_table *table, struct libscols_line *line, int depth);

static void put_json_line(const cli_table *table, struct libscols_line *line, int depth) {
  indent(depth);
  cli_put("{");
  for (size_t i = 0; i < table->count; i++) {
    const cli_column *column = &table->columns[table->shown[i]];

    cli_put(i == 0 ? "" : ",");
    indent(depth + 1);
    cli_put_json_cell(column, scols_cell_get_data(scols_line_get_cell(line, i)));
  }
  if (scols_line_has_children(line))
    put_json_children(table, line, depth);
  indent(depth);
  cli_put("}");
}

static void put_json_children(const cli_table *table, struct libscols_line *line, int depth) {
  struct libscols_iter *children = table_iterator();
  struct libscols_line *child;
  const char *separator = "";

  cli_put(table->count == 0 ? "" : ",");
  indent(depth + 1);
  cli_put("\"children\": [");
  while (scols_line_next_child(line, children, &child) == 0) {
    cli_put(separator);
    put_json_line(table, child, depth + 2);
    separator = ",";
  }
  indent(depth + 1);
  cli_put("]");
  scols_free_iter(children);
}

void table_print_json(const cli_table *table) {
  struct libscols_iter *lines = table_iterator();
  struct libscols_line *line;
  const char *separator = "";

  cli_put("{\n   \"");
  cli_put(table->name);
  cli_put("\": [");
  while (scols_table_next_line(table->table, lines, &line) == 0) {
    if (scols_line_get_parent(line) != NULL)
      continue;
    cli_put(separator);
    put_json_line(table, line, 2);
    separator = ",";
  }
  cli_put(separator[0] == '\0' ? "]" : "\n   ]");
  if (table->total_json != NULL) {
    cli_put(",\n   \"total\": ");
    cli_put(table->total_json);
  }
  cli_put("\n}\n");
  scols_free_iter(lines);
}
