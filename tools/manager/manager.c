/*
 * manager.c - shareable-manager: options, start and end of the process that owns blocks for other
 * processes.
 */
#include "manager.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "authkey.h"
#include "base/quote.h"
#include "log.h"
#include "server.h"

struct settings {
  const char *address;
  const char *key_file;
  int key, address_fd, tracker, lifeline; /* descriptors, or -1 */
  pid_t owner;
  bool allow_md5;
};

static const char usage[] =
  "Usage: shareable-manager {--authkey-file FILE | --authkey-fd N} [OPTION]...\n"
  "Own blocks of shared memory for other processes, and remove the blocks at exit. Clients use the\n"
  "protocol of CPython's multiprocessing.managers.SharedMemoryManager.\n"
  "\n"
  "  -a, --address ADDRESS    listen at a path that contains a '/', @NAME, or HOST:PORT with an\n"
  "                           IPv4 address (default: a socket in a new directory)\n"
  "  -k, --authkey-file FILE  read the key that clients need from this file;\n"
  "                           create the file if it does not exist\n"
  "      --authkey-fd N       read the key from this descriptor\n"
  "      --no-md5             refuse clients that support only MD5: CPython before 3.12\n"
  "      --address-fd N       write the address to this descriptor, as CPython's managers do\n"
  "      --tracker-fd N       report removed blocks to CPython's resource tracker, through this\n"
  "                           descriptor\n"
  "      --lifeline-fd N      exit when the other end of this pipe is closed\n"
  "      --owner PID          exit when this process ends\n"
  "      --log-level LEVEL    log error, warning, info or debug, and all before it\n"
  "                           (default: info)\n"
  "  -h, --help               print this help and exit\n"
  "  -V, --version            print the version and exit\n"
  "\n"
  "The manager prints its address, with an absolute path, when clients can connect, unless\n"
  "--address-fd is given.\n"
  "SIGTERM and Ctrl-C stop the manager. See shareable-manager(1) for details.\n";

/* The exit status if the command line is wrong, as that of the command `shareable`. */
#define EXIT_USAGE 2

enum option_number { AUTHKEY_FD = 256, NO_MD5, ADDRESS_FD, TRACKER_FD, LIFELINE_FD, OWNER, LOG_LEVEL };

static const struct option options[] = {{"address", required_argument, NULL, 'a'},
                                        {"authkey-file", required_argument, NULL, 'k'},
                                        {"authkey-fd", required_argument, NULL, AUTHKEY_FD},
                                        {"no-md5", no_argument, NULL, NO_MD5},
                                        {"address-fd", required_argument, NULL, ADDRESS_FD},
                                        {"tracker-fd", required_argument, NULL, TRACKER_FD},
                                        {"lifeline-fd", required_argument, NULL, LIFELINE_FD},
                                        {"owner", required_argument, NULL, OWNER},
                                        {"log-level", required_argument, NULL, LOG_LEVEL},
                                        {"help", no_argument, NULL, 'h'},
                                        {"version", no_argument, NULL, 'V'},
                                        {NULL, 0, NULL, 0}};

/*
 * Logs the error, because the log makes text from the command line safe for a terminal.
 */
__attribute__((format(printf, 1, 0))) static void log_error(const char *format, va_list arguments) {
  char text[900];

  vsnprintf(text, sizeof text, format, arguments);
  log_event(LOG_ERROR, "%s", text);
}

__attribute__((format(printf, 1, 2))) static _Noreturn void fail(const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  log_error(format, arguments);
  va_end(arguments);
  exit(EXIT_FAILURE);
}

__attribute__((format(printf, 1, 2))) static _Noreturn void usage_error(const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  log_error(format, arguments);
  va_end(arguments);
  exit(EXIT_USAGE);
}

static int parse_number(const char *text) {
  char *end;
  long value = strtol(text, &end, 10);

  if (end == text || *end != '\0' || value < 0 || value > INT_MAX)
    usage_error("'%s' is not a descriptor or process id: give a number from 0 to %d", text, INT_MAX);
  return (int)value;
}

static void set_log_level(const char *name) {
  if (!log_set_level(name))
    usage_error("'%s' is not a level of the log: use error, warning, info or debug", name);
}

static const char *check_address(const char *text) {
  shareable__address ignored;

  if (!shareable__address_parse(&ignored, text))
    usage_error(
      "'%s' is not an address: use a path of up to 107 bytes that contains a '/', @NAME, or HOST:PORT with an "
      "IPv4 address",
      text);
  return text;
}

static bool print(const char *text) {
  return fputs(text, stdout) != EOF && fflush(stdout) != EOF;
}

static _Noreturn void print_and_exit(const char *text) {
  if (!print(text))
    fail("cannot write to standard output: %s", strerror(errno));
  exit(EXIT_SUCCESS);
}

static bool is_option(int number) {
  for (const struct option *option = options; option->name != NULL; option++)
    if (option->val == number)
      return true;
  return false;
}

/*
 * Reports a wrong option through the log. A letter in a group of letters is not a separate word:
 * optopt contains it.
 */
static _Noreturn void reject_option(int result, const char *word) {
  if (result == ':')
    log_event(LOG_ERROR, "option '%s' requires an argument", word);
  else if (optopt == 0)
    log_event(LOG_ERROR, "unknown or ambiguous option '%s'", word);
  else if (is_option(optopt))
    log_event(LOG_ERROR, "option '%s' does not take an argument", word);
  else
    log_event(LOG_ERROR, "unknown option '-%c'", optopt);
  usage_error("try 'shareable-manager --help'");
}

static _Noreturn void print_version_and_exit(void) {
  char text[100];

  snprintf(text, sizeof text, "shareable-manager %s\n", shareable_version());
  print_and_exit(text);
}

static void apply_option(struct settings *settings, int option) {
  switch (option) {
  case 'a':
    settings->address = check_address(optarg);
    break;
  case 'k':
    settings->key_file = optarg;
    break;
  case AUTHKEY_FD:
    settings->key = parse_number(optarg);
    break;
  case NO_MD5:
    settings->allow_md5 = false;
    break;
  case ADDRESS_FD:
    settings->address_fd = parse_number(optarg);
    break;
  case TRACKER_FD:
    settings->tracker = parse_number(optarg);
    break;
  case LIFELINE_FD:
    settings->lifeline = parse_number(optarg);
    break;
  case OWNER:
    settings->owner = parse_number(optarg);
    if (settings->owner == 0)
      usage_error("--owner: 0 is not a process");
    break;
  case LOG_LEVEL:
    set_log_level(optarg);
    break;
  case 'h':
    print_and_exit(usage);
  case 'V':
    print_version_and_exit();
  }
}

static void read_settings(struct settings *settings, int argc, char **argv) {
  int option;

  opterr = 0;
  while ((option = getopt_long(argc, argv, ":a:k:hV", options, NULL)) != -1)
    if (option == '?' || option == ':')
      reject_option(option, argv[optind - 1]);
    else
      apply_option(settings, option);
  if (optind < argc)
    usage_error("unexpected argument '%s': only options are accepted", argv[optind]);
  if ((settings->key < 0) == (settings->key_file == NULL))
    usage_error("exactly one key is required: give --authkey-file FILE or --authkey-fd N");
}

static bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

/*
 * Opens the standard streams that are closed, so that no other file or socket gets their numbers.
 */
static void open_standard_streams(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (!is_open(fd) && open("/dev/null", O_RDWR) != fd && open("/", O_RDONLY | O_DIRECTORY) != fd)
      exit(EXIT_FAILURE); /* the error cannot be reported */
}

/*
 * Exits if the descriptor is not open: otherwise a file that is opened later could get its number.
 */
static void check_descriptor(int fd, const char *option) {
  if (fd >= 0 && !is_open(fd))
    fail("%s: descriptor %d is not open: pass an open descriptor", option, fd);
}

static void close_on_exec(int fd) {
  if (fd > STDERR_FILENO)
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void prepare_descriptors(const struct settings *settings) {
  check_descriptor(settings->key, "--authkey-fd");
  check_descriptor(settings->address_fd, "--address-fd");
  check_descriptor(settings->tracker, "--tracker-fd");
  check_descriptor(settings->lifeline, "--lifeline-fd");
  close_on_exec(settings->tracker);
  close_on_exec(settings->lifeline);
}

/*
 * A manager that another program starts has the lifetime of that program: its start and end are not
 * logged.
 */
static bool is_standalone(const struct settings *settings) {
  return settings->owner == 0 && settings->address_fd < 0;
}

/*
 * Returns whether Ctrl-C ends the manager. If another program has started the manager, that program
 * handles Ctrl-C, and may still need its blocks. A shell starts a background job with SIGINT
 * ignored.
 */
static bool is_interruptible(const struct settings *settings) {
  struct sigaction inherited;

  return is_standalone(settings) && settings->lifeline < 0 && sigaction(SIGINT, NULL, &inherited) == 0 &&
         inherited.sa_handler != SIG_IGN;
}

/*
 * A program that starts a manager for itself also passes a lifeline or a descriptor for the address.
 * It may have ended since, and then the manager only exits. Otherwise the number is wrong.
 */
static void check_owner(const struct settings *settings) {
  if (settings->owner > 0 && settings->address_fd < 0 && settings->lifeline < 0 && kill(settings->owner, 0) != 0 &&
      errno == ESRCH)
    fail("--owner: there is no process %ld", (long)settings->owner);
}

/*
 * Ignores the signals that a failed write may raise, because the result of write() is enough, and
 * those of a terminal, except SIGINT.
 */
static void ignore_signals(void) {
  static const int ignored[] = {SIGHUP, SIGPIPE, SIGXFSZ, SIGTTOU};

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

/*
 * Returns false with errno set if the address was not written, for example because the reader has
 * ended.
 */
static bool write_pickled_address(const shareable__address *address, int fd) {
  shareable__pyvalue nodes[8];
  shareable__pyvalue_arena arena = shareable__pyvalue_arena_init(nodes, 8);
  char host[INET_ADDRSTRLEN];
  unsigned char frame[256];
  uint32_t root = shareable__address_to_pyvalue(address, &arena, host);
  size_t size = shareable__frame_encode(&arena, root, frame, sizeof frame);
  bool is_written = root != 0 && size <= sizeof frame && write_whole(fd, frame, size);
  int errnum = errno;

  close(fd);
  errno = errnum;
  return is_written;
}

/* Leaves the working directory, so that its file system can be unmounted. */
static void chdir_root(void) {
  if (chdir("/") != 0)
    log_errno(errno, "cannot change to /");
}

static void log_start(const struct server *server) {
  const char *text = server->listener.text;

  log_event(LOG_STATE, "listening at %s", text[0] == '\0' ? "an address that has no text form" : text);
}

/* Prints the address unchanged, or quoted for a terminal, which must not get control characters. */
static bool print_address(const char *text) {
  char line[4 * SHAREABLE__ADDRESS_TEXT + 1];

  if (isatty(STDOUT_FILENO))
    shareable__quote(line, sizeof line - 1, text, strlen(text), sizeof line);
  else
    strcpy(line, text);
  return print(strcat(line, "\n"));
}

static bool report_address(const struct server *server, int fd) {
  bool is_reported = true;

  if (fd >= 0)
    is_reported = write_pickled_address(&server->listener.address, fd);
  else if (server->listener.text[0] != '\0')
    is_reported = print_address(server->listener.text);
  if (!is_reported)
    log_errno(errno, "cannot report the address");
  return is_reported;
}

static bool load_key(const struct settings *settings, unsigned char **key, size_t *size) {
  char source[40];

  if (settings->key_file != NULL)
    return authkey_load(settings->key_file, key, size);
  snprintf(source, sizeof source, "descriptor %d (--authkey-fd)", settings->key);
  return authkey_read(settings->key, source, key, size);
}

/* Serves until the end. Returns false if it could not start. */
static bool run(struct server *manager, const struct settings *settings) {
  bool is_started = server_watch(manager, settings->lifeline, settings->owner);

  if (!is_started)
    server_stop(manager, "the owner cannot be watched");
  else if (!manager->is_stopping && !(is_started = report_address(manager, settings->address_fd)))
    server_stop(manager, "the address could not be reported");
  else if (!manager->is_stopping && is_standalone(settings))
    log_start(manager);
  open_standard_streams(); /* --address-fd may have been one of them, and is closed */
  chdir_root();
  server_run(manager);
  log_finish();
  if (is_standalone(settings))
    log_event(LOG_STATE, "stopped: %s", manager->reason);
  return is_started;
}

int manager_main(int argc, char **argv) {
  struct settings settings = {.key = -1, .address_fd = -1, .tracker = -1, .lifeline = -1, .allow_md5 = true};
  static struct server manager;
  unsigned char *key;
  size_t size;
  bool is_served;

  open_standard_streams();
  read_settings(&settings, argc, argv);
  prepare_descriptors(&settings);
  check_owner(&settings);
  ignore_signals();
  manager.is_listed = true;
  manager.is_interruptible = is_interruptible(&settings);
  if (!manager.is_interruptible)
    signal(SIGINT, SIG_IGN);
  if (!load_key(&settings, &key, &size))
    return EXIT_FAILURE;
  open_standard_streams(); /* --authkey-fd may have been one of them, and is closed */
  manager.key = (shareable__key){key, size, settings.allow_md5};
  shareable__owner_set_manager();
  tracker_open(&manager.blocks.tracker, settings.tracker);
  is_served = server_open(&manager, settings.address);
  if (is_served)
    is_served = run(&manager, &settings);
  authkey_wipe(key, size);
  return is_served ? EXIT_SUCCESS : EXIT_FAILURE;
}
