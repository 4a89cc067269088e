/*
 * peer.c - the process or user of a peer, if the kernel reports it.
 */
#include "peer.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol/address.h"

/* A reply has headers of 16 and 72 bytes, and attributes, which are not used here. */
#define DIAG_REPLY_SIZE 4096

typedef struct diag_request {
  struct nlmsghdr header;
  struct inet_diag_req_v2 body;
} diag_request;

typedef union diag_reply {
  struct nlmsghdr header;
  char bytes[DIAG_REPLY_SIZE];
} diag_reply;

int peer_open_diag(void) {
  return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
}

/* Makes a request for the socket at the other end: its local address is the address of the peer. */
static diag_request diag_request_for(const struct sockaddr_in *remote, const struct sockaddr_in *own) {
  diag_request result = {
    .header = {.nlmsg_len = sizeof result, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
    .body = {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1u << TCP_ESTABLISHED}};
  struct inet_diag_sockid *id = &result.body.id;

  id->idiag_sport = remote->sin_port;
  id->idiag_dport = own->sin_port;
  id->idiag_src[0] = remote->sin_addr.s_addr;
  id->idiag_dst[0] = own->sin_addr.s_addr;
  id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return result;
}

static bool is_own_user(uid_t user) {
  return user == geteuid() || user == 0;
}

/* A closed socket has no inode, and the kernel reports user 0 for it, whatever its user was. */
static bool is_own_socket(const diag_reply *reply, ssize_t size) {
  struct inet_diag_msg found;

  if (size < (ssize_t)NLMSG_SPACE(sizeof found) || reply->header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
    return false;
  memcpy(&found, NLMSG_DATA(&reply->header), sizeof found);
  return found.idiag_state == TCP_ESTABLISHED && found.idiag_inode != 0 && is_own_user(found.idiag_uid);
}

static void discard_replies(int diag) {
  diag_reply unread;

  while (recv(diag, &unread, sizeof unread, MSG_DONTWAIT) >= 0)
    continue;
}

/* The kernel queues its reply before send() returns. */
static bool is_own_process(const struct sockaddr_in *remote, int socket, int diag) {
  struct sockaddr_in own = {0};
  socklen_t size = sizeof own;
  diag_request request;
  diag_reply reply;

  if (diag < 0 || getsockname(socket, (struct sockaddr *)&own, &size) != 0 || own.sin_family != AF_INET)
    return false;
  discard_replies(diag);
  request = diag_request_for(remote, &own);
  return send(diag, &request, sizeof request, 0) == (ssize_t)sizeof request &&
         is_own_socket(&reply, recv(diag, &reply, sizeof reply, MSG_DONTWAIT));
}

static void identify_internet(struct peer *result, int socket, int diag) {
  shareable__address address = {.length = sizeof address.internet};
  char text[SHAREABLE__ADDRESS_TEXT] = "?";
  bool has_address = getpeername(socket, &address.any, &address.length) == 0;

  if (!has_address || !shareable__address_format(&address, text))
    strcpy(text, "?");
  snprintf(result->text, sizeof result->text, "peer %.40s", text);
  result->may_connect = true;
  result->is_own = has_address && is_own_process(&address.internet, socket, diag);
}

static void identify_local(struct peer *result, int socket) {
  struct ucred process;
  socklen_t size = sizeof process;

  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &process, &size) != 0)
    return;
  snprintf(result->text, sizeof result->text, "process %ld of user %lu", (long)process.pid, (unsigned long)process.uid);
  result->may_connect = result->is_own = is_own_user(process.uid);
}

void peer_identify(struct peer *result, int socket, int diag) {
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;

  *result = (struct peer){.text = "an unknown process"};
  if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_INET)
    identify_internet(result, socket, diag);
  else
    identify_local(result, socket);
}

bool peer_is_gone(int socket) {
  char byte;
  ssize_t count = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

  return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}
