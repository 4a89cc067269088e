/*
 * replay.c - runs a target on files without a fuzzer: the seeds, and the inputs of earlier faults.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

/* In memory of exactly its size, so that a read past its end is detected. */
static void run(const char *path) {
  FILE *file = fopen(path, "rb");
  struct stat status;
  uint8_t *bytes;

  if (file == NULL || fstat(fileno(file), &status) != 0 || (bytes = malloc((size_t)status.st_size + 1)) == NULL) {
    perror(path);
    exit(1);
  }
  fprintf(stderr, "%s\n", path);
  LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, (size_t)status.st_size, file));
  free(bytes);
  fclose(file);
}

int main(int argc, char **argv) {
  struct dirent **names;
  char path[4096];
  int done = 0;

  for (int i = 1; i < argc; i++) {
    int count = scandir(argv[i], &names, NULL, alphasort);

    for (int k = 0; k < count; k++) {
      snprintf(path, sizeof path, "%s/%s", argv[i], names[k]->d_name);
      if (names[k]->d_name[0] != '.') {
        run(path);
        done++;
      }
      free(names[k]);
    }
    if (count >= 0)
      free(names);
  }
  printf("%d inputs\n", done);
  return done == 0;
}
