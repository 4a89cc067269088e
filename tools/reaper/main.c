/*
 * main.c - shareable-reaper, which the library starts.
 */
#include "reaper.h"

int main(int argc, char **argv) {
  return reaper_main(argc, argv);
}
