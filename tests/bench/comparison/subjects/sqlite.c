/*
 * sqlite.c - the tasks of SQLite: a table in a mapped file on the file system of shared memory,
 * with a write-ahead log. SQLite does not sync it. These are the fastest settings that let several
 * processes read while one process writes.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject.h"

static sqlite3 *database;
static sqlite3_stmt *statement;
static enum subject_type type;

static void must(int status) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW)
    return;
  fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(database));
  exit(2);
}

static void run(const char *sql) {
  must(sqlite3_exec(database, sql, NULL, NULL, NULL));
}

static void open_database(const char *name) {
  char path[400];

  snprintf(path, sizeof path, "%s/%s.sqlite", getenv("BENCH_DIR"), name);
  must(sqlite3_open(path, &database));
  must(sqlite3_busy_timeout(database, 10000));
  run("PRAGMA journal_mode = WAL");
  run("PRAGMA synchronous = OFF");
  run("PRAGMA mmap_size = 1073741824");
  run("CREATE TABLE IF NOT EXISTS items (key INTEGER PRIMARY KEY, value)");
}

static void prepare(const char *sql) {
  must(sqlite3_prepare_v2(database, sql, -1, &statement, NULL));
}

static void close_database(void) {
  sqlite3_finalize(statement);
  statement = NULL;
  sqlite3_close(database);
}

static void bind_value(int position, int64_t integer) {
  if (type == SUBJECT_INT)
    must(sqlite3_bind_int64(statement, position, integer));
  else
    must(sqlite3_bind_text(statement, position, integer & 1 ? SUBJECT_TEXT : SUBJECT_OTHER, 16, SQLITE_STATIC));
}

static void step(void) {
  must(sqlite3_step(statement));
  must(sqlite3_reset(statement));
}

static void fill(size_t count) {
  run("BEGIN");
  prepare("INSERT OR REPLACE INTO items VALUES (?, ?)");
  for (size_t i = 0; i < count; i++) {
    must(sqlite3_bind_int64(statement, 1, (int64_t)i));
    bind_value(2, 7);
    step();
  }
  must(sqlite3_finalize(statement));
  run("COMMIT");
}

static void begin_items(char **arguments) {
  type = subject_type_of(arguments[0]);
  open_database("c");
  fill(SUBJECT_ITEMS);
}

static void prepare_read(void) {
  prepare("SELECT value FROM items WHERE key = ?");
  must(sqlite3_bind_int64(statement, 1, SUBJECT_ITEM));
}

static void begin_read(char **arguments) {
  begin_items(arguments);
  prepare_read();
}

static void read_items(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    char copy[16];

    must(sqlite3_step(statement));
    if (type == SUBJECT_INT)
      (void)sqlite3_column_int64(statement, 0);
    else
      memcpy(copy, sqlite3_column_text(statement, 0), sizeof copy);
    must(sqlite3_reset(statement));
  }
}

static void prepare_write(void) {
  prepare("UPDATE items SET value = ? WHERE key = ?");
  must(sqlite3_bind_int64(statement, 2, SUBJECT_ITEM));
}

static void begin_write(char **arguments) {
  begin_items(arguments);
  prepare_write();
}

static void write_items(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    bind_value(1, i);
    step();
  }
}

static double query_number(const char *sql) {
  double number;

  prepare(sql);
  must(sqlite3_step(statement));
  number = sqlite3_column_double(statement, 0);
  must(sqlite3_finalize(statement));
  statement = NULL;
  return number;
}

static void begin_memory(char **arguments) {
  size_t count = subject_number(arguments[1]);
  char name[40];

  type = subject_type_of(arguments[0]);
  snprintf(name, sizeof name, "memory-%s", arguments[0]);
  open_database(name);
  fill(count);
  subject_answer(query_number("PRAGMA page_count") * query_number("PRAGMA page_size"), (double)count);
  close_database();
}

static void begin_host(char **arguments) {
  type = SUBJECT_INT;
  open_database(arguments[0]);
  fill(SUBJECT_ITEMS);
  statement = NULL;
}

static void begin_team(char **arguments) {
  type = SUBJECT_INT;
  open_database(arguments[0]);
}

static void begin_team_read(char **arguments) {
  begin_team(arguments);
  prepare_read();
}

static void begin_team_write(char **arguments) {
  begin_team(arguments);
  prepare_write();
}

static void begin_team_add(char **arguments) {
  begin_team(arguments);
  prepare("UPDATE items SET value = value + 1 WHERE key = ?");
  must(sqlite3_bind_int64(statement, 1, SUBJECT_ITEM));
}

static void team_add(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    step();
}

const subject_task subject_tasks[] = {
  {"read", begin_read, read_items, close_database},
  {"write", begin_write, write_items, close_database},
  {"memory", begin_memory, NULL, NULL},
  {"host", begin_host, NULL, close_database},
  {"team-read", begin_team_read, read_items, close_database},
  {"team-write", begin_team_write, write_items, close_database},
  {"team-add", begin_team_add, team_add, close_database},
  {NULL, NULL, NULL, NULL},
};
