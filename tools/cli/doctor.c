/*
 * doctor.c - shareable doctor: checks this machine's shared memory setup.
 */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "table.h"

typedef struct finding {
  const char *check;
  doctor_verdict verdict;
  const char *found, *advice; /* the advice may be empty */
} finding;

enum { CHECK, VERDICT, FOUND, ADVICE };

static const cli_column columns[] = {
  [CHECK] = {"CHECK", 0, SCOLS_JSON_STRING, false, 0},
  [VERDICT] = {"VERDICT", 0, SCOLS_JSON_STRING, false, 0},
  [FOUND] = {"FOUND", 0, SCOLS_JSON_STRING, false, 0},
  [ADVICE] = {"ADVICE", 0, SCOLS_JSON_STRING, false, 0},
};

static const char *const verdicts[] = {"ok", "note", "wrong"};

struct doctor_report {
  cli_table *table; /* if the output is JSON; otherwise NULL */
  bool has_colors, is_quiet;
  size_t counts[DOCTOR_WRONG + 1];
};

static char *cell(const void *row, size_t column, const cli_view *view) {
  const finding *entry = row;
  const char *const texts[] = {entry->check, verdicts[entry->verdict], entry->found, entry->advice};

  (void)view;
  return texts[column][0] == '\0' ? NULL : cli_format("%s", texts[column]);
}

/* Prints a text in lines that fit a terminal, beside the columns of the verdict and the check. */
static void print_lines(const char *text, bool is_first) {
  char *lines = cli_format("%s", text), *rest = lines, *line;

  cli_break_lines(lines, 60);
  while ((line = strsep(&rest, "\n")) != NULL) {
    cli_line("%*s%s", is_first ? 0 : (int)sizeof "wrong  other files ", "", line);
    is_first = false;
  }
  free(lines);
}

static void print(const doctor_report *report, const finding *row) {
  static const char *const colors[] = {"", "\033[33m", "\033[31m"};
  const char *color = report->has_colors ? colors[row->verdict] : "", *name = verdicts[row->verdict];
  char *check = cli_format("%*s  %-11s  ", (int)(sizeof "wrong" - 1 - strlen(name)), "", row->check);

  cli_put(color);
  cli_put(name);
  cli_put(color[0] == '\0' ? "" : "\033[0m");
  cli_put(check);
  print_lines(row->found, true);
  if (row->advice[0] != '\0')
    print_lines(row->advice, false);
  free(check);
}

void doctor_add(doctor_report *report, const char *check, doctor_verdict verdict, const char *advice,
                const char *format, ...) {
  va_list arguments;
  finding row = {check, verdict, NULL, verdict == DOCTOR_OK ? "" : advice};
  char *found;

  va_start(arguments, format);
  if (vasprintf(&found, format, arguments) < 0)
    cli_die("out of memory");
  va_end(arguments);
  row.found = found;
  report->counts[verdict]++;
  if (report->table != NULL)
    cli_table_add(report->table, &row, NULL, VERDICT, NULL);
  else if (verdict != DOCTOR_OK || !report->is_quiet)
    print(report, &row);
  free(found);
}

static void check_all(doctor_report *report) {
  doctor_check_directory(report);
  doctor_check_logs(report);
  doctor_check_mounts(report);
  doctor_check_kernel(report);
  doctor_check_capabilities(report);
  doctor_check_logout(report);
  doctor_check_limits(report);
  doctor_check_programs(report);
  doctor_check_blocks(report);
}

static int run_doctor(int argc, char **argv) {
  static const struct option longs[] = {
    {"json", no_argument, NULL, 'J'}, {"quiet", no_argument, NULL, 'q'}, {"help", no_argument, NULL, 'h'}, {0}};
  doctor_report report = {.has_colors = cli_has_colors()};
  cli_view view = {0};
  int option;

  while ((option = cli_option(&cli_doctor, argc, argv, ":Jqh", longs)) >= 0) {
    view.json |= option == 'J';
    report.is_quiet |= option == 'q';
  }
  if (optind != argc)
    cli_usage_error("unexpected argument '%s'", argv[optind]);
  if (view.json)
    report.table =
      cli_table_new("checks", columns, sizeof columns / sizeof *columns, "CHECK,VERDICT,FOUND,ADVICE", cell, &view);
  check_all(&report);
  if (report.table != NULL)
    cli_table_print(report.table);
  else if (!report.is_quiet)
    cli_line("%zu wrong, %zu to note, %zu ok", report.counts[DOCTOR_WRONG], report.counts[DOCTOR_NOTE],
             report.counts[DOCTOR_OK]);
  return report.counts[DOCTOR_WRONG] > 0 ? CLI_FAILED : CLI_DONE;
}

const cli_command cli_doctor = {"doctor", "", "Check this machine's shared memory setup and suggest fixes.",
                                "  -q, --quiet  print only the results that are wrong or to note\n"
                                "  -J, --json   print JSON\n"
                                "  -h, --help   print this help\n"
                                "\n"
                                "The result of a check is ok, note or wrong. If one is wrong, the exit status\n"
                                "is 1. As root, doctor sees the blocks and mounts of all users and containers.\n",
                                run_doctor};
