/*
 * dict_expiry.pml - `next_expiry` of a dict (core/src/dict/dict_expiry.c): a hint, so that an insert into
 * a full dict does not read the expiries of all places in vain.
 *
 * next_expiry is UNKNOWN, SCANNING, or a time before which no key expires. The owner of the dict's lock
 * stores SCANNING, reads all expiries, and then replaces SCANNING by the least one. A process that sets an
 * expiry owns only the lock of the value: it may store the expiry at any time during the scan. After
 * that, it makes next_expiry UNKNOWN if it is SCANNING, and lowers it if it is later than the expiry.
 *
 * The scanner may be killed at any step; the next owner of the lock scans again. When all have ended,
 * next_expiry must not be later than an expiry. A writer that is killed between its two stores is left
 * out: the place of its key is used when the next key expires, and reads do not use the hint.
 *
 * Each of these breaks the protocol, and the check must find an error:
 * LATE_START    the scanner stores SCANNING after it has read expiries
 * BLIND_END     the scanner stores the least expiry although a writer has changed next_expiry
 * LOWER_FIRST   a writer changes next_expiry before it stores the expiry
 * IGNORE_SCAN   a writer lets SCANNING be
 */
#define UNKNOWN 0
#define SCANNING 1
#define NEVER 9
#define PLACES 2
#define WRITERS 2

byte expiry[PLACES]; /* 0: none */
byte next = UNKNOWN;
byte lock, ended;

inline lower(time) {
  do
  :: atomic { next == SCANNING ->
#ifndef IGNORE_SCAN
       next = UNKNOWN
#endif
     } break
  :: atomic { next > SCANNING && next > time -> next = time } break
  :: atomic { next == UNKNOWN || (next > SCANNING && next <= time) -> skip } break
  od
}

/* Sets the expiry of a place twice: to a later time, and to an earlier one or none. */
proctype writer(byte place; byte first; byte second) {
  byte time = first, turn;

  do
  :: turn < 2 ->
#ifdef LOWER_FIRST
     if :: time != 0 -> lower(time) :: else fi;
#endif
     expiry[place] = time;
#ifndef LOWER_FIRST
     if :: time != 0 -> lower(time) :: else fi;
#endif
     time = second;
     turn++
  :: else -> break
  od;
  ended++
}

proctype scanner(bool may_die) {
  byte place = 0, least = NEVER;

  atomic { lock == 0 -> lock = 1 }
#ifndef LATE_START
  next = SCANNING;
#endif
  do
  :: may_die -> goto end /* killed: the lock is taken over */
  :: place < PLACES ->
     if
     :: expiry[place] != 0 && expiry[place] < least -> least = expiry[place]
     :: else
     fi;
     place++
  :: place == PLACES -> break
  od;
#ifdef LATE_START
  next = SCANNING;
#endif
#ifdef BLIND_END
  next = least;
#else
  atomic { if :: next == SCANNING -> next = least :: else fi }
#endif
end:
  lock = 0;
  ended++
}

init {
  atomic {
    run writer(0, 5, 3);
    run writer(1, 4, 0);
    run scanner(true);
    run scanner(false)
  }
  ended == WRITERS + 2;
  assert(next == UNKNOWN || next == SCANNING || ((expiry[0] == 0 || next <= expiry[0]) && (expiry[1] == 0 || next <= expiry[1])))
}
