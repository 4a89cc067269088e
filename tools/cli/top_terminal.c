/*
 * top_terminal.c - the terminal of the live view: its screen, its keys and its signals.
 */
#include "top_terminal.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <term.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli.h"
#include "output.h"

#define ESCAPE_DELAY_MS 100
#define SECOND_NS 1000000000
#define CONTROL_Z 26

/* Signals that end this process. They are handled only while it waits for a key. */
static const int fatal[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
enum { FATAL_COUNT = sizeof fatal / sizeof *fatal };

static volatile sig_atomic_t received, was_stopped;
static sigset_t waiting_mask; /* the signal mask while this process waits */
static bool has_screen;

static void on_fatal(int number) {
  received = number;
}

static void on_continue(int number) {
  (void)number;
  was_stopped = 1;
}

static void handle(sigset_t *blocked, int number, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler}, old;

  sigaction(number, NULL, &old);
  if (old.sa_handler == SIG_IGN)
    return;
  sigaction(number, &action, NULL);
  sigaddset(blocked, number);
}

/*
 * ncurses handles SIGTSTP and SIGWINCH. Blocking a signal until this process waits
 * ensures that the signal interrupts the wait.
 */
static void handle_signals(void) {
  sigset_t blocked;

  sigemptyset(&blocked);
  for (size_t i = 0; i < FATAL_COUNT; i++)
    handle(&blocked, fatal[i], on_fatal);
  handle(&blocked, SIGCONT, on_continue);
  sigaddset(&blocked, SIGWINCH);
  sigprocmask(SIG_BLOCK, &blocked, &waiting_mask);
  for (size_t i = 0; i < FATAL_COUNT; i++)
    sigdelset(&waiting_mask, fatal[i]);
  sigdelset(&waiting_mask, SIGWINCH);
  sigdelset(&waiting_mask, SIGCONT);
}

/* Exits with a message if the terminal cannot show a screen. */
static void check_terminal(void) {
  const char *type = getenv("TERM");
  int found;

  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
    cli_die("standard input and standard output must be a terminal; use --batch to print samples without one");
  if (type == NULL || type[0] == '\0')
    cli_die("TERM is not set, so the type of the terminal is unknown: set it, or use --batch");
  if (setupterm(NULL, STDOUT_FILENO, &found) != OK)
    cli_die("the type of the terminal, '%s' in TERM, is unknown: set TERM to a known type, or use --batch", type);
  if (cursor_address == NULL)
    cli_die("a terminal of the type '%s' in TERM cannot show a screen: use --batch", type);
}

/*
 * Makes Control-Z a key. ncurses ignores SIGTSTP while it draws, so the signal of the terminal could
 * be lost.
 */
static void take_suspend_key(void) {
  struct termios modes;

  if (tcgetattr(STDIN_FILENO, &modes) != 0)
    return;
  modes.c_cc[VSUSP] = _POSIX_VDISABLE;
  tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
  def_prog_mode();
}

void top_terminal_begin(void) {
  check_terminal();
  handle_signals();
  initscr();
  has_screen = true;
  cli_own_screen(top_terminal_end);
  cbreak();
  noecho();
  nodelay(stdscr, TRUE);
  keypad(stdscr, TRUE);
  set_escdelay(ESCAPE_DELAY_MS);
  take_suspend_key();
  curs_set(0);
  if (cli_has_colors() && has_colors()) {
    start_color();
    use_default_colors();
    init_pair(1, COLOR_RED, -1);
    init_pair(2, COLOR_YELLOW, -1);
  }
}

void top_terminal_end(void) {
  if (has_screen && !isendwin())
    endwin();
}

/* Ends this process by the signal that it received, so that its parent sees the signal. */
static _Noreturn void end_by(int number) {
  sigset_t only;

  top_terminal_end();
  signal(number, SIG_DFL);
  raise(number);
  sigemptyset(&only);
  sigaddset(&only, number);
  sigprocmask(SIG_UNBLOCK, &only, NULL);
  exit(CLI_FAILED);
}

void top_terminal_redraw(void) {
  clearok(curscr, TRUE);
}

/* Another program, such as the shell, may have used the terminal. */
static void resume(void) {
  was_stopped = 0;
  reset_prog_mode();
  top_terminal_redraw();
}

/* Returns the next key that has arrived. Control-Z stops this process as in other programs. */
static int read_key(void) {
  int key = getch();

  if (key != CONTROL_Z && key != KEY_SUSPEND) /* the terminal's description may name the key */
    return key == ERR ? TOP_NO_KEY : key;
  raise(SIGTSTP); /* the handler of ncurses restores the terminal */
  return TOP_NO_KEY;
}

int top_terminal_key(int64_t deadline) {
  struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
  int64_t rest = deadline - shareable__now();
  struct timespec timeout = {0};
  int key = read_key(), ready;

  if (key != TOP_NO_KEY)
    return key;
  if (rest > 0)
    timeout = (struct timespec){.tv_sec = rest / SECOND_NS, .tv_nsec = rest % SECOND_NS};
  ready = ppoll(&terminal, 1, &timeout, &waiting_mask);
  if (received != 0)
    end_by(received);
  if (was_stopped)
    resume();
  if (ready > 0 && (terminal.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
    end_by(SIGHUP); /* the terminal is gone */
  return read_key();
}
