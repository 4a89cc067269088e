/*
 * server.h - the running manager: its listener, its sessions and its blocks.
 */
#ifndef MANAGER_SERVER_H
#define MANAGER_SERVER_H

#include <uv.h>

#include "block_registry.h"
#include "control.h"
#include "listener.h"
#include "protocol/message.h"

/*
 * The time that a peer has to show its key, to complete a request, or to accept a reply, in
 * milliseconds.
 */
#define PEER_TIMEOUT_MS 10000
/*
 * The maximum number of sessions; fewer if there are fewer descriptors. At most half of them may be
 * unauthenticated. To admit one more, the server closes the oldest unauthenticated session, see
 * session_evict_oldest(). A session of this user or of root is closed only for another process of
 * this user or of root.
 */
#define SESSIONS_MAX 4096

struct session;

/* Numbers since the start, for control_message.h. */
struct counts {
  uint64_t clients; /* connections that were authenticated */
  uint64_t refused_peers, refused_keys, refused_by_limits;
};

struct server {
  /* Set before server_open(): */
  bool is_interruptible; /* SIGINT stops the server, too */
  bool is_listed;        /* `shareable manager` finds it */
  shareable__key key;
  uv_loop_t loop;
  uv_poll_t accept_poll;
  uv_poll_t lifeline, owner;
  uv_signal_t terminate, interrupt;
  uv_timer_t deadline_timer;
  struct listener listener;
  block_registry blocks;
  struct control control;
  struct counts counts;
  int64_t start;   /* by shareable__now() */
  pid_t owner_pid; /* or 0 */
  struct session *oldest, *newest;
  unsigned sessions, unauthenticated;         /* numbers of sessions */
  unsigned unrecorded_ticks;                  /* ticks since unrecorded names were added */
  unsigned sessions_max, unauthenticated_max; /* what the limit of descriptors allows */
  int diag;                                   /* of peer_open_diag(), for TCP; or -1 */
  int reserve;                                /* a descriptor that refuse_peer() closes to accept a peer, or -1 */
  const char *reason;                         /* why the server stops */
  bool is_stopping;
};

/*
 * Listens at the address, or in a new directory if it is NULL. SIGTERM then stops the server.
 * Changes the working directory if `is_listed`. Returns false after logging an error.
 */
bool server_open(struct server *server, const char *address);

/*
 * Makes the server stop when the other end of the pipe `lifeline` is closed, or the process `owner`
 * ends; it stops at once if the owner has ended already. -1 and 0 disable these. Returns false on an
 * error, which is logged.
 */
bool server_watch(struct server *server, int lifeline, pid_t owner);

/*
 * Serves until server_stop() is called. Then removes the blocks, closes the sessions and frees
 * everything.
 */
void server_run(struct server *server);

/* Makes server_run() return. The reason is for the log. */
void server_stop(struct server *server, const char *reason);

/*
 * Starts the timer that checks deadlines, unrecorded names, suppressed log lines and the queue of
 * the tracker. The timer stops itself when none of them is pending.
 */
void server_arm_timer(struct server *server);

#endif
