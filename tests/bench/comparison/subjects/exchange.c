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

bool exchange_shares_processor(const char *placement) {
  return strcmp(placement, "together") == 0;
}

void exchange_begin(const char *placement, void (*answer)(void)) {
  is_asleep = strcmp(placement, "asleep") == 0;
  partner = partner_start(answer);
  subject_must(partner > 0, "fork");
  partner_place(partner, exchange_shares_processor(placement) ? subject_processor() : subject_partner_processor());
}

void exchange_run(int64_t times, void (*exchange)(void)) {
  for (int64_t i = 0; i < times; i++) {
    int64_t start;

    if (is_asleep)
      usleep(PAUSE_US);
    start = clock_now();
    exchange();
    subject_record(clock_now() - start);
  }
}

void exchange_end(void) {
  partner_end(partner);
}
