/*
 * main.c - shareable-manager: the process that owns blocks for others.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/quote.h"
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

/* By way of the log, which makes text from the command line safe for a terminal. */
__attribute__((format(printf, 1, 2))) static _Noreturn void fail(const char *format, ...) {
  char text[900];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  log_event(LOG_STATE, "%s", text);
  exit(EXIT_FAILURE);
}

static int number(const char *text) {
  char *end;
  long value = strtol(text, &end, 10);

  if (end == text || *end != '\0' || value < 0 || value > INT_MAX)
    fail("'%s' is no descriptor and no process", text);
  return (int)value;
}

static bool print(const char *text) {
  return fputs(text, stdout) != EOF && fflush(stdout) != EOF;
}

static _Noreturn void print_and_exit(const char *text) {
  if (!print(text))
    fail("standard output: %s", strerror(errno));
  exit(EXIT_SUCCESS);
}

static bool is_option(int number) {
  for (const struct option *each = options; each->name != NULL; each++)
    if (each->val == number)
      return true;
  return false;
}

/* What getopt_long() would write to standard error as it is. For a letter in the midst of others, there is no word. */
static _Noreturn void refuse_option(int result, const char *word) {
  if (result == ':')
    log_event(LOG_STATE, "option '%s' needs an argument", word);
  else if (optopt == 0)
    log_event(LOG_STATE, "'%s' is not an option, or the beginning of several", word);
  else if (is_option(optopt))
    log_event(LOG_STATE, "'%s': this option takes no argument", word);
  else
    log_event(LOG_STATE, "'-%c' is not an option", optopt);
  fail("try 'shareable-manager --help'");
}

static _Noreturn void print_version_and_exit(void) {
  char text[100];

  snprintf(text, sizeof text, "shareable-manager %s\n", shareable_version());
  print_and_exit(text);
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
  case 'V':
    print_version_and_exit();
  }
}

static void read_settings(settings *to, int argc, char **argv) {
  int option;

  opterr = 0;
  while ((option = getopt_long(argc, argv, ":a:k:hV", options, NULL)) != -1)
    if (option == '?' || option == ':')
      refuse_option(option, argv[optind - 1]);
    else
      set(to, option);
  if (optind < argc)
    fail("'%s': there is nothing to say but options", argv[optind]);
  if ((to->key < 0) == (to->key_file == NULL))
    fail("a key is needed: --authkey-file FILE, or --authkey-fd N");
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
    fail("%s: descriptor %d is not open", option, fd);
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

/* Returns false with errno set if the bytes were not written. */
static bool write_whole(int fd, const void *bytes, size_t size) {
  ssize_t count = write(fd, bytes, size);

  if (count >= 0 && count != (ssize_t)size)
    errno = ENOSPC;
  return count == (ssize_t)size;
}

/* Returns false with errno set if the address was not written, for example because the reader has ended. */
static bool tell_pickled(const shareable__address *address, int fd) {
  shareable__pyvalue nodes[8];
  shareable__pyvalue_arena in = shareable__pyvalue_arena_in(nodes, 8);
  char host[INET_ADDRSTRLEN];
  unsigned char frame[256];
  uint32_t root = shareable__address_to_pyvalue(address, &in, host);
  size_t size = shareable__frame(&in, root, frame, sizeof frame);
  bool is_told = root != 0 && size <= sizeof frame && write_whole(fd, frame, size);
  int error = errno;

  close(fd);
  errno = error;
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

/* A program gets the address as it is, a terminal without its control characters. */
static bool print_address(const char *text) {
  char line[4 * SHAREABLE__ADDRESS_TEXT + 1];

  if (isatty(STDOUT_FILENO))
    shareable__quote(line, sizeof line - 1, text, strlen(text), sizeof line);
  else
    strcpy(line, text);
  return print(strcat(line, "\n"));
}

static bool tell(const server *of, int fd) {
  char text[SHAREABLE__ADDRESS_TEXT];
  bool is_told = true;

  if (fd >= 0)
    is_told = tell_pickled(&of->place.address, fd);
  else if (shareable__address_write(&of->place.address, text))
    is_told = print_address(text);
  if (!is_told)
    log_errno(errno, "cannot report the address");
  return is_told;
}

static bool load_key(const settings *from, unsigned char **key, size_t *size) {
  char source[40];

  if (from->key_file != NULL)
    return key_load(from->key_file, key, size);
  snprintf(source, sizeof source, "descriptor %d (--authkey-fd)", from->key);
  return key_read(from->key, source, key, size);
}

/* Returns whether it began to serve, or did not have to. */
static bool run(server *manager, const settings *from) {
  bool is_told = true;

  if (!server_watch(manager, from->lifeline, from->owner))
    server_stop(manager, "the owner has ended");
  else if (!(is_told = tell(manager, from->told)))
    server_stop(manager, "the address could not be reported");
  else if (is_service(from))
    log_start(manager);
  open_standard_streams(); /* the address was written to one of them and closed, perhaps */
  leave_folder();
  server_run(manager);
  log_finish();
  if (is_service(from))
    log_event(LOG_STATE, "stopped: %s", manager->reason);
  return is_told;
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
    is_begun = run(&manager, &from);
  key_wipe(key, size);
  return is_begun ? EXIT_SUCCESS : EXIT_FAILURE;
}
