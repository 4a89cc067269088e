/*
 * dicts_lmdb.c - the tasks of dicts in LMDB: a table with text keys in a mapped file on the file
 * system of shared memory. LMDB does not sync it.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dict_keys.h"
#include "subject.h"

static MDB_env *environment;
static MDB_dbi table;
static char path[64];
static int is_new; /* each read begins a new transaction, instead of renewing one */

static void must(int status) {
  if (status == MDB_SUCCESS)
    return;
  fprintf(stderr, "LMDB: %s\n", mdb_strerror(status));
  exit(2);
}

static MDB_val bytes(void *data, size_t size) {
  MDB_val value = {size, data};

  return value;
}

static void put(MDB_txn *transaction, size_t number, int64_t integer) {
  MDB_val key = bytes(dict_keys[number], DICT_KEY_SIZE), value = bytes(&integer, sizeof integer);

  must(mdb_put(transaction, table, &key, &value, 0));
}

static void begin_keys(char **arguments) {
  MDB_txn *transaction;

  is_new = arguments[0] != NULL && strcmp(arguments[0], "new") == 0;
  dict_make_keys();
  snprintf(path, sizeof path, "/dev/shm/bench-lmdb-%ld", (long)getpid());
  must(mdb_env_create(&environment));
  must(mdb_env_set_mapsize(environment, (size_t)1 << 28));
  must(mdb_env_open(environment, path, MDB_NOSUBDIR | MDB_WRITEMAP | MDB_NOSYNC, 0600));
  must(mdb_txn_begin(environment, NULL, 0, &transaction));
  must(mdb_dbi_open(transaction, NULL, 0, &table));
  for (size_t i = 0; i < DICT_KEYS; i++)
    put(transaction, i, (int64_t)i);
  must(mdb_txn_commit(transaction));
}

static void end_keys(void) {
  char lock[80];

  mdb_env_close(environment);
  snprintf(lock, sizeof lock, "%s-lock", path);
  unlink(lock);
  unlink(path);
}

static void get_one(MDB_txn *transaction, size_t number) {
  MDB_val key = bytes(dict_keys[number], DICT_KEY_SIZE), value;
  int64_t integer;

  must(mdb_get(transaction, table, &key, &value));
  memcpy(&integer, value.mv_data, sizeof integer);
  __asm__ volatile("" : : "r"(integer) : "memory");
}

static void get_in_new_transactions(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    MDB_txn *transaction;

    must(mdb_txn_begin(environment, NULL, MDB_RDONLY, &transaction));
    get_one(transaction, dict_key_at(i));
    mdb_txn_abort(transaction);
  }
}

/* Each read sees the latest writes of other processes. All of them use one transaction's handle and slot. */
static void get_keys(int64_t times) {
  MDB_txn *transaction;

  if (is_new) {
    get_in_new_transactions(times);
    return;
  }
  must(mdb_txn_begin(environment, NULL, MDB_RDONLY, &transaction));
  mdb_txn_reset(transaction);
  for (int64_t i = 0; i < times; i++) {
    must(mdb_txn_renew(transaction));
    get_one(transaction, dict_key_at(i));
    mdb_txn_reset(transaction);
  }
  mdb_txn_abort(transaction);
}

static void set_keys(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    MDB_txn *transaction;

    must(mdb_txn_begin(environment, NULL, 0, &transaction));
    put(transaction, dict_key_at(i), i);
    must(mdb_txn_commit(transaction));
  }
}

static void add_to_keys(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    size_t number = dict_key_at(i);
    MDB_val key = bytes(dict_keys[number], DICT_KEY_SIZE), value;
    MDB_txn *transaction;
    int64_t integer;

    must(mdb_txn_begin(environment, NULL, 0, &transaction));
    must(mdb_get(transaction, table, &key, &value));
    memcpy(&integer, value.mv_data, sizeof integer);
    put(transaction, number, integer + 1);
    must(mdb_txn_commit(transaction));
  }
}

/* Two transactions, as for two calls. */
static void renew_keys(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    size_t number = dict_key_at(i);
    MDB_val key = bytes(dict_keys[number], DICT_KEY_SIZE);
    MDB_txn *transaction;

    must(mdb_txn_begin(environment, NULL, 0, &transaction));
    must(mdb_del(transaction, table, &key, NULL));
    must(mdb_txn_commit(transaction));
    must(mdb_txn_begin(environment, NULL, 0, &transaction));
    put(transaction, number, i);
    must(mdb_txn_commit(transaction));
  }
}

const subject_task subject_tasks[] = {
  {"get", begin_keys, get_keys, end_keys},
  {"set", begin_keys, set_keys, end_keys},
  {"add", begin_keys, add_to_keys, end_keys},
  {"renew", begin_keys, renew_keys, end_keys},
  {NULL, NULL, NULL, NULL},
};
