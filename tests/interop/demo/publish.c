/*
 * publish.c - the demonstration: publishes live metrics of this machine in a list, and runs readers
 * in other languages that read the list and answer.
 *
 * usage: publish 'LABEL=COMMAND'…
 *
 * Each reader runs first as "COMMAND NAME I": it opens the list NAME, prints each item on a line as
 * its language shows it, and writes a note and a value to the two items from 10 + 2 I on. When the
 * metrics no longer change, each reader runs as "COMMAND NAME": it prints each item in the notation
 * of describe(), and all readers must print the same.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "shareable.h"

#define READERS_MAX 4
#define NOTES 10
#define ITEMS (NOTES + 2 * READERS_MAX)
#define WIDTH 15

enum { HOST, KERNEL, BOOT, LOAD, UPTIME, MEMORY, PROCESSES, SWAPPING, SENSOR, TICKS };

static const char *const labels[NOTES] = {"host",      "kernel",  "boot id",     "load",   "uptime, s",
                                          "free, KiB", "running", "swap in use", "sensor", "ticks"};

typedef struct reader_program {
  const char *label;
  const char *command;
  char items[ITEMS][64];
} reader_program;

static shareable_list *list;
static char name[40];
static volatile sig_atomic_t is_live = 1;

static void fail(const char *subject, const char *reason) {
  fprintf(stderr, "demo: %s: %s\n", subject, reason);
  if (list != NULL)
    shareable_list_unlink(list, NULL);
  exit(1);
}

static void check(int status, int64_t index) {
  shareable_error error;

  if (status == SHAREABLE_OK)
    return;
  shareable_list_explain_item(list, index, status, &error);
  fail("list", error.message);
}

/* Returns the number after a word in a file of /proc, or 0. */
static double figure(const char *path, const char *word) {
  char line[200];
  double number = 0;
  FILE *file = fopen(path, "r");

  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, word, strlen(word)) == 0) {
      number = strtod(line + strlen(word), NULL);
      break;
    }
  if (file != NULL)
    fclose(file);
  return number;
}

static void refresh(int64_t tick) {
  const char *sensor = "/sys/class/thermal/thermal_zone0/temp";

  check(shareable_list_set_float(list, LOAD, figure("/proc/loadavg", "")), LOAD);
  check(shareable_list_set_float(list, UPTIME, figure("/proc/uptime", "")), UPTIME);
  check(shareable_list_set_int(list, MEMORY, (int64_t)figure("/proc/meminfo", "MemAvailable:")), MEMORY);
  check(shareable_list_set_int(list, PROCESSES, (int64_t)figure("/proc/stat", "procs_running")), PROCESSES);
  check(shareable_list_set_bool(list, SWAPPING,
                                figure("/proc/meminfo", "SwapFree:") < figure("/proc/meminfo", "SwapTotal:")),
        SWAPPING);
  if (access(sensor, R_OK) == 0)
    check(shareable_list_set_float(list, SENSOR, figure(sensor, "") / 1000), SENSOR);
  check(shareable_list_set_int(list, TICKS, tick), TICKS);
}

static void *keep_fresh(void *none) {
  for (int64_t tick = 1; is_live; tick++) {
    refresh(tick);
    usleep(10000);
  }
  return none;
}

static size_t boot_id(unsigned char id[16]) {
  char text[64] = "";
  FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
  size_t length = 0;

  if (file != NULL && fgets(text, sizeof text, file) != NULL)
    for (const char *digits = text; length < 16 && digits[0] != '\0' && digits[0] != '\n'; digits += 2) {
      digits += digits[0] == '-';
      id[length++] = (unsigned char)strtoul((char[]){digits[0], digits[1], '\0'}, NULL, 16);
    }
  if (file != NULL)
    fclose(file);
  return length;
}

static void publish(void) {
  shareable_value values[ITEMS];
  unsigned char id[16];
  struct utsname system;
  shareable_error error;

  for (int i = 0; i < ITEMS; i++)
    values[i] = shareable_none();
  for (int i = NOTES; i < ITEMS; i++)
    values[i].capacity = 40;
  uname(&system);
  values[HOST] = shareable_str(system.nodename);
  values[KERNEL] = shareable_str(system.release);
  values[BOOT] = shareable_bytes(id, boot_id(id));
  snprintf(name, sizeof name, "demo-%ld", (long)getpid());
  if (shareable_list_create(&list, name, values, ITEMS, 0, 0, &error) != SHAREABLE_OK)
    fail("cannot publish", error.message);
  refresh(0);
  printf("\nC publishes %zu items in '%s', %zu bytes of shared memory, and keeps them fresh.\n"
         "Each of the others attaches by name. What they read, while it changes:\n\n",
         shareable_list_length(list), name, shareable_memory_size(shareable_list_memory(list)));
}

/*
 * Formats an item in the notation that all readers use: str and bytes in hexadecimal, a float by
 * its bits.
 */
static void describe(int64_t i, char *line, size_t size) {
  char buffer[512];
  shareable_value value;
  size_t n;

  check(shareable_list_get(list, i, &value, buffer, sizeof buffer), i);
  switch (value.type) {
  case SHAREABLE_TYPE_NONE:
    snprintf(line, size, "none");
    break;
  case SHAREABLE_TYPE_INT:
    snprintf(line, size, "int %" PRId64, value.integer);
    break;
  case SHAREABLE_TYPE_FLOAT:
    snprintf(line, size, "float %016" PRIx64, value.bits);
    break;
  case SHAREABLE_TYPE_BOOL:
    snprintf(line, size, "bool %d", value.boolean);
    break;
  default:
    n = (size_t)snprintf(line, size, "%s ", value.type == SHAREABLE_TYPE_STR ? "str" : "bytes");
    for (size_t k = 0; k < value.length; k++)
      n += (size_t)snprintf(line + n, size - n, "%02x", (unsigned char)value.text[k]);
  }
}

/* Formats an item for a column of the table. */
static void show(int64_t i, char *line, size_t size) {
  char buffer[512];
  shareable_value value;

  check(shareable_list_get(list, i, &value, buffer, sizeof buffer), i);
  switch (value.type) {
  case SHAREABLE_TYPE_NONE:
    snprintf(line, size, "NONE");
    break;
  case SHAREABLE_TYPE_INT:
    snprintf(line, size, "%" PRId64, value.integer);
    break;
  case SHAREABLE_TYPE_FLOAT:
    snprintf(line, size, "%.2f", value.real);
    break;
  case SHAREABLE_TYPE_BOOL:
    snprintf(line, size, "%s", value.boolean ? "true" : "false");
    break;
  case SHAREABLE_TYPE_STR:
    snprintf(line, size, "%.*s", (int)value.length, value.text);
    break;
  default:
    for (size_t k = 0; k < value.length && k < 4; k++, line += 3, size -= 3)
      snprintf(line, size, "%02x ", (unsigned char)value.text[k]);
    snprintf(line, size, "…");
  }
}

static FILE *run(const reader_program *reader, const char *arguments) {
  char command[2000];
  FILE *output;

  snprintf(command, sizeof command, "%s %s", reader->command, arguments);
  fflush(stdout);
  output = popen(command, "r");
  if (output == NULL)
    fail(reader->label, "cannot be started");
  return output;
}

static void end(const reader_program *reader, FILE *output) {
  if (pclose(output) != 0)
    fail(reader->label, "failed");
}

static void read_live(reader_program *reader, int turn) {
  char arguments[80];
  FILE *output;

  snprintf(arguments, sizeof arguments, "%s %d", name, turn);
  output = run(reader, arguments);
  for (int i = 0; i < ITEMS && fgets(reader->items[i], sizeof reader->items[i], output) != NULL; i++)
    reader->items[i][strcspn(reader->items[i], "\n")] = '\0';
  end(reader, output);
}

/* Prints a cell of the table. A character of several bytes counts once. */
static void cell(const char *text) {
  int width = 0;

  for (const char *c = text; *c != '\0' && width < WIDTH - 1; c++) {
    if (((unsigned char)*c & 0xc0) != 0x80)
      width++;
    putchar(*c);
    while (((unsigned char)c[1] & 0xc0) == 0x80)
      putchar(*++c);
  }
  printf("%*s", WIDTH - width, "");
}

static void show_live(const reader_program *readers, int count) {
  char line[600];

  printf("  %-13s", "");
  cell("C");
  for (int r = 0; r < count; r++)
    cell(readers[r].label);
  printf("\n");
  for (int i = 0; i < NOTES; i++) {
    printf("  %-13s", labels[i]);
    show(i, line, sizeof line);
    cell(line);
    for (int r = 0; r < count; r++)
      cell(readers[r].items[i]);
    printf("\n");
  }
}

static void show_answers(const reader_program *readers, int count) {
  char note[600], answer[600];
  shareable_type type;

  printf("\nWhat they wrote, read in C:\n\n");
  for (int r = 0; r < count; r++) {
    check(shareable_list_type(list, NOTES + 2 * r, &type), NOTES + 2 * r);
    if (type != SHAREABLE_TYPE_STR)
      fail(readers[r].label, "wrote no note");
    show(NOTES + 2 * r, note, sizeof note);
    describe(NOTES + 2 * r + 1, answer, sizeof answer);
    if (strcmp(answer, "none") == 0)
      fail(readers[r].label, "wrote no answer");
    show(NOTES + 2 * r + 1, answer, sizeof answer);
    printf("  %-13s%-40s and %s\n", readers[r].label, note, answer);
  }
}

/* Fails unless the reader reads the same as C, to the last bit. */
static void compare_items(const reader_program *reader) {
  char ours[1100], theirs[1100];
  FILE *output = run(reader, name);

  for (int64_t i = 0; i < ITEMS; i++) {
    describe(i, ours, sizeof ours);
    if (fgets(theirs, sizeof theirs, output) == NULL)
      fail(reader->label, "did not print every item");
    theirs[strcspn(theirs, "\n")] = '\0';
    if (strcmp(ours, theirs) != 0) {
      fprintf(stderr, "demo: item %" PRId64 " is '%s' in C and '%s' in %s\n", i, ours, theirs, reader->label);
      fail(reader->label, "disagrees");
    }
  }
  end(reader, output);
}

int main(int argc, char **argv) {
  static reader_program readers[READERS_MAX];
  pthread_t fresh;
  int count = 0;

  for (; count < argc - 1 && count < READERS_MAX; count++) {
    readers[count].label = argv[count + 1];
    readers[count].command = strchr(argv[count + 1], '=') + 1;
    argv[count + 1][readers[count].command - 1 - readers[count].label] = '\0';
  }
  publish();
  if (pthread_create(&fresh, NULL, keep_fresh, NULL) != 0)
    fail("thread", "cannot be created");
  for (int r = 0; r < count; r++)
    read_live(&readers[r], r);
  is_live = 0;
  pthread_join(fresh, NULL);
  show_live(readers, count);
  show_answers(readers, count);
  for (int r = 0; r < count; r++)
    compare_items(&readers[r]);
  if (shareable_list_unlink(list, NULL) != SHAREABLE_OK)
    fail(name, "was unlinked too early");
  shareable_list_unref(list);
  printf("\nWith the figures held still, all %d read the same %d items to the last bit. '%s' is unlinked.\n\n",
         count + 1, ITEMS, name);
  return 0;
}
