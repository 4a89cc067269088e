/*
 * main.c - shareable-manager.
 */
#include "manager.h"

int main(int argc, char **argv) {
  return manager_main(argc, argv);
}
