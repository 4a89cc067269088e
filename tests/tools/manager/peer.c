/*
 * peer.c - a client that uses all functions of the C API for managers, and then shuts the manager
 * down.
 *
 *   peer ADDRESS KEY PREFIX   KEY is hexadecimal; the names of its blocks begin with PREFIX-
 */
#include <shareable.h>
#include <stdio.h>
#include <stdlib.h>

static shareable_error error;

static void must(int status, int expected, const char *call) {
  if (status == expected)
    return;
  fprintf(stderr, "%s returned %s, not %s: %s\n", call, shareable_status_name(status), shareable_status_name(expected),
          error.message);
  exit(1);
}

#define OK(call) must((call), SHAREABLE_OK, #call)
#define FAILS(status, call) must((call), SHAREABLE_##status, #call)

static size_t unhex(const char *text, unsigned char *bytes) {
  size_t size = 0;
  unsigned byte;

  for (; sscanf(text, "%2x", &byte) == 1; text += 2)
    bytes[size++] = (unsigned char)byte;
  return size;
}

/* Checks the names that the manager tracks, separated by spaces. */
static void names_are(shareable_manager *manager, const char *expected) {
  static char names[100000];
  size_t length;

  OK(shareable_manager_names(manager, names, sizeof names, &length, &error));
  for (size_t i = 0; i + 1 < length; i++)
    if (names[i] == '\0')
      names[i] = ' ';
  if (length == 0 ? expected[0] != '\0' : strcmp(names, expected) != 0) {
    fprintf(stderr, "the names are '%s', not '%s'\n", length == 0 ? "" : names, expected);
    exit(1);
  }
}

static void make_and_release(shareable_manager *manager) {
  const shareable_value values[] = {shareable_str("howdy"), shareable_float(-273.154), shareable_int(42)};
  shareable_memory *memory;
  shareable_list *list;
  char both[80];

  OK(shareable_manager_create_memory(manager, &memory, 4096, &error));
  OK(shareable_manager_create_list(manager, &list, values, 3, 0, &error));
  snprintf(both, sizeof both, "%s %s", shareable_memory_name(memory),
           shareable_memory_name(shareable_list_memory(list)));
  names_are(manager, both);
  OK(shareable_manager_release(manager, shareable_memory_name(memory), &error));
  FAILS(E_NOT_FOUND, shareable_memory_unlink(memory, &error));
  FAILS(E_ABSENT, shareable_manager_release(manager, shareable_memory_name(memory), &error));
  names_are(manager, shareable_memory_name(shareable_list_memory(list)));
  OK(shareable_manager_release(manager, shareable_memory_name(shareable_list_memory(list)), &error));
  names_are(manager, "");
  shareable_memory_unref(memory);
  shareable_list_unref(list);
}

static void track_and_shut_down(shareable_manager *manager, const char *prefix) {
  char gone[300], there[300], both[700];
  shareable_memory *memory;

  snprintf(gone, sizeof gone, "%s-gone", prefix);
  snprintf(there, sizeof there, "%s-there", prefix);
  OK(shareable_memory_create(&memory, there, 8, 0, 0, &error));
  OK(shareable_manager_track(manager, gone, &error));
  OK(shareable_manager_track(manager, there, &error));
  snprintf(both, sizeof both, "%s %s", gone, there);
  names_are(manager, both);
  FAILS(E_NOT_FOUND, shareable_manager_release(manager, gone, &error));
  names_are(manager, there);
  OK(shareable_manager_shutdown(manager, &error));
  FAILS(E_NOT_FOUND, shareable_memory_unlink(memory, &error));
  FAILS(E_CLOSED, shareable_manager_track(manager, there, &error));
  shareable_memory_unref(memory);
}

int main(int argc, char **argv) {
  unsigned char key[100];
  size_t size = argc == 4 ? unhex(argv[2], key) : 0;
  shareable_manager *manager;

  if (argc != 4)
    return 2;
  FAILS(E_AUTH, shareable_manager_connect(&manager, argv[1], "wrong", 5, &error));
  OK(shareable_manager_connect(&manager, argv[1], key, size, &error));
  make_and_release(manager);
  track_and_shut_down(manager, argv[3]);
  shareable_manager_unref(manager);
  puts("done");
}
