/*
 * redis.c - Redis on a Unix socket: a hash, through hiredis.
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject.h"

static redisContext *server;
static enum turn_type type;

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

static void connect_to_it(void) {
  server = redisConnectUnix(getenv("BENCH_REDIS"));
  turn_must(server != NULL && server->err == 0, "connecting to Redis");
}

static void leave(void) {
  redisFree(server);
}

static void fill(size_t count) {
  redisReply *reply;

  for (size_t i = 0; i < count; i++) {
    if (type == TURN_INT)
      redisAppendCommand(server, "HSET items %lld 7", (long long)i);
    else
      redisAppendCommand(server, "HSET items %lld %b", (long long)i, TURN_TEXT, (size_t)16);
    if (i % 1000 == 999 || i + 1 == count)
      for (size_t k = i % 1000 + 1; k > 0; k--) {
        turn_must(redisGetReply(server, (void **)&reply) == REDIS_OK, "a reply of Redis");
        must(reply);
        freeReplyObject(reply);
      }
  }
}

static void begin_items(char **words) {
  type = turn_type_of(words[0]);
  connect_to_it();
  run("FLUSHALL");
  fill(TURN_ITEMS);
}

static void read_items(int64_t times) {
  char command[100];

  snprintf(command, sizeof command, "HGET items %d", TURN_ITEM);
  for (int64_t i = 0; i < times; i++) {
    redisReply *reply = redisCommand(server, command);

    must(reply);
    if (type == TURN_INT)
      (void)strtoll(reply->str, NULL, 10);
    freeReplyObject(reply);
  }
}

static void write_items(int64_t times) {
  for (int64_t i = 0; i < times; i++) {
    redisReply *reply = type == TURN_INT ? redisCommand(server, "HSET items %d %lld", TURN_ITEM, (long long)i)
                                         : redisCommand(server, "HSET items %d %b", TURN_ITEM,
                                                        i & 1 ? TURN_TEXT : TURN_OTHER, (size_t)16);

    must(reply);
    freeReplyObject(reply);
  }
}

static double used(void) {
  redisReply *reply = redisCommand(server, "INFO memory");
  double bytes;

  must(reply);
  bytes = strtod(strstr(reply->str, "used_memory:") + 12, NULL);
  freeReplyObject(reply);
  return bytes;
}

static void begin_memory(char **words) {
  size_t count = turn_number(words[1]);
  double before;

  type = turn_type_of(words[0]);
  connect_to_it();
  run("FLUSHALL");
  before = used();
  fill(count);
  turn_answer(used() - before, (double)count);
  run("FLUSHALL");
  leave();
}

static void begin_host(char **words) {
  (void)words;
  type = TURN_INT;
  connect_to_it();
  run("FLUSHALL");
  fill(TURN_ITEMS);
}

static void begin_team(char **words) {
  (void)words;
  type = TURN_INT;
  connect_to_it();
}

static void team_add(int64_t times) {
  char command[100];

  snprintf(command, sizeof command, "HINCRBY items %d 1", TURN_ITEM);
  for (int64_t i = 0; i < times; i++)
    run(command);
}

int main(void) {
  static const turn_work works[] = {
    {"read", begin_items, read_items, leave},
    {"write", begin_items, write_items, leave},
    {"memory", begin_memory, NULL, NULL},
    {"host", begin_host, NULL, leave},
    /* Several clients at the same time. */
    {"team-read", begin_team, read_items, leave},
    {"team-write", begin_team, write_items, leave},
    {"team-add", begin_team, team_add, leave},
    {NULL, NULL, NULL, NULL},
  };

  turn_take_all(works);
}
