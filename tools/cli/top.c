/*
 * top.c - shareable top: show blocks by memory and by changes, and processes by what they hold.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "output.h"
#include "top_batch.h"
#include "top_live.h"

#define SECOND_NS 1e9

static double parse_seconds(const char *text) {
  char *end;
  double seconds = strtod(text, &end);

  if (end == text || *end != '\0' || !isfinite(seconds) || seconds < 0.1 || seconds > 86400)
    cli_usage_error("'%s' is not a valid delay: expected seconds from 0.1 to 86400", text);
  return seconds;
}

/*
 * Prints samples, at most `count` if it is not 0. The first is printed after a delay, because
 * changes are counted between two samples.
 */
static int run_batch(const top_options *options, int64_t count, bool is_json) {
  top_processes processes = {0};
  int status = CLI_DONE;
  top_sample sample;

  top_sample_begin(&sample, options->patterns, options->pattern_count);
  top_sample_take(&sample, options->delay);
  for (int64_t i = 0; (count == 0 || i < count) && cli_flush() == 0; i++) {
    shareable__sleep(options->delay - (shareable__now() - sample.time));
    top_sample_take(&sample, options->delay);
    top_processes_read(&processes, &sample);
    if (is_json)
      top_batch_print_json(&sample, &processes, &options->order);
    else
      top_batch_print(&sample, &processes, &options->order, options->shows_processes);
    if (i == 0 && !top_sample_check_patterns(&sample))
      status = CLI_FAILED;
  }
  top_processes_free(&processes);
  top_sample_end(&sample);
  return status;
}

static int run_top(int argc, char **argv) {
  static const struct option longs[] = {{"batch", no_argument, NULL, 'B'},
                                        {"json", no_argument, NULL, 'J'},
                                        {"count", required_argument, NULL, 'c'},
                                        {"delay", required_argument, NULL, 'D'},
                                        {"sort", required_argument, NULL, 'x'},
                                        {"reverse", no_argument, NULL, 'R'},
                                        {"processes", no_argument, NULL, 'P'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  top_options options = {.delay = (int64_t)SECOND_NS};
  bool is_batch = false, is_json = false;
  int64_t count = 0;
  int option;

  while ((option = cli_option(&cli_top, argc, argv, ":BJc:D:x:RPh", longs)) >= 0) {
    is_json |= option == 'J';
    is_batch |= option == 'B' || option == 'J';
    options.order.is_reversed |= option == 'R';
    options.shows_processes |= option == 'P';
    if (option == 'c')
      count = cli_parse_number(optarg, 1, INT64_MAX, "count");
    else if (option == 'D')
      options.delay = (int64_t)(parse_seconds(optarg) * SECOND_NS);
    else if (option == 'x')
      options.order.key = top_key_of(optarg);
  }
  options.patterns = argv + optind;
  options.pattern_count = (size_t)(argc - optind);
  if (is_batch)
    return run_batch(&options, count, is_json);
  if (count != 0)
    cli_usage_error("--count needs --batch or --json");
  return top_live(&options);
}

const cli_command cli_top = {"top", "[PATTERN]...", "Show blocks as they change, and the processes that hold them.",
                             "  -B, --batch          print tables, without a terminal; begin after a delay\n"
                             "  -J, --json           print a JSON object on a line for each sample\n"
                             "  -c, --count NUMBER   with --batch or --json: exit after that number of samples\n"
                             "  -D, --delay SECONDS  the time between samples, from 0.1; default: 1\n"
                             "  -x, --sort KEY       sort by used (memory), size, changes, name, users or age\n"
                             "  -R, --reverse        reverse the order\n"
                             "  -P, --processes      show processes by the memory of the blocks that they hold\n"
                             "  -h, --help           print this help\n"
                             "\n"
                             "PATTERN selects blocks by name, as in a shell: quote it, as in 'job-*'.\n"
                             "CHANGES is the number of items of a list that differ in the last two samples.\n"
                             "After a \"~\", the list is large: it is compared in parts, over several samples.\n"
                             "Keys: arrows and Page Up/Down select, Enter shows a block and its items, Tab\n"
                             "switches between blocks and processes, / filters, h prints all keys, q quits.\n",
                             run_top};
