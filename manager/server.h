/*
 * server.h - the manager while it runs: where it listens, who is connected, and what it owns.
 */
#ifndef MANAGER_SERVER_H
#define MANAGER_SERVER_H

#include <uv.h>

#include "../core/src/protocol.h"
#include "place.h"
#include "registry.h"

/* How long a peer may take to show its key, to send a request it has begun, or to take a reply; in milliseconds. */
#define PATIENCE_MS 10000
/* How many may be connected that have not shown their key: then the one who has tried longest makes way. */
#define STRANGERS_MAX 64
#define CONNECTIONS_MAX 4096

typedef struct connection connection;

typedef struct server {
  uv_loop_t loop;
  uv_poll_t listener;
  uv_poll_t lifeline, owner;
  uv_signal_t terminate;
  uv_timer_t sweep;
  place place;
  shareable__key key;
  registry blocks;
  connection *oldest, *newest;
  unsigned connections, strangers, most;
  bool is_over;
} server;

/* Begins to listen at the address, or at one of its own where that is NULL. False with the reason printed. */
bool server_open(server *of, const char *address);

/* Ends when the other end of the pipe `lifeline` is closed, and when the process `owner` does; -1 and 0: neither. */
bool server_watch(server *of, int lifeline, pid_t owner);

/* Serves until it is told to stop; then nothing of it is left, nor of its blocks. */
void server_run(server *of);

/* Has server_run() end. */
void server_stop(server *of);

/* Looks for connections whose time is over, from now on until none has a deadline. */
void server_mind_deadlines(server *of);

#endif
