/*
 * item.pml - the version word of one item and the redo records (core/src/sync/sync.c), with writers
 * killed between any two steps.
 *
 * A step of the model is one access to shared memory. The model merges two steps into one if the
 * merge hides no behaviour: a load and the compare-and-swap that succeeds on the loaded word (a
 * word never repeats, because it contains a counter and writer ids are not reused); a check of
 * whether a process is dead, and the next access; all writes to a redo record that is not
 * committed; all reads of a committed redo record whose owner is dead. Waiting is a guard, so a
 * process that waits for ever is an invalid end state. No process times out.
 *
 * An item is two words of data and a format. Each write has its own value, v: a number is v in the
 * first word, a text is v in both words. `truth` is the value that the item must contain. It
 * changes when a write can no longer be lost: its redo record is committed, it was one store, or an
 * unlogged write has unlocked the item. A value that a reader accepts must equal `truth`. So no
 * reader gets a mixture, a value that no process wrote, or a value that an old redo record
 * restored.
 *
 * A writer that finds no free redo record writes unlogged, and so does the writer of a text that is
 * too long for a record, because the owners of the records may be stopped for ever. A process that
 * waits for an item gives up if a stopped process has it locked.
 *
 * A reader may also lock the item, as a reader does that writers overtake repeatedly. It stores the
 * word that it found, because it changes nothing, or the word that the recovery left.
 *
 * Left out: stores that other processors see in another order, time (E_TIMED_OUT), the overflow of
 * the version, the flag slow_stores and the fast path of stores (store.pml).
 *
 * Sizes: PROCS read-write handles, 2 or 3, of OPS reads or writes each (LAST_OPS for the last
 * handle); VIEWS read-only handles that read once; ITEMS and JOURNALS, 1 or 2; at most DEATHS kills
 * and STOPS stops in total. LONG adds texts that are too long for a redo record, READ_LOCKS adds
 * readers that lock. OUTCOME checks only what readers get, and that no process waits for ever.
 *
 * Each of these breaks the protocol, and the check must find an error:
 * NOT_READY     complete() uses a redo record that is not committed
 * LATE_FREE     a writer unlocks its item before it frees its redo record
 * FREE_BLINDLY  complete() frees a redo record by a store of 0 to its writer id, even if another
 *               process acquired it
 * BARE_KEPT     an item taken over from an unlogged writer stays unlogged, and its redo record is
 *               not searched
 * DAMAGE_LOST   an item that was corrupt and has no redo record is no longer corrupt after it is
 *               taken over
 * NO_UNLOGGED   a writer waits until a redo record is free
 * UNMARKED      a writer that finds no free redo record does not set unlogged in the word
 * READ_CLEARS   a reader that locked a corrupt item unlocks it as a writer does
 * OLD_VERSION   a reader that took the lock over stores the version that the dead writer found
 */
#ifndef PROCS
#define PROCS 3
#endif
#ifndef OPS
#define OPS 1
#endif
#ifndef LAST_OPS
#define LAST_OPS OPS
#endif
#ifndef VIEWS
#define VIEWS 0
#endif
#ifndef ITEMS
#define ITEMS 1
#endif
#ifndef JOURNALS
#define JOURNALS 1
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef STOPS
#define STOPS 0
#endif

/* A version word: writer id (0 if unlocked), 8 bits of version, flags. */
#define LOCKED 1
#define DAMAGED 4
#define BARE 8
#define FLAGS 15
#define SEQUENCE 16
#define UNLOCKED 4095
#define TOKEN(w) ((w) >> 12)
#define OF(t) ((t) << 12)
#define NEXT(w, flags) (((((w) & ~FLAGS) + SEQUENCE) & UNLOCKED) | (flags))
/* Flags of a locked item that can be recovered only from a redo record. */
#ifdef DAMAGE_LOST
#define SPOILT BARE
#else
#define SPOILT (BARE | DAMAGED)
#endif
#define IS_OF_THE_DEAD(w) (((w) & LOCKED) && dead[TOKEN(w)])

/* The lock's owner is stopped and alive: E_TIMED_OUT. */
#define IS_STUCK(w) (((w) & LOCKED) && stopped[TOKEN(w)] && !dead[TOKEN(w)])

#define NUMBER 1
#define TEXT 2

bool dead[PROCS + 1], done[PROCS + 1], stopped[PROCS + 1];

int word[ITEMS];
byte data0[ITEMS], data1[ITEMS], format[ITEMS] = TEXT;

byte j_token[JOURNALS], j_item[JOURNALS], j_format[JOURNALS], j_data0[JOURNALS], j_data1[JOURNALS];
bool j_ready[JOURNALS];

/*
 * What no process of the program knows: what item i must contain, and whether an unlogged write to
 * it began and no later write has replaced it.
 */
byte truth[ITEMS], true_format[ITEMS] = TEXT;
bool lost[ITEMS];

#define IS(i, f, a, b) ((f) == true_format[i] && (a) == truth[i] && ((f) == NUMBER || (b) == truth[i]))
#define IS_WHOLE(i) IS(i, format[i], data0[i], data1[i])
#define READY_FOR(k, i) (j_ready[k] && j_item[k] == (i))
#if JOURNALS == 1
#define READY_COUNT(i) READY_FOR(0, i)
#else
#define READY_COUNT(i) (READY_FOR(0, i) + READY_FOR(1, i))
#endif

#ifdef OUTCOME
#define INVARIANT(what) skip
#else
#define INVARIANT(what) assert(what)
#endif

/* put_word() that unlocks an item. An item that has a committed redo record is locked. */
#ifdef LATE_FREE
#define NONE_IS_READY(i) true
#else
#define NONE_IS_READY(i) (READY_COUNT(i) == 0)
#endif
#define UNLOCK(i, next)                                           \
  INVARIANT(TOKEN(word[i]) == me);                                \
  INVARIANT(NONE_IS_READY(i));                                    \
  INVARIANT((((next) & DAMAGED) -> lost[i] : IS_WHOLE(i)));       \
  word[i] = next;                                                 \
  next = 0

/* shareable__item_put() */
inline put(i, f, a, b) {
  data0[i] = a;
  data1[i] = b;
  format[i] = f
}

/* find_journal(); k is JOURNALS if there is none. */
#ifdef NOT_READY
#define HAS(k, i) (j_token[k] != 0 && j_item[k] == (i))
#else
#define HAS(k, i) READY_FOR(k, i)
#endif
inline find_journal(i, k) {
  if
  :: atomic { HAS(0, i) -> k = 0 }
  :: atomic { !HAS(0, i) -> k = 1 }
#if JOURNALS > 1
     if
     :: atomic { HAS(1, i) -> k = 1 }
     :: atomic { !HAS(1, i) -> k = 2 }
     fi
#endif
  fi
}

/* complete(): the caller has taken over the item's lock. */
inline complete(i) {
  find_journal(i, ck);
  if
  :: atomic { ck < JOURNALS -> ct = j_token[ck] };
     put(i, j_format[ck], j_data0[ck], j_data1[ck]);
#ifndef BARE_KEPT
     word[i] = word[i] & ~(BARE | DAMAGED);
#endif
     j_ready[ck] = 0;
#ifdef FREE_BLINDLY
     d_step { j_token[ck] = 0; ck = 0; ct = 0 }
#else
     d_step { if :: j_token[ck] == ct -> j_token[ck] = 0 :: else fi; ck = 0; ct = 0 }
#endif
  :: atomic { ck == JOURNALS -> ck = 0 }
  fi
}

/* take_over(), after the swap of the word; sets `next` to the word that unlocks the item. */
inline take_over(i, next) {
#ifdef BARE_KEPT
  if
  :: word[i] & BARE -> next = NEXT(word[i], DAMAGED)
  :: else -> complete(i); next = NEXT(word[i], word[i] & DAMAGED)
  fi
#else
  complete(i);
  next = NEXT(word[i], ((word[i] & SPOILT) -> DAMAGED : 0))
#endif
}

/* mend(), after the swap of the word. */
inline mend(i) {
  take_over(i, mended);
  d_step { UNLOCK(i, mended) }
}

#define SWAP_DEAD(i) word[i] = (word[i] & UNLOCKED) | OF(me)

/* lock(); `before` is the word without the lock. */
inline lock(i) {
  if
  :: atomic { !(word[i] & LOCKED) -> before = word[i]; word[i] = word[i] | LOCKED | OF(me) }
  :: atomic { IS_OF_THE_DEAD(word[i]) -> SWAP_DEAD(i) };
     take_over(i, before)
#if STOPS > 0
  :: atomic { IS_STUCK(word[i]) -> is_late = 1 }
#endif
  fi
}

/* Unlocks the item after a write. */
#define UNLOCK_WRITTEN(i) before = NEXT(before, 0); UNLOCK(i, before)

/*
 * reclaim() of a redo record of the dead process `ct`. The model enters it only if there is
 * something to do, so that it does not loop.
 */
inline reclaim(n) {
  if
  :: atomic { !j_ready[n] -> skip };
     d_step { if :: j_token[n] == ct -> j_token[n] = 0 :: else fi; ct = 0 }
  :: atomic { j_ready[n] -> x = j_item[n]; ct = 0 };
     if
     :: atomic { IS_OF_THE_DEAD(word[x]) -> SWAP_DEAD(x) };
        mend(x); x = 0
     :: atomic { !IS_OF_THE_DEAD(word[x]) -> x = 0 }
     fi
  fi
}

#define IS_RECLAIMABLE(n) (j_token[n] != 0 && dead[j_token[n]] && (!j_ready[n] || IS_OF_THE_DEAD(word[j_item[n]])))

#if JOURNALS == 1
#define NONE_IS_FREE (j_token[0] != 0)
#else
#define NONE_IS_FREE (j_token[0] != 0 && j_token[1] != 0)
#endif

/* claim_journal(); k is JOURNALS if none is free. */
inline claim_journal() {
  do
  :: atomic { j_token[0] == 0 -> j_token[0] = me; k = 0; INVARIANT(!j_ready[0]); break }
  :: atomic { IS_RECLAIMABLE(0) -> ct = j_token[0] }; reclaim(0)
#if JOURNALS > 1
  :: atomic { j_token[1] == 0 -> j_token[1] = me; k = 1; INVARIANT(!j_ready[1]); break }
  :: atomic { IS_RECLAIMABLE(1) -> ct = j_token[1] }; reclaim(1)
#endif
#ifndef NO_UNLOGGED
  :: atomic { NONE_IS_FREE -> k = JOURNALS; break }
#endif
  od
}

/* fill_journal(): after it the write is not lost, whichever process dies. */
inline fill_journal(i) {
  j_item[k] = i;
  d_step { j_format[k] = type; j_data0[k] = v; j_data1[k] = v1 };
  d_step {
    INVARIANT(j_token[k] == me && TOKEN(word[i]) == me && READY_COUNT(i) == 0);
    j_ready[k] = 1;
    truth[i] = v; true_format[i] = type; lost[i] = 0
  }
}

/* free_journal() of the caller's redo record. */
inline free_journal() {
  d_step { INVARIANT(j_token[k] == me); j_ready[k] = 0 };
  d_step { INVARIANT(j_token[k] == me); j_token[k] = 0; k = 0 }
}

#ifdef UNMARKED
#define MARK(i) lost[i] = 1
#else
#define MARK(i) word[i] = word[i] | BARE; lost[i] = 1
#endif

/* put_locked() without a redo record. */
inline put_unlogged(i) {
  atomic { MARK(i) };
  put(i, type, v, v1);
  d_step { k = 0; truth[i] = v; true_format[i] = type; lost[i] = 0; UNLOCK_WRITTEN(i) }
}

/* put_locked() */
inline put_logged(i) {
  fill_journal(i);
#ifndef BARE_KEPT
  if
  :: atomic { word[i] & (BARE | DAMAGED) -> word[i] = word[i] & ~(BARE | DAMAGED) }
  :: else
  fi;
#endif
  put(i, type, v, v1);
#ifdef LATE_FREE
  d_step { UNLOCK_WRITTEN(i) };
  free_journal()
#else
  free_journal();
  d_step { UNLOCK_WRITTEN(i) }
#endif
}

#define IS_LIKE(i) (type == NUMBER && format[i] == NUMBER)

/* shareable__sync_write() */
inline write(i) {
  lock(i);
  if
#if STOPS > 0
  :: atomic { is_late -> is_late = 0 }
#endif
  :: atomic { !is_late && IS_LIKE(i) -> data0[i] = v; truth[i] = v; true_format[i] = NUMBER };
     d_step { lost[i] = 0; UNLOCK_WRITTEN(i) } /* shareable__item_same_format() */
  :: atomic { !is_late && !IS_LIKE(i) -> skip };
     if
#ifdef LONG
     :: atomic { type == TEXT -> k = JOURNALS } /* longer than a redo record */
#endif
     :: claim_journal()
     fi;
     if
     :: atomic { k == JOURNALS -> skip }; put_unlogged(i)
     :: atomic { k < JOURNALS -> skip }; put_logged(i)
     fi
  fi
}

/*
 * A read between begin and end, of the item or of a redo record. Leaves the enclosing loop if it
 * read one value.
 */
#define FORGET ck = 0; rf = 0; ra = 0; rb = 0; stamp = 0
#define READ(f, a, b)                                     \
  rf = f;                                                 \
  ra = a;                                                 \
  if                                                      \
  :: atomic { rf == TEXT -> rb = b }                      \
  :: atomic { rf != TEXT -> skip }                        \
  fi;                                                     \
  if /* shareable__sync_end() */                          \
  :: atomic { word[i] == stamp -> assert(IS(i, rf, ra, rb)); FORGET; break } \
  :: atomic { word[i] != stamp -> FORGET }                \
  fi

#ifdef READ_CLEARS
#define AFTER_READ NEXT(before, 0)
#else
#define AFTER_READ before
#endif
#ifdef OLD_VERSION
#define VERSION_OF_READ (word[i] & UNLOCKED & ~FLAGS)
#else
#define VERSION_OF_READ before
#endif

/* A read under the lock: from lock_to_read() to shareable__sync_finish(). */
inline read_locked(i) {
  lock(i);
  if
#if STOPS > 0
  :: atomic { is_late -> is_late = 0 }
#endif
  :: atomic { !is_late && (before & DAMAGED) -> INVARIANT(lost[i]) }; /* E_CORRUPT */
     d_step { before = AFTER_READ; UNLOCK(i, before) }
  :: atomic { !is_late && !(before & DAMAGED) -> rf = format[i] };
     ra = data0[i];
     if
     :: atomic { rf == TEXT -> rb = data1[i] }
     :: atomic { rf != TEXT -> skip }
     fi;
     d_step { assert(IS(i, rf, ra, rb)); FORGET };
     d_step { before = VERSION_OF_READ; UNLOCK(i, before) }
  fi
}

/* A read by a read-write handle. */
inline read(i) {
  do
  :: atomic { !(word[i] & (LOCKED | DAMAGED)) -> stamp = word[i] }; /* shareable__sync_glance() */
     READ(format[i], data0[i], data1[i])
  :: atomic { (word[i] & (LOCKED | DAMAGED)) == DAMAGED -> INVARIANT(lost[i]); break } /* E_CORRUPT */
  :: atomic { IS_OF_THE_DEAD(word[i]) -> SWAP_DEAD(i) }; /* inherit() */
     mend(i)
#if STOPS > 0
  :: atomic { IS_STUCK(word[i]) -> break }
#endif
  od
}

/* A read by a read-only handle: show_journal(). */
inline view(i) {
  do
  :: atomic { !(word[i] & (LOCKED | DAMAGED)) -> stamp = word[i] };
     READ(format[i], data0[i], data1[i])
  :: atomic { (word[i] & (LOCKED | DAMAGED)) == DAMAGED -> INVARIANT(lost[i]); break }
  :: atomic { IS_OF_THE_DEAD(word[i]) -> stamp = word[i] };
     find_journal(i, ck);
     if
     :: atomic { ck < JOURNALS -> skip };
        READ(j_format[ck], j_data0[ck], j_data1[ck])
     :: atomic { ck == JOURNALS && !(stamp & SPOILT) -> skip };
        READ(format[i], data0[i], data1[i])
     :: atomic { ck == JOURNALS && (stamp & SPOILT) -> stamp = 0; ck = 0; break } /* E_CORRUPT */
     fi
#if STOPS > 0
  :: atomic { IS_STUCK(word[i]) -> break }
#endif
  od
}

inline choose_item() {
  if
  :: i = 0
#if ITEMS > 1
  :: i = 1
#endif
  fi
}

#define FORGET_ALL op = 0; ops = 0; i = 0; type = 0; v = 0; v1 = 0; k = 0; x = 0; ct = 0; before = 0; mended = 0; is_late = 0; FORGET

proctype Handle(byte me; byte ops) {
  byte op, i, type, v, v1, k, x, ck, ct, rf, ra, rb;
  bool is_late;
  int before, mended, stamp;

  {
    do
    :: atomic { op < ops -> op++; v = 4 * me + op; choose_item(); type = NUMBER; v1 = 0 }; write(i)
    :: atomic { op < ops -> op++; v = 4 * me + op; choose_item(); type = TEXT; v1 = v }; write(i)
    :: atomic { op < ops -> op++; choose_item() }; read(i)
#ifdef READ_LOCKS
    :: atomic { op < ops -> op++; choose_item() }; read_locked(i)
#endif
    :: atomic { op == ops -> done[me] = 1; FORGET_ALL; break }
    od
  } unless { atomic { dead[me] || stopped[me] -> FORGET_ALL } }
}

proctype View() {
  byte op, i, ck, rf, ra, rb;
  int stamp;

  do
  :: atomic { op == 0 -> op++; choose_item() }; view(i)
  :: atomic { op == 1 -> op = 0; break }
  od
}

/*
 * SIGSTOP, for ever: a stopped process does nothing more, and is alive. SIGKILL: a dead process
 * does nothing more, and the kernel has released its liveness lock. The Reaper may kill fewer
 * processes than DEATHS. Otherwise the kill of a process that waits for ever would hide that it
 * does.
 */
#if PROCS == 2
#define DEAD_COUNT (dead[1] + dead[2])
#else
#define DEAD_COUNT (dead[1] + dead[2] + dead[3])
#endif
#if PROCS == 2
#define STOP_COUNT (stopped[1] + stopped[2])
#else
#define STOP_COUNT (stopped[1] + stopped[2] + stopped[3])
#endif
#define MAY_STOP(p) STOP_COUNT < STOPS && !stopped[p] && !dead[p] && !done[p]
#define MAY_DIE(p) DEAD_COUNT < DEATHS && !dead[p] && !done[p]

proctype Reaper() {
end:
  do
  :: atomic { MAY_DIE(1) -> dead[1] = 1 }
  :: atomic { MAY_DIE(2) -> dead[2] = 1 }
#if PROCS > 2
  :: atomic { MAY_DIE(3) -> dead[3] = 1 }
#endif
#if STOPS > 0
  :: atomic { MAY_STOP(1) -> stopped[1] = 1 }
  :: atomic { MAY_STOP(2) -> stopped[2] = 1 }
#if PROCS > 2
  :: atomic { MAY_STOP(3) -> stopped[3] = 1 }
#endif
  :: atomic { true -> break }
#else
  :: atomic { DEAD_COUNT < DEATHS -> break }
#endif
  od
}

init {
  byte p;

  atomic {
    p = 1;
    do
    :: p <= PROCS -> run Handle(p, (p == PROCS -> LAST_OPS : OPS)); p++
    :: else -> break
    od;
    p = 0;
    do
    :: p < VIEWS -> run View(); p++
    :: else -> break
    od;
    run Reaper()
  }
}
