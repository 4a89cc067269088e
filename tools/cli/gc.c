/*
 * gc.c - shareable gc: lists and removes the blocks of dead processes.
 */
#include "gc/gc.h"

#include "age.h"
#include "gc_view.h"

typedef struct gc_options {
  gc_view view;
  int64_t min_age;
} gc_options;

static void apply(gc_options *options, int option) {
  switch (option) {
  case 'R':
    options->view.removes = true;
    break;
  case 'O':
    options->min_age = cli_parse_age(optarg);
    break;
  case 'q':
    options->view.is_quiet = true;
    break;
  case 'v':
    options->view.is_verbose = true;
    break;
  default:
    cli_view_apply(&options->view.table, option);
  }
}

static gc_options parse(int argc, char **argv) {
  static const struct option longs[] = {CLI_VIEW_LONGS,
                                        {"remove", no_argument, NULL, 'R'},
                                        {"older-than", required_argument, NULL, 'O'},
                                        {"quiet", no_argument, NULL, 'q'},
                                        {"verbose", no_argument, NULL, 'v'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};
  gc_options options = {.min_age = INT64_MIN};
  int option;

  while ((option = cli_option(&cli_gc, argc, argv, CLI_VIEW_SHORTS "O:qvh", longs)) >= 0)
    apply(&options, option);
  if (optind != argc)
    cli_usage_error("unexpected argument '%s': gc checks all blocks; 'shareable rm' removes blocks by name",
                    argv[optind]);
  if (options.view.is_quiet && options.view.is_verbose)
    cli_usage_error("--quiet and --verbose exclude each other");
  return options;
}

/* Kept blocks, and their reasons, may not be listed. */
static void warn_failed(const shareable_gc *gc) {
  for (size_t i = 0; i < shareable_gc_count(gc); i++) {
    const shareable__gc_entry *entry = shareable__gc_entry_at(gc, i);

    if (entry->has_failed)
      cli_warn("'%s': %s", entry->name, entry->reason);
  }
}

static int run_gc(int argc, char **argv) {
  const gc_options options = parse(argc, argv);
  shareable_error error;
  gc_totals totals;
  cli_table *table;
  shareable_gc *gc;
  size_t failed;

  table = gc_view_table(&options.view);
  if (shareable__gc_run(&gc, options.view.removes ? SHAREABLE_GC_REMOVE : 0, options.min_age, &error) != SHAREABLE_OK)
    cli_die_message(error.message);
  totals = gc_totals_of(gc);
  gc_view_print(&options.view, table, gc, &totals);
  warn_failed(gc);
  failed = totals.failed;
  gc_totals_free(&totals);
  shareable_gc_free(gc);
  return failed > 0 ? CLI_FAILED : CLI_DONE;
}

const cli_command cli_gc = {"gc", "", "List blocks left by dead processes; --remove deletes them.",
                            "  --remove              remove garbage; without it, nothing is changed\n"
                            "  -O, --older-than AGE  keep garbage that is younger: 30s, 10m, 2h or 7d\n"
                            "  -v, --verbose         list each block, with the reason for keeping it\n"
                            "  -q, --quiet           do not print kept blocks; print nothing if there is no\n"
                            "                        garbage\n" CLI_VIEW_HELP "\n"
                            "                        NAME,RESULT,SIZE,USED,AGE,USER,REASON; lists each block\n"
                            "  -h, --help            print this help\n"
                            "\n"
                            "A block is garbage if a kernel lock proves that its owner is dead, and no\n"
                            "process has it open or mapped. Its age does not matter.\n",
                            run_gc};
