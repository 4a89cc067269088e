/*
 * dict_value.pml - the record of a dict for a value that is too long for a redo record
 * (core/src/dict), with writers killed between any two steps.
 *
 * A long value has two halves, in the record and in the item. Its writer owns the lock of the dict and
 * that of the item. It writes the record, declares its intent, marks the item as unlogged, writes the
 * item, unlocks it, and retracts the intent. A short value needs the item's lock only: item.pml shows
 * that its redo record makes it one step. A process that finds the item locked by a dead writer takes
 * it over; if it was unlogged, it is corrupt until it is written. The next owner of the dict's lock
 * writes the value of the record to a corrupt item.
 *
 * A reader that may only read the block waits for a living writer of the item. If the item is corrupt,
 * it reads the record, and checks that the item has not been locked since: the next value is written to
 * the record only after that. Otherwise it starts again. A reader that may write takes the lock over,
 * if it can, and completes the write.
 *
 * `truth` is the value of the item: a short value when its redo record is committed, and a long value
 * when the item is marked as unlogged. A read must return a value that `truth` was during the read,
 * and no mixture. When all processes have ended, the next owner of the lock must find `truth`.
 *
 * Left out: the key and its version (dict.pml), a second place, short values without a redo record,
 * timeouts, and stores that other processors see in another order. A process that waits is a guard:
 * one that waits for ever is an invalid end state.
 *
 * Sizes: LONGS writers of OPS long values, SHORTS writers of one short value, READERS that may only
 * read, WRITABLES that may write; each reads once. At most DEATHS kills of any of these except READERS.
 *
 * Each of these breaks the protocol, and the check must find an error:
 * RECORD_LATE    the item is marked before the record is complete
 * INTENT_LATE    the intent is declared after the item was marked
 * RETRACT_EARLY  the intent is retracted before the item is complete
 * NO_RECHECK     a reader does not check the item after it has read the record
 * ONLY_OWNER     a reader checks the owner of the dict's lock instead
 * READ_ONCE      a reader that finds another version word reads the item again, but not the record
 * BLIND_RECOVERY the next owner writes the record to an item that is not corrupt
 * SKIP_BUSY      the next owner does not wait for a living writer that has taken the item over
 * NO_RECOVERY    the next owner does not write the record to the item
 */
#ifndef LONGS
#define LONGS 1
#endif
#ifndef SHORTS
#define SHORTS 1
#endif
#ifndef READERS
#define READERS 1
#endif
#ifndef WRITABLES
#define WRITABLES 0
#endif
#ifndef OPS
#define OPS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

/* The ids of the processes that have locks: writers of long values, of short ones, and readers that may write. */
#define CHECKER (LONGS + SHORTS + WRITABLES + 1)

/* The item: its halves, and its version word. `version` wraps, but not within one read. */
byte half[2], item_lock, version;
bool unlogged, corrupt;

/* The dict area. */
byte dict_lock, record[2];
bool intent;

bool dead[CHECKER + 1], killed[CHECKER + 1];
byte ended;

/* State that no process of the program knows: the value, and the results that each read may have. */
byte truth;
int possible[READERS + WRITABLES + 1];

#define NEXT(n) (((n) + 1) % 64)

inline set_truth(v) {
  truth = v;
  possible[0] = possible[0] | (1 << (v));
#if READERS + WRITABLES > 1
  possible[1] = possible[1] | (1 << (v))
#else
  skip
#endif
}

/* Locks the item, and takes it over from a dead writer. Its flags remain until it is written. */
inline lock_item(me) {
  atomic { item_lock == 0 || dead[item_lock] -> item_lock = me }
}

/* Unlocks the item, which was not written: an unlogged write of a dead writer has left it corrupt. */
inline unlock_unchanged() {
  d_step { corrupt = corrupt || unlogged; unlogged = false; item_lock = 0; version = NEXT(version) }
}

inline unlock_written() {
  d_step { corrupt = false; unlogged = false; item_lock = 0; version = NEXT(version) }
}

/* Completes the write of a dead owner of the dict's lock. The process owns that lock, and may be killed. */
inline recover(me) {
  if
  :: intent ->
#ifdef NO_RECOVERY
    skip;
#else
#ifdef SKIP_BUSY
    if
    :: atomic { item_lock == 0 || dead[item_lock] -> item_lock = me }
    :: atomic { item_lock != 0 && !dead[item_lock] -> goto skipped }
    fi;
#else
    lock_item(me);
#endif
    if
#ifdef BLIND_RECOVERY
    :: true ->
#else
    :: corrupt || unlogged ->
#endif
      assert(record[0] == record[1]);
      unlogged = true;
      half[0] = record[0];
      half[1] = record[1];
      unlock_written()
#ifndef BLIND_RECOVERY
    :: else -> unlock_unchanged()
#endif
    fi;
#ifdef SKIP_BUSY
skipped:
    skip;
#endif
#endif
    intent = false
  :: else
  fi
}

inline lock_dict(me) {
  if
  :: atomic { dict_lock == 0 -> dict_lock = me }
  :: atomic { dict_lock != 0 && dead[dict_lock] -> dict_lock = me };
    recover(me)
  fi
}

/* Writers. */

inline set_long(me, v) {
  skip;
again:
  skip;
  lock_dict(me);
  if
  :: atomic { item_lock == 0 || dead[item_lock] -> item_lock = me }
  :: atomic { item_lock != 0 && !dead[item_lock] -> dict_lock = 0 }; goto again
  fi;
  record[0] = v;
#ifndef RECORD_LATE
  record[1] = v;
#endif
#ifndef INTENT_LATE
  intent = true;
#endif
  d_step { unlogged = true; set_truth(v) };
#ifdef RECORD_LATE
  record[1] = v;
#endif
#ifdef INTENT_LATE
  intent = true;
#endif
  half[0] = v;
#ifdef RETRACT_EARLY
  intent = false;
#endif
  half[1] = v;
  unlock_written();
  intent = false;
  dict_lock = 0
}

proctype long_writer(byte me) {
  byte n;

  {
  do
  :: n == OPS -> break
  :: n < OPS -> set_long(me, me + n * LONGS); n++
  od;
  skip
  } unless { killed[me] };
  skip;
  d_step { dead[me] = true; ended++ }
}

proctype short_writer(byte me) {
  {
  lock_item(me);
  d_step { half[0] = LONGS * OPS + me; half[1] = LONGS * OPS + me; corrupt = false; unlogged = false; set_truth(LONGS * OPS + me) };
  unlock_written();
  skip
  } unless { killed[me] };
  skip;
  d_step { dead[me] = true; ended++ }
}

/* Readers. */

/* Reads the item: sets `result`, or `lost` if it is corrupt. */
inline read_item() {
  d_step { item_lock == 0 || dead[item_lock] -> v = version; l = item_lock; lost = corrupt || (unlogged && item_lock != 0) };
  if
  :: !lost ->
    result = half[0];
    if
    :: half[1] != result || version != v || item_lock != l ->
      /* A read that is valid has both halves of one value. */
      assert(version != v || item_lock != l);
      goto begin
    :: else
    fi
  :: else
  fi
}

/* The item is corrupt: reads the record. */
inline read_record() {
#ifdef ONLY_OWNER
  o = dict_lock;
#endif
  if
  :: !intent -> goto changed
  :: else
  fi;
  result = record[0];
  torn = record[1] != result;
  if
#ifdef ONLY_OWNER
  :: dict_lock != o -> goto changed
#endif
#if !defined(NO_RECHECK) && !defined(ONLY_OWNER)
  :: version != v || item_lock != l -> goto changed
#endif
  :: else
  fi;
  assert(!torn)
}

proctype reader(byte r) {
  byte v, l, result;
#ifdef ONLY_OWNER
  byte o;
#endif
  bool lost, torn;

  possible[r] = 1 << truth;
begin:
  skip;
  read_item();
  if
  :: lost -> read_record(); goto check
  :: else -> goto check
  fi;
changed:
#ifdef READ_ONCE
  read_item();
  assert(!lost);
#else
  goto begin;
#endif
check:
  assert(possible[r] & (1 << result));
  possible[r] = 0
}

/* A reader that may write: it takes the item over, and then the lock of the dict. */
proctype writable_reader(byte me; byte r) {
  byte v, l, result;
  bool lost;

  {
  possible[r] = 1 << truth;
begin:
  skip;
  if
  :: atomic { item_lock != 0 && dead[item_lock] -> item_lock = me }; unlock_unchanged()
  :: item_lock == 0 || !dead[item_lock]
  fi;
  read_item();
  if
  :: !lost -> goto check
  :: else
  fi;
  if
  :: atomic { dict_lock == 0 -> dict_lock = me }; dict_lock = 0; goto begin
  :: atomic { dict_lock != 0 && dead[dict_lock] -> dict_lock = me }; recover(me); dict_lock = 0; goto begin
  :: dict_lock != 0 && !dead[dict_lock] -> goto begin
  fi;
check:
  assert(possible[r] & (1 << result));
  possible[r] = 0;
  skip
  } unless { killed[me] };
  skip;
  d_step { possible[r] = 0; dead[me] = true; ended++ }
}

/* Kills up to DEATHS processes, each at any time. A process that has ended cannot be killed: nothing changes. */
proctype killer() {
  byte n;

  do
  :: n == DEATHS -> break
  :: n < DEATHS -> killed[1] = true; n++
#if CHECKER > 2
  :: n < DEATHS -> killed[2] = true; n++
#endif
#if CHECKER > 3
  :: n < DEATHS -> killed[3] = true; n++
#endif
#if CHECKER > 4
  :: n < DEATHS -> killed[4] = true; n++
#endif
  :: break
  od
}

/* The result. */

proctype checker() {
  ended == LONGS + SHORTS + WRITABLES;
  lock_dict(CHECKER);
  lock_item(CHECKER);
  assert(!corrupt && !unlogged && half[0] == truth && half[1] == truth);
  unlock_unchanged();
  dict_lock = 0
}

init {
  byte i;

  atomic {
    for (i : 1 .. LONGS) { run long_writer(i) };
#if SHORTS > 0
    for (i : 1 .. SHORTS) { run short_writer(LONGS + i) };
#endif
#if READERS > 0
    for (i : 1 .. READERS) { run reader(i - 1) };
#endif
#if WRITABLES > 0
    for (i : 1 .. WRITABLES) { run writable_reader(LONGS + SHORTS + i, READERS + i - 1) };
#endif
    run killer();
    run checker()
  }
}
