/*
 * server.h - the manager while it runs: where it listens, who is connected, and what it owns.
 */
#ifndef MANAGER_SERVER_H
#define MANAGER_SERVER_H

#include <uv.h>

#include "place.h"
#include "protocol/message.h"
#include "registry.h"

/* How long a peer may take to show its key, to send a request it has begun, or to take a reply; in milliseconds. */
#define PEER_TIMEOUT_MS 10000
/*
 * The most connections; fewer descriptors mean fewer. At most half of them may be without a shown key. One more, and the oldest
 * of these is closed: first one that is not known to be of a process of this user or root, and one of those only for another
 * process of this user or root.
 */
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
  unsigned connections, strangers;
  unsigned sweeps;                           /* since names were added that are not recorded yet */
  unsigned connections_most, strangers_most; /* as the limit of descriptors allows */
  int diag;                                  /* of peer_open_diag(), if peers come over TCP; or -1 */
  int reserve;        /* a descriptor to accept and refuse a peer with when all are in use, or -1 */
  const char *reason; /* why it ends */
  bool is_over;
} server;

/* Begins to listen at the address, or at one of its own where that is NULL. False with the reason printed. */
bool server_open(server *of, const char *address);

/* Ends when the other end of the pipe `lifeline` is closed, and when the process `owner` does; -1 and 0: neither. */
bool server_watch(server *of, int lifeline, pid_t owner);

/* Serves until it is told to stop; then nothing of it is left, nor of its blocks. */
void server_run(server *of);

/* Makes server_run() return. The reason is for the log. */
void server_stop(server *of, const char *reason);

/* Looks at deadlines, the tracker's queue and suppressed log lines, from now on until there are none. */
void server_mind_deadlines(server *of);

#endif
