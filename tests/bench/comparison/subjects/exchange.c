/*
 * exchange.c - hand-overs to a partner and back.
 */
#include "exchange.h"

#include <string.h>
#include <unistd.h>

#include "../../clock.h"
#include "../../partner.h"
#include "subject.h"

#define PAUSE_US 1000

static pid_t partner;
static bool is_asleep;

bool exchange_is_together(const char *where) {
  return strcmp(where, "together") == 0;
}

void exchange_begin(const char *where, void (*answer)(void)) {
  is_asleep = strcmp(where, "asleep") == 0;
  partner = partner_start(answer);
  turn_must(partner > 0, "fork");
  partner_place(partner, exchange_is_together(where) ? turn_here() : turn_there());
}

void exchange_take(int64_t times, void (*once)(void)) {
  for (int64_t i = 0; i < times; i++) {
    int64_t start;

    if (is_asleep)
      usleep(PAUSE_US);
    start = clock_now();
    once();
    turn_record(clock_now() - start);
  }
}

void exchange_end(void) {
  partner_end(partner);
}
