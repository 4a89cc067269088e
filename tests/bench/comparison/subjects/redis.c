/*
 * redis.c - the tasks of Redis: a hash, through hiredis and a Unix socket.
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject.h"

static redisContext *server;
static enum subject_type type;

static void must(const redisReply *reply) {
  if (reply != NULL && reply->type != REDIS_REPLY_ERROR)
    return;
  fprintf(stderr, "Redis: %s\n", reply == NULL ? server->errstr : reply->str);
  exit(2);
}

static void run(const char *command) {
  redisReply *reply = redisCommand(server, command);

  must(reply);
  freeReplyObject(reply);
}

static void open_connection(void) {
  server = redisConnectUnix(getenv("BENCH_REDIS"));
  subject_must(server != NULL && server->err == 0, "connecting to Redis");
}

static void close_connection(void) {
  redisFree(server);
}

static void fill(size_t count) {
  redisReply *reply;

  for (size_t i = 0; i < count; i++) {
    if (type == SUBJECT_INT)
      redisAppendCommand(server, "HSET items %lld 7", (long long)i);
    else
      redisAppendCommand(server, "HSET items %lld %b", (long long)i, SUBJECT_TEXT, (size_t)16);
    if (i % 1000 == 999 || i + 1 == count)
      for (size_t k = i % 1000 + 1; k > 0; k--) {
        subject_must(redisGetReply(server, (void **)&reply) == REDIS_OK, "reading a reply of Redis");
        must(reply);
        freeReplyObject(reply);
      }
  }
}

static void begin_items(char **arguments) {
  type = subject_type_of(arguments[0]);
  open_connection();
  run("FLUSHALL");
  fill(SUBJECT_ITEMS);
}

static void read_items(int64_t times) {
  char command[100];

  snprintf(command, sizeof command, "HGET items %d", SUBJECT_ITEM);
  for (int64_t i = 0; i < times; i++) {
    redisReply *reply = redisCommand(server, command);

    must(reply);
    if (type == SUBJECT_INT)
      (void)strtoll(reply->str, NULL, 10);
    freeReplyObject(reply);
  }
}

static void write_items(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    redisReply *reply = type == SUBJECT_INT ? redisCommand(server, "HSET items %d %lld", SUBJECT_ITEM, (long long)i)
                                            : redisCommand(server, "HSET items %d %b", SUBJECT_ITEM,
                                                           i & 1 ? SUBJECT_TEXT : SUBJECT_OTHER, (size_t)16);

    must(reply);
    freeReplyObject(reply);
  }
}

static double used_memory(void) {
  redisReply *reply = redisCommand(server, "INFO memory");
  double bytes;

  must(reply);
  bytes = strtod(strstr(reply->str, "used_memory:") + 12, NULL);
  freeReplyObject(reply);
  return bytes;
}

static void begin_memory(char **arguments) {
  size_t count = subject_number(arguments[1]);
  double before;

  type = subject_type_of(arguments[0]);
  open_connection();
  run("FLUSHALL");
  before = used_memory();
  fill(count);
  subject_answer(used_memory() - before, (double)count);
  run("FLUSHALL");
  close_connection();
}

static void begin_host(char **arguments) {
  (void)arguments;
  type = SUBJECT_INT;
  open_connection();
  run("FLUSHALL");
  fill(SUBJECT_ITEMS);
}

static void begin_team(char **arguments) {
  (void)arguments;
  type = SUBJECT_INT;
  open_connection();
}

static void team_add(int64_t times) {
  char command[100];

  snprintf(command, sizeof command, "HINCRBY items %d 1", SUBJECT_ITEM);
  for (int64_t i = 0; i < times; i++)
    run(command);
}

const subject_task subject_tasks[] = {
  {"read", begin_items, read_items, close_connection},
  {"write", begin_items, write_items, close_connection},
  {"memory", begin_memory, NULL, NULL},
  {"host", begin_host, NULL, close_connection},
  {"team-read", begin_team, read_items, close_connection},
  {"team-write", begin_team, write_items, close_connection},
  {"team-add", begin_team, team_add, close_connection},
  {NULL, NULL, NULL, NULL},
};
