/*
 * columns.c - the columns of a table of blocks, for ls and info.
 */
#include "columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "age.h"
#include "array_text.h"
#include "escape.h"
#include "process.h"

const cli_column block_columns[COLUMN_COUNT] = {
  [COLUMN_NAME] = {"NAME", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, .least = CLI_NAME_LEAST},
  [COLUMN_KIND] = {"KIND", 0, SCOLS_JSON_STRING, .least = 0},
  [COLUMN_ITEMS] = {"ITEMS", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_SIZE] = {"SIZE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_USED] = {"USED", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_USERS] = {"USERS", SCOLS_FL_TRUNC, SCOLS_JSON_ARRAY_NUMBER, .least = 8},
  [COLUMN_OWNER] = {"OWNER", SCOLS_FL_TRUNC, SCOLS_JSON_NUMBER, .least = 7},
  [COLUMN_AGE] = {"AGE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_STATE] = {"STATE", 0, SCOLS_JSON_STRING, .least = 0},
  [COLUMN_REASON] = {"REASON", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, .least = 8},
  [COLUMN_USER] = {"USER", 0, SCOLS_JSON_STRING, .least = 0},
  [COLUMN_MODE] = {"MODE", 0, SCOLS_JSON_STRING, .least = 0},
  [COLUMN_SYNC] = {"SYNC", 0, SCOLS_JSON_BOOLEAN, .least = 0},
  [COLUMN_PLACES] = {"PLACES", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_KEYS] = {"KEYS", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_EXPIRED] = {"EXPIRED", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_KEY_SIZE] = {"KEY_SIZE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_VALUE_SIZE] = {"VALUE_SIZE", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_EVICT] = {"EVICT", 0, SCOLS_JSON_BOOLEAN, .least = 0},
  [COLUMN_INDEX] = {"INDEX", 0, SCOLS_JSON_STRING, .least = 0},
  [COLUMN_DTYPE] = {"DTYPE", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, .least = 8},
  [COLUMN_SHAPE] = {"SHAPE", 0, SCOLS_JSON_ARRAY_NUMBER, .least = 0},
  [COLUMN_ORDER] = {"ORDER", 0, SCOLS_JSON_STRING, .least = 0},
  [COLUMN_NBYTES] = {"NBYTES", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_OFFSET] = {"OFFSET", SCOLS_FL_RIGHT, SCOLS_JSON_NUMBER, .least = 0},
  [COLUMN_COMMAND] = {"COMMAND", SCOLS_FL_TRUNC, SCOLS_JSON_ARRAY_STRING, .least = 8},
  [COLUMN_OWNERCMD] = {"OWNERCMD", SCOLS_FL_TRUNC, SCOLS_JSON_STRING, .least = 8},
};

void block_columns_narrow(cli_table *table) {
  static const size_t dispensable[] = {COLUMN_OWNER, COLUMN_ITEMS, COLUMN_SIZE,   COLUMN_KIND,
                                       COLUMN_AGE,   COLUMN_USERS, COLUMN_REASON, COLUMN_USED};

  cli_table_dispensable(table, dispensable, sizeof dispensable / sizeof *dispensable);
}

/* A comma in a command would look like the end of it. JSON has no such problem. */
static void add_command(cli_text *text, const char *command) {
  for (const char *letter = command; *letter != '\0'; letter++)
    cli_text_add(text, *letter == ',' ? "?" : letter, 1);
}

/* Adds "1234 python3", or "1234" if the process has ended or a program reads the table. */
static void add_process(cli_text *text, int64_t pid, const cli_view *view) {
  const char *command = view->json || view->raw ? NULL : process_command_once(pid);
  char *number = cli_format(command == NULL ? "%" PRId64 : "%" PRId64 " ", pid);

  cli_text_add(text, number, strlen(number));
  if (command != NULL)
    add_command(text, command);
  free(number);
}

/* Returns the elements. Without any, a table has an empty cell; JSON has [], or null if they are unknown. */
static char *list_cell(const block *info, const cli_view *view, char *elements) {
  if (elements == NULL && view->json && !block_has_unseen_users(info))
    return cli_format("%s", "");
  return elements;
}

/* Returns the processes, separated by commas. */
static char *users_cell(const block *info, const cli_view *view) {
  cli_text text = {0};

  for (size_t i = 0; i < info->user_count; i++) {
    cli_text_add(&text, ",", i > 0);
    add_process(&text, info->users[i].pid, view);
  }
  if (block_has_unseen_users(info) && !view->json)
    cli_text_add(&text, "?", 1);
  return list_cell(info, view, text.bytes);
}

static void add_json_command(cli_text *text, const char *command) {
  if (command == NULL)
    cli_text_add(text, "null", 4);
  else
    cli_escape_json(text, command, strlen(command));
}

/* Returns the commands in the order of USERS, separated by commas. */
static char *commands_cell(const block *info, const cli_view *view) {
  cli_text text = {0};

  for (size_t i = 0; i < info->user_count; i++) {
    const char *command = process_command_once(info->users[i].pid);

    cli_text_add(&text, ",", i > 0);
    if (view->json)
      add_json_command(&text, command);
    else
      add_command(&text, command == NULL ? "?" : command);
  }
  return list_cell(info, view, text.bytes);
}

static char *owner_cell(const block *info, const cli_view *view) {
  cli_text text = {0};

  if (info->owner > 0) {
    add_process(&text, info->owner, view);
    return text.bytes;
  }
  return info->owner == 0 || view->json ? NULL : cli_format(info->is_owner_dead ? "ended" : "?");
}

static char *owner_command_cell(const block *info) {
  const char *command = info->owner > 0 ? process_command_once(info->owner) : NULL;

  return command == NULL ? NULL : cli_format("%s", command);
}

static char *text_cell(const char *text) {
  return text == NULL ? NULL : cli_format("%s", text);
}

static char *bool_cell(bool value, const cli_view *view) {
  return view->json ? cli_format("%d", value) : cli_format("%s", value ? "yes" : "no");
}

static char *number_cell(uint64_t number) {
  return cli_format("%" PRIu64, number);
}

static char *sync_cell(const block *info, const cli_view *view) {
  return block_kind_is_list(info->kind) ? bool_cell(info->list.has_sync_area, view) : NULL;
}

static char *items_cell(const block *info) {
  if (info->kind == BLOCK_ARRAY)
    return cli_format("%zu", shareable_array_size(info->array));
  return block_kind_is_list(info->kind) ? number_cell(info->list.items) : NULL;
}

/* The cell of a column that only dicts have. */
static char *dict_cell(const block *info, size_t column, const cli_view *view) {
  const dict_properties *dict = &info->list.dict;

  if (info->kind != BLOCK_DICT)
    return NULL;
  switch (column) {
  case COLUMN_PLACES:
    return number_cell(info->list.items / 2);
  case COLUMN_KEYS:
    return number_cell(dict->keys);
  case COLUMN_EXPIRED:
    return dict->expired == DICT_EXPIRED_UNKNOWN ? NULL : number_cell(dict->expired);
  case COLUMN_KEY_SIZE:
    return number_cell(dict->key_size);
  case COLUMN_VALUE_SIZE:
    return number_cell(dict->value_size);
  case COLUMN_EVICT:
    return bool_cell(dict->evicts, view);
  default:
    return text_cell(dict->is_changing ? "changing" : "stable");
  }
}

/* The cell of a column that only arrays have. */
static char *array_cell(const shareable_array *array, size_t column, const cli_view *view) {
  if (array == NULL)
    return NULL;
  switch (column) {
  case COLUMN_DTYPE:
    return array_dtype_text(array);
  case COLUMN_SHAPE:
    return array_shape_text(array, view->json);
  case COLUMN_ORDER:
    return text_cell(array_order_name(array));
  case COLUMN_NBYTES:
    return cli_size(shareable_array_nbytes(array), view);
  default:
    return cli_format("%" PRIu64, array->data_offset);
  }
}

char *block_cell(const void *row, size_t column, const cli_view *view) {
  const block *info = row;
  bool has_name = info->state != BLOCK_DELETED;

  switch (column) {
  case COLUMN_NAME:
    return text_cell(info->name);
  case COLUMN_KIND:
    return text_cell(block_kind_name(info->kind));
  case COLUMN_ITEMS:
    return items_cell(info);
  case COLUMN_SIZE:
    return cli_size(info->size, view);
  case COLUMN_USED:
    return cli_size(info->used, view);
  case COLUMN_USERS:
    return users_cell(info, view);
  case COLUMN_OWNER:
    return owner_cell(info, view);
  case COLUMN_AGE:
    return has_name ? cli_age(info->age, view) : NULL;
  case COLUMN_STATE:
    return text_cell(block_state_name(info->state));
  case COLUMN_REASON:
    return text_cell(info->reason);
  case COLUMN_USER:
    return info->is_user_unknown ? NULL : text_cell(process_user_name(info->uid));
  case COLUMN_MODE:
    return has_name ? cli_format("%04o", (unsigned)info->mode) : NULL;
  case COLUMN_SYNC:
    return sync_cell(info, view);
  case COLUMN_PLACES:
  case COLUMN_KEYS:
  case COLUMN_EXPIRED:
  case COLUMN_KEY_SIZE:
  case COLUMN_VALUE_SIZE:
  case COLUMN_EVICT:
  case COLUMN_INDEX:
    return dict_cell(info, column, view);
  case COLUMN_DTYPE:
  case COLUMN_SHAPE:
  case COLUMN_ORDER:
  case COLUMN_NBYTES:
  case COLUMN_OFFSET:
    return array_cell(info->array, column, view);
  case COLUMN_COMMAND:
    return commands_cell(info, view);
  default:
    return owner_command_cell(info);
  }
}
