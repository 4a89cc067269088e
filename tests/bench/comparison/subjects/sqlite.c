/*
 * sqlite.c - SQLite: a table in a mapped file on the file system of shared memory, with a
 * write-ahead log, never synced to a disk. These are the fastest settings with which several
 * processes can read while one writes.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject.h"

static sqlite3 *base;
static sqlite3_stmt *statement;
static enum turn_type type;

static void must(int status) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW)
    return;
  fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(base));
  exit(2);
}

static void run(const char *sql) {
  must(sqlite3_exec(base, sql, NULL, NULL, NULL));
}

static void open_base(const char *name) {
  char path[400];

  snprintf(path, sizeof path, "%s/%s.sqlite", getenv("BENCH_DIR"), name);
  must(sqlite3_open(path, &base));
  must(sqlite3_busy_timeout(base, 10000));
  run("PRAGMA journal_mode = WAL");
  run("PRAGMA synchronous = OFF");
  run("PRAGMA mmap_size = 1073741824");
  run("CREATE TABLE IF NOT EXISTS items (key INTEGER PRIMARY KEY, value)");
}

static void prepare(const char *sql) {
  must(sqlite3_prepare_v2(base, sql, -1, &statement, NULL));
}

static void close_base(void) {
  sqlite3_finalize(statement);
  statement = NULL;
  sqlite3_close(base);
}

static void bind_value(int at, int64_t integer) {
  if (type == TURN_INT)
    must(sqlite3_bind_int64(statement, at, integer));
  else
    must(sqlite3_bind_text(statement, at, integer & 1 ? TURN_TEXT : TURN_OTHER, 16, SQLITE_STATIC));
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

static void begin_items(char **words) {
  type = turn_type_of(words[0]);
  open_base("c");
  fill(TURN_ITEMS);
}

static void prepare_read(void) {
  prepare("SELECT value FROM items WHERE key = ?");
  must(sqlite3_bind_int64(statement, 1, TURN_ITEM));
}

static void begin_read(char **words) {
  begin_items(words);
  prepare_read();
}

static void read_items(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    char copy[16];

    must(sqlite3_step(statement));
    if (type == TURN_INT)
      (void)sqlite3_column_int64(statement, 0);
    else
      memcpy(copy, sqlite3_column_text(statement, 0), sizeof copy);
    must(sqlite3_reset(statement));
  }
}

static void prepare_write(void) {
  prepare("UPDATE items SET value = ? WHERE key = ?");
  must(sqlite3_bind_int64(statement, 2, TURN_ITEM));
}

static void begin_write(char **words) {
  begin_items(words);
  prepare_write();
}

static void write_items(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    bind_value(1, i);
    step();
  }
}

static double number(const char *sql) {
  double its;

  prepare(sql);
  must(sqlite3_step(statement));
  its = sqlite3_column_double(statement, 0);
  must(sqlite3_finalize(statement));
  statement = NULL;
  return its;
}

static void begin_memory(char **words) {
  size_t count = turn_number(words[1]);
  char name[40];

  type = turn_type_of(words[0]);
  snprintf(name, sizeof name, "memory-%s", words[0]);
  open_base(name);
  fill(count);
  turn_answer(number("PRAGMA page_count") * number("PRAGMA page_size"), (double)count);
  close_base();
}

static void begin_host(char **words) {
  type = TURN_INT;
  open_base(words[0]);
  fill(TURN_ITEMS);
  statement = NULL;
}

static void begin_team(char **words) {
  type = TURN_INT;
  open_base(words[0]);
}

static void begin_team_read(char **words) {
  begin_team(words);
  prepare_read();
}

static void begin_team_write(char **words) {
  begin_team(words);
  prepare_write();
}

static void begin_team_add(char **words) {
  begin_team(words);
  prepare("UPDATE items SET value = value + 1 WHERE key = ?");
  must(sqlite3_bind_int64(statement, 1, TURN_ITEM));
}

static void team_add(int64_t times) {
  for (int64_t i = 0; i < times; i++)
    step();
}

int main(void) {
  static const turn_work works[] = {
    {"read", begin_read, read_items, close_base},
    {"write", begin_write, write_items, close_base},
    {"memory", begin_memory, NULL, NULL},
    {"host", begin_host, NULL, close_base},
    {"team-read", begin_team_read, read_items, close_base},
    {"team-write", begin_team_write, write_items, close_base},
    {"team-add", begin_team_add, team_add, close_base},
    {NULL, NULL, NULL, NULL},
  };

  turn_take_all(works);
}
