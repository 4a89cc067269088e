/*
 * lmdb.c - the tasks of LMDB: a table in a mapped file on the file system of shared memory. LMDB
 * does not sync it.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject.h"

static MDB_env *environment;
static MDB_dbi table;
static MDB_txn *reading;
static enum subject_type type;

static void must(int status) {
  if (status == MDB_SUCCESS)
    return;
  fprintf(stderr, "LMDB: %s\n", mdb_strerror(status));
  exit(2);
}

static void open_table(const char *name) {
  char path[400];
  MDB_txn *transaction;

  snprintf(path, sizeof path, "%s/%s.lmdb", getenv("BENCH_DIR"), name);
  must(mdb_env_create(&environment));
  must(mdb_env_set_mapsize(environment, (size_t)1 << 30));
  must(mdb_env_open(environment, path, MDB_NOSUBDIR | MDB_WRITEMAP | MDB_NOSYNC, 0600));
  must(mdb_txn_begin(environment, NULL, 0, &transaction));
  must(mdb_dbi_open(transaction, NULL, MDB_INTEGERKEY, &table));
  must(mdb_txn_commit(transaction));
}

static void close_table(void) {
  mdb_env_close(environment);
}

static MDB_val bytes(void *data, size_t size) {
  MDB_val value = {size, data};

  return value;
}

/* Returns the int, or a text of 16 bytes. */
static MDB_val value_of(int64_t *integer) {
  return type == SUBJECT_INT ? bytes(integer, sizeof *integer)
                             : bytes((void *)(uintptr_t)(*integer & 1 ? SUBJECT_TEXT : SUBJECT_OTHER), 16);
}

static void fill(size_t count) {
  MDB_txn *transaction;

  must(mdb_txn_begin(environment, NULL, 0, &transaction));
  for (size_t i = 0; i < count; i++) {
    int64_t integer = 7;
    MDB_val key = bytes(&i, sizeof i), value = value_of(&integer);

    must(mdb_put(transaction, table, &key, &value, 0));
  }
  must(mdb_txn_commit(transaction));
}

static void begin_items(char **arguments) {
  type = subject_type_of(arguments[0]);
  open_table("c");
  fill(SUBJECT_ITEMS);
}

/*
 * Each read has a transaction of its own, so that it sees the latest writes of other processes. All
 * transactions use the same reader slot.
 */
static void read_items(int64_t times) {
  size_t index = SUBJECT_ITEM;

  must(mdb_txn_begin(environment, NULL, MDB_RDONLY, &reading));
  mdb_txn_reset(reading);
  for (int64_t i = 0; i < times; i++) {
    MDB_val key = bytes(&index, sizeof index), value;
    char copy[16];

    must(mdb_txn_renew(reading));
    must(mdb_get(reading, table, &key, &value));
    memcpy(copy, value.mv_data, value.mv_size <= sizeof copy ? value.mv_size : sizeof copy);
    __asm__ volatile("" : : "r"(copy) : "memory");
    mdb_txn_reset(reading);
  }
  mdb_txn_abort(reading);
}

static void write_items(int64_t times) {
  size_t index = SUBJECT_ITEM;

  for (int64_t i = 0; i < times; i++) {
    MDB_val key = bytes(&index, sizeof index), value = value_of(&i);
    MDB_txn *transaction;

    must(mdb_txn_begin(environment, NULL, 0, &transaction));
    must(mdb_put(transaction, table, &key, &value, 0));
    must(mdb_txn_commit(transaction));
  }
}

static void begin_memory(char **arguments) {
  size_t count = subject_number(arguments[1]);
  char name[40];
  MDB_envinfo info;
  MDB_stat stat;

  type = subject_type_of(arguments[0]);
  snprintf(name, sizeof name, "memory-%s", arguments[0]);
  open_table(name);
  fill(count);
  must(mdb_env_info(environment, &info));
  must(mdb_env_stat(environment, &stat));
  subject_answer((double)(info.me_last_pgno + 1) * stat.ms_psize, (double)count);
  close_table();
}

static void begin_host(char **arguments) {
  type = SUBJECT_INT;
  open_table(arguments[0]);
  fill(SUBJECT_ITEMS);
}

static void begin_team(char **arguments) {
  type = SUBJECT_INT;
  open_table(arguments[0]);
}

static void team_add(int64_t times) {
  size_t index = SUBJECT_ITEM;

  for (int64_t i = 0; i < times; i++) {
    MDB_val key = bytes(&index, sizeof index), value;
    MDB_txn *transaction;
    int64_t integer;

    must(mdb_txn_begin(environment, NULL, 0, &transaction));
    must(mdb_get(transaction, table, &key, &value));
    memcpy(&integer, value.mv_data, sizeof integer);
    integer++;
    value = bytes(&integer, sizeof integer);
    must(mdb_put(transaction, table, &key, &value, 0));
    must(mdb_txn_commit(transaction));
  }
}

const subject_task subject_tasks[] = {
  {"read", begin_items, read_items, close_table},
  {"write", begin_items, write_items, close_table},
  {"memory", begin_memory, NULL, NULL},
  {"host", begin_host, NULL, close_table},
  {"team-read", begin_team, read_items, close_table},
  {"team-write", begin_team, write_items, close_table},
  {"team-add", begin_team, team_add, close_table},
  {NULL, NULL, NULL, NULL},
};
