/*
 * attack_floods.c - attacks that use up connections, files or bytes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "attacks.h"
#include "board.h"
#include "victims.h"

enum { PATH = 128, HELD = 60, FILES = 300 };

static int connect_abstract(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(ABSTRACT_ADDRESS));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  memcpy(address.sun_path + 1, &ABSTRACT_ADDRESS[1], strlen(ABSTRACT_ADDRESS) - 1);
  if (connect(fd, (struct sockaddr *)&address, length) == 0)
    return fd;
  close(fd);
  return -1;
}

static int connect_tcp(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(40123), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  const struct linger reset = {1, 0};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  connect(fd, (struct sockaddr *)&address, sizeof address);
  return fd;
}

/*
 * Sends what looks like the start of a message: a length, a challenge, its answers, or random
 * bytes.
 */
static void send_garbage(int fd) {
  static const char *const words[] = {"\0\0\0\x20#CHALLENGE#{sha256}aaaaaaaaaaaaaaaa", "\0\0\0\x09#WELCOME#",
                                      "\xff\xff\xff\xff", "\0\0\0\x10zzzzzzzzzzzzzzzz", "\x7f\xff\xff\xff"};
  static const size_t lengths[] = {36, 13, 4, 20, 4};
  unsigned k = random_below(6);
  char noise[64];

  if (k < 5) {
    send(fd, words[k], lengths[k], MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  for (size_t i = 0; i < sizeof noise; i++)
    noise[i] = (char)random_below(256);
  send(fd, noise, sizeof noise, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool is_closed(int fd) {
  char byte;
  ssize_t got = fd < 0 ? 0 : recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINPROGRESS && errno != ENOTCONN);
}

/*
 * Returns whether the open connections must stay as they are, so that none becomes free. That
 * alternates, every few seconds, with times in which connections come and go.
 */
static bool keeps_connections(void) {
  return clock_now() / UINT64_C(1000000000) % 10 >= 4;
}

/* Keeps many connections open all the time. */
bool attack_socket(void) {
  static int held[HELD];
  static bool has_begun;
  bool done = false;

  if (!has_begun)
    memset(held, -1, sizeof held);
  has_begun = true;
  for (unsigned n = 5 + random_below(20); n > 0; n--) {
    unsigned k = random_below(HELD);

    if (!keeps_connections() || is_closed(held[k])) {
      if (held[k] >= 0)
        close(held[k]);
      held[k] = random_below(4) == 0 ? connect_abstract() : connect_tcp();
      if (held[k] >= 0 && random_below(2) == 0)
        send_garbage(held[k]);
    }
    done = held[k] >= 0 || done;
  }
  sleep_us(2000 + random_below(5000));
  return done;
}

static bool flood_names(void) {
  char path[PATH];
  unsigned made = 0;

  for (unsigned k = 0; k < FILES; k++) {
    snprintf(path, sizeof path, k % 3 == 0 ? SHM ".shareable-%d-%u" : SHM "attacker-%d-%u", getpid(), k);
    if (k % 3 == 0)
      made += mkdir(path, 0755) == 0;
    else
      made += mknod(path, S_IFREG | 0666, 0) == 0;
  }
  sleep_us(random_below(5000));
  for (unsigned k = 0; k < FILES; k++) {
    snprintf(path, sizeof path, k % 3 == 0 ? SHM ".shareable-%d-%u" : SHM "attacker-%d-%u", getpid(), k);
    remove_all(path);
  }
  return made > 0;
}

/* Creates many logs, each of an owner that seems to have ended. */
static bool flood_logs(void) {
  char directory[PATH], path[PATH + 24];
  unsigned made = 0;

  if (!directory_make(directory, sizeof directory))
    return false;
  for (unsigned k = 0; k < 60; k++) {
    snprintf(path, sizeof path, "%s/%016u", directory, k);
    int fd = log_create(path, FIRST_USER);

    if (fd < 0)
      continue;
    made += ftruncate(fd, (off_t)random_below(1u << 30) * 1024) == 0;
    close(fd);
  }
  sleep_us(random_below(5000));
  remove_all(directory);
  return made > 0;
}

/* Uses up all free space for a moment. */
static bool flood_space(void) {
  char path[PATH];
  off_t size = 1 << 26;
  int fd;

  snprintf(path, sizeof path, SHM "attacker-space-%d", getpid());
  fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return false;
  for (; size >= 4096; size /= 2)
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, lseek(fd, 0, SEEK_END), size) == 0 &&
        ftruncate(fd, lseek(fd, 0, SEEK_END) + size) != 0)
      break;
  sleep_us(random_below(3000));
  unlink(path);
  close(fd);
  return true;
}

bool attack_flood(void) {
  switch (random_below(3)) {
  case 0:
    return flood_names();
  case 1:
    return flood_logs();
  default:
    return flood_space();
  }
}
