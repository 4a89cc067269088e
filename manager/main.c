/*
 * main.c - shareable-manager: the process that owns blocks for others.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "key.h"
#include "log.h"
#include "server.h"

typedef struct settings {
  const char *address;
  const char *key_file;
  int key, told, tracker, lifeline; /* descriptors, or -1 */
  pid_t owner;
  bool takes_md5;
} settings;

static const char usage[] =
  "Usage: shareable-manager {--authkey-file FILE | --authkey-fd N} [OPTION]...\n"
  "Own blocks of shared memory for others, and remove them in the end. Clients speak to it as to a\n"
  "multiprocessing.managers.SharedMemoryManager of CPython's, or are one.\n"
  "\n"
  "  -a, --address ADDRESS    where to listen: a path with a '/', @NAME, or HOST:PORT with an IPv4 address\n"
  "                           (else: a socket in a new directory of its own)\n"
  "  -k, --authkey-file FILE  the key that clients have to show: all bytes of the file, which is made if need be\n"
  "      --authkey-fd N       the key is what can be read from this descriptor\n"
  "      --no-md5             refuse clients that can do no better: CPython before 3.12\n"
  "      --address-fd N       write the address to this descriptor, as CPython's managers do\n"
  "      --tracker-fd N       tell CPython's resource tracker of blocks that are removed\n"
  "      --lifeline-fd N      end when the other end of this pipe is closed\n"
  "      --owner PID          end when this process does\n"
  "  -h, --help               print this\n"
  "  -V, --version            print the version\n"
  "\n"
  "The address is printed once clients can connect, unless --address-fd is given. SIGTERM ends it.\n";

enum option_number { AUTHKEY_FD = 256, NO_MD5, ADDRESS_FD, TRACKER_FD, LIFELINE_FD, OWNER };

static const struct option options[] = {{"address", required_argument, NULL, 'a'},
                                        {"authkey-file", required_argument, NULL, 'k'},
                                        {"authkey-fd", required_argument, NULL, AUTHKEY_FD},
                                        {"no-md5", no_argument, NULL, NO_MD5},
                                        {"address-fd", required_argument, NULL, ADDRESS_FD},
                                        {"tracker-fd", required_argument, NULL, TRACKER_FD},
                                        {"lifeline-fd", required_argument, NULL, LIFELINE_FD},
                                        {"owner", required_argument, NULL, OWNER},
                                        {"help", no_argument, NULL, 'h'},
                                        {"version", no_argument, NULL, 'V'},
                                        {NULL, 0, NULL, 0}};

static int number(const char *text) {
  char *end;
  long value = strtol(text, &end, 10);

  if (end == text || *end != '\0' || value < 0 || value > INT_MAX)
    errx(EXIT_FAILURE, "'%s' is no descriptor and no process", text);
  return (int)value;
}

static void print_and_exit(const char *text) {
  exit(fputs(text, stdout) == EOF || fflush(stdout) == EOF ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void set(settings *to, int option) {
  switch (option) {
  case 'a':
    to->address = optarg;
    break;
  case 'k':
    to->key_file = optarg;
    break;
  case AUTHKEY_FD:
    to->key = number(optarg);
    break;
  case NO_MD5:
    to->takes_md5 = false;
    break;
  case ADDRESS_FD:
    to->told = number(optarg);
    break;
  case TRACKER_FD:
    to->tracker = number(optarg);
    break;
  case LIFELINE_FD:
    to->lifeline = number(optarg);
    break;
  case OWNER:
    to->owner = number(optarg);
    break;
  case 'h':
    print_and_exit(usage);
    break;
  case 'V':
    printf("shareable-manager %s\n", shareable_version());
    exit(EXIT_SUCCESS);
  default:
    fputs("Try 'shareable-manager --help'.\n", stderr);
    exit(EXIT_FAILURE);
  }
}

static void read_settings(settings *to, int argc, char **argv) {
  int option;

  while ((option = getopt_long(argc, argv, "a:k:hV", options, NULL)) != -1)
    set(to, option);
  if (optind < argc)
    errx(EXIT_FAILURE, "'%s': there is nothing to say but options", argv[optind]);
  if ((to->key < 0) == (to->key_file == NULL))
    errx(EXIT_FAILURE, "a key is needed: --authkey-file FILE, or --authkey-fd N");
}

static bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

/* Opens those standard streams that are closed, so that no file or socket of ours gets their numbers. */
static void open_standard_streams(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (!is_open(fd) && open("/dev/null", O_RDWR) != fd && open("/", O_RDONLY | O_DIRECTORY) != fd)
      exit(EXIT_FAILURE); /* and there is nowhere to report it */
}

/* A number that is not open now would be that of a file of ours later. */
static void check_descriptor(int fd, const char *option) {
  if (fd >= 0 && !is_open(fd))
    errx(EXIT_FAILURE, "%s: descriptor %d is not open", option, fd);
}

static void close_on_exec(int fd) {
  if (fd > STDERR_FILENO)
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void check_descriptors(const settings *from) {
  check_descriptor(from->key, "--authkey-fd");
  check_descriptor(from->told, "--address-fd");
  check_descriptor(from->tracker, "--tracker-fd");
  check_descriptor(from->lifeline, "--lifeline-fd");
  close_on_exec(from->tracker);
  close_on_exec(from->lifeline);
}

/* What these signals interrupt is a write to a pipe, a terminal or a file: its result says enough. */
static void ignore_signals(void) {
  static const int ignored[] = {SIGINT, SIGHUP, SIGPIPE, SIGXFSZ, SIGTTOU};

  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
    signal(ignored[i], SIG_IGN);
}

/* False where whoever was to be told is gone. */
static bool tell_pickled(const shareable__address *address, int fd) {
  shareable__plain nodes[8];
  shareable__plains in = shareable__plains_in(nodes, 8);
  char host[INET_ADDRSTRLEN];
  unsigned char frame[256];
  uint32_t root = shareable__address_plain(address, &in, host);
  size_t size = shareable__frame(&in, root, frame, sizeof frame);
  bool is_told = root != 0 && size <= sizeof frame && write(fd, frame, size) == (ssize_t)size;

  close(fd);
  return is_told;
}

/* So that it does not keep a file system busy. */
static void leave_folder(void) {
  if (chdir("/") != 0)
    log_errno(errno, "cannot change to /");
}

/* A manager that another program starts for itself begins and ends with it: to report that would be noise. */
static bool is_service(const settings *from) {
  return from->owner == 0 && from->told < 0;
}

static void log_start(const server *of) {
  char text[SHAREABLE__ADDRESS_TEXT];

  if (!shareable__address_write(&of->place.address, text))
    strcpy(text, "an address without a text");
  log_event(LOG_STATE, "listens at %s", text);
}

static bool tell(const server *of, int fd) {
  char text[SHAREABLE__ADDRESS_TEXT];

  if (fd >= 0)
    return tell_pickled(&of->place.address, fd);
  return !shareable__address_write(&of->place.address, text) || (puts(text) >= 0 && fflush(stdout) == 0);
}

static bool load_key(const settings *from, unsigned char **key, size_t *size) {
  char source[40];

  if (from->key_file != NULL)
    return key_load(from->key_file, key, size);
  snprintf(source, sizeof source, "descriptor %d (--authkey-fd)", from->key);
  return key_read(from->key, source, key, size);
}

static void run(server *manager, const settings *from) {
  if (!server_watch(manager, from->lifeline, from->owner))
    server_stop(manager, "the owner has ended");
  else if (!tell(manager, from->told))
    server_stop(manager, "the address could not be reported");
  else if (is_service(from))
    log_start(manager);
  open_standard_streams(); /* the address was written to one of them and closed, perhaps */
  leave_folder();
  server_run(manager);
  log_finish();
  if (is_service(from))
    log_event(LOG_STATE, "stopped: %s", manager->reason);
}

int main(int argc, char **argv) {
  settings from = {.key = -1, .told = -1, .tracker = -1, .lifeline = -1, .takes_md5 = true};
  static server manager;
  unsigned char *key;
  size_t size;
  bool is_begun;

  open_standard_streams();
  read_settings(&from, argc, argv);
  check_descriptors(&from);
  ignore_signals();
  if (!load_key(&from, &key, &size))
    return EXIT_FAILURE;
  open_standard_streams(); /* the key was read from one of them, perhaps */
  manager.key = (shareable__key){key, size, from.takes_md5};
  shareable__owner_be_manager();
  tracker_open(&manager.blocks.tracker, from.tracker);
  is_begun = server_open(&manager, from.address);
  if (is_begun)
    run(&manager, &from);
  key_wipe(key, size);
  return is_begun ? EXIT_SUCCESS : EXIT_FAILURE;
}
