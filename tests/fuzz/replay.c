/*
 * replay.c - runs a target, without a fuzzer, on each file of the folders in the arguments.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

/*
 * The buffer has exactly the size of the file, so that the address sanitizer detects a read past its
 * end.
 */
static void run(const char *path) {
  FILE *file = fopen(path, "rb");
  struct stat status;
  uint8_t *bytes;

  if (file == NULL || fstat(fileno(file), &status) != 0 ||
      (bytes = malloc(status.st_size == 0 ? 1 : (size_t)status.st_size)) == NULL) {
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
