/*
 * item.pml - the version word of one item and the redo records (item_*.c and redo_log.c in
 * core/src/sync), with writers killed between any two steps.
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
 * A writer may keep its redo record between writes. A kept record contains the number of the item
 * that its owner wrote last. The lock of that item protects the record: the owner uses its record
 * without an atomic operation if it has locked the item, and another process takes the record by a
 * compare-and-swap if it has locked the item. For that, it locks the item without waiting, and
 * stores the word that it found. The owner may also claim its own record by a compare-and-swap,
 * whichever item it has locked. r_kept[] and r_owner[] are one word in the code.
 *
 * A text that differs from the item's in one word is one store, like a number. A write of the value
 * that the item already contains is a read, and needs nothing else.
 *
 * Left out: stores that other processors see in another order, time (E_BUSY), the overflow of
 * the version, the flag slow_stores and the fast path of stores (store.pml).
 *
 * Sizes: PROCS read-write handles, 2 or 3, of OPS reads or writes each (LAST_OPS for the last
 * handle); VIEWS read-only handles that read once; ITEMS and REDO_RECORDS, 1 or 2; at most DEATHS
 * kills and STOPS stops in total. LONG adds texts that are too long for a redo record, PARTS adds
 * texts that differ in one word, KEEP adds writers that keep their redo record, READ_LOCKS adds
 * readers that lock. OUTCOME checks only what readers get, and that no process waits for ever.
 *
 * Each of these breaks the protocol, and the check must find an error:
 * NOT_COMMITTED  redo_replay() uses a redo record that is not committed
 * LATE_FREE      a writer unlocks its item before it frees its redo record
 * FREE_BLINDLY   redo_replay() frees a redo record by a store of 0 to its writer id, even if
 *                another process acquired it
 * UNLOGGED_KEPT  an item taken over from an unlogged writer stays unlogged, and its redo record is
 *                not searched
 * CORRUPT_LOST   an item that was corrupt and has no redo record is no longer corrupt after it is
 *                taken over
 * NO_UNLOGGED    a writer waits until a redo record is free
 * UNMARKED       a writer that finds no free redo record does not set unlogged in the word
 * READ_CLEARS    a reader that locked a corrupt item unlocks it as a writer does
 * OLD_VERSION    a reader that took the lock over stores the version that the dead writer found
 * KEEP_BLINDLY   the owner of a kept record uses it although another process may have taken it
 * KEEP_ANY       the owner uses its kept record without an atomic operation under the lock of any
 *                item
 * TAKE_UNLOCKED  a process takes a kept record without a lock on the item of the record
 * TAKE_COMMITTED a process takes a record that is committed from an owner that is alive
 * NO_TAKE        a writer waits until the owner of a kept record uses the record or dies
 * ONE_STORE      a text that differs from the item's in two words is stored without a redo record
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
#ifndef REDO_RECORDS
#define REDO_RECORDS 1
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef STOPS
#define STOPS 0
#endif

/* A version word: writer id (0 if unlocked), 8 bits of version, flags. */
#define LOCKED 1
#define CORRUPT 4
#define UNLOGGED 8
#define FLAGS 15
#define VERSION 16
#define UNLOCKED 4095
#define OWNER_OF(w) ((w) >> 12)
#define LOCKED_BY(t) ((t) << 12)
#define NEXT(w, flags) (((((w) & ~FLAGS) + VERSION) & UNLOCKED) | (flags))
/* Flags of a locked item that can be recovered only from a redo record. */
#ifdef CORRUPT_LOST
#define NEEDS_RECORD UNLOGGED
#else
#define NEEDS_RECORD (UNLOGGED | CORRUPT)
#endif
#define HOLDER_IS_DEAD(w) (((w) & LOCKED) && dead[OWNER_OF(w)])

/* The lock's owner is stopped and alive: E_BUSY. */
#define IS_STUCK(w) (((w) & LOCKED) && stopped[OWNER_OF(w)] && !dead[OWNER_OF(w)])

#define NUMBER 1
#define TEXT 2
#define PART 3 /* not a format: a text that differs from the item's only in its second word */

bool dead[PROCS + 1], done[PROCS + 1], stopped[PROCS + 1];

int word[ITEMS];
byte data0[ITEMS], data1[ITEMS], format[ITEMS] = TEXT;

byte r_owner[REDO_RECORDS], r_item[REDO_RECORDS], r_format[REDO_RECORDS], r_data0[REDO_RECORDS], r_data1[REDO_RECORDS];
bool r_committed[REDO_RECORDS];
byte r_kept[REDO_RECORDS]; /* the number of the item that the record is kept for, from 1; 0: not kept */

/*
 * State that no process of the program knows: what item i must contain, and whether an unlogged
 * write to it began and no later write has replaced it.
 */
byte truth[ITEMS], truth1[ITEMS], true_format[ITEMS] = TEXT;
bool lost[ITEMS];

#define IS(i, f, a, b) ((f) == true_format[i] && (a) == truth[i] && ((f) == NUMBER || (b) == truth1[i]))
#define IS_COMPLETE(i) IS(i, format[i], data0[i], data1[i])
#define IS_COMMITTED_FOR(k, i) (r_committed[k] && r_item[k] == (i))
#if REDO_RECORDS == 1
#define COMMITTED_COUNT(i) IS_COMMITTED_FOR(0, i)
#else
#define COMMITTED_COUNT(i) (IS_COMMITTED_FOR(0, i) + IS_COMMITTED_FOR(1, i))
#endif

#ifdef OUTCOME
#define INVARIANT(what) skip
#else
#define INVARIANT(what) assert(what)
#endif

/* put_word() that unlocks an item. An item that has a committed redo record is locked. */
#ifdef LATE_FREE
#define NONE_IS_COMMITTED(i) true
#else
#define NONE_IS_COMMITTED(i) (COMMITTED_COUNT(i) == 0)
#endif
#define UNLOCK(i, next)                                           \
  INVARIANT(OWNER_OF(word[i]) == me);                                \
  INVARIANT(NONE_IS_COMMITTED(i));                                    \
  INVARIANT((((next) & CORRUPT) -> lost[i] : IS_COMPLETE(i)));       \
  word[i] = next;                                                 \
  next = 0

/* shareable__item_put() */
inline put(i, f, a, b) {
  data0[i] = a;
  data1[i] = b;
  format[i] = f
}

/* redo_find(); k is REDO_RECORDS if there is none. */
#ifdef NOT_COMMITTED
#define HAS(k, i) (r_owner[k] != 0 && r_item[k] == (i))
#else
#define HAS(k, i) IS_COMMITTED_FOR(k, i)
#endif
inline redo_find(i, k) {
  if
  :: atomic { HAS(0, i) -> k = 0 }
  :: atomic { !HAS(0, i) -> k = 1 }
#if REDO_RECORDS > 1
     if
     :: atomic { HAS(1, i) -> k = 1 }
     :: atomic { !HAS(1, i) -> k = 2 }
     fi
#endif
  fi
}

/* redo_replay(): the caller has taken over the item's lock. */
inline redo_replay(i) {
  redo_find(i, ck);
  if
  :: atomic { ck < REDO_RECORDS -> owner = r_owner[ck] };
     put(i, r_format[ck], r_data0[ck], r_data1[ck]);
#ifndef UNLOGGED_KEPT
     word[i] = word[i] & ~(UNLOGGED | CORRUPT);
#endif
     r_committed[ck] = 0;
#ifdef FREE_BLINDLY
     d_step { r_owner[ck] = 0; ck = 0; owner = 0 }
#else
     d_step { if :: r_owner[ck] == owner -> r_owner[ck] = 0 :: else fi; ck = 0; owner = 0 }
#endif
  :: atomic { ck == REDO_RECORDS -> ck = 0 }
  fi
}

/* steal_lock(), after the swap of the word; sets `next` to the word that unlocks the item. */
inline steal_lock(i, next) {
#ifdef UNLOGGED_KEPT
  if
  :: word[i] & UNLOGGED -> next = NEXT(word[i], CORRUPT)
  :: else -> redo_replay(i); next = NEXT(word[i], word[i] & CORRUPT)
  fi
#else
  redo_replay(i);
  next = NEXT(word[i], ((word[i] & NEEDS_RECORD) -> CORRUPT : 0))
#endif
}

/* recover(), after the swap of the word. */
inline recover(i) {
  steal_lock(i, recovered);
  d_step { UNLOCK(i, recovered) }
}

#define SWAP_DEAD(i) word[i] = (word[i] & UNLOCKED) | LOCKED_BY(me)

/* lock(); `before` is the word without the lock. */
inline lock(i) {
  if
  :: atomic { !(word[i] & LOCKED) -> before = word[i]; word[i] = word[i] | LOCKED | LOCKED_BY(me) }
  :: atomic { HOLDER_IS_DEAD(word[i]) -> SWAP_DEAD(i) };
     steal_lock(i, before)
#if STOPS > 0
  :: atomic { IS_STUCK(word[i]) -> timed_out = 1 }
#endif
  fi
}

/* Unlocks the item after a write. */
#define UNLOCK_WRITTEN(i) before = NEXT(before, 0); UNLOCK(i, before)

/*
 * take_from_dead() for a redo record of the dead process `ct`. The model enters it only if there is
 * something to do, so that it does not loop.
 */
inline reclaim(n) {
  if
  :: atomic { !r_committed[n] -> kept = r_kept[n] };
     d_step {
       if
       :: r_owner[n] == owner && r_kept[n] == kept && !r_committed[n] -> r_owner[n] = 0; r_kept[n] = 0
       :: else
       fi;
       owner = 0; kept = 0
     }
  :: atomic { r_committed[n] -> x = r_item[n]; owner = 0 };
     if
     :: atomic { HOLDER_IS_DEAD(word[x]) -> SWAP_DEAD(x) };
        recover(x); x = 0
     :: atomic { !HOLDER_IS_DEAD(word[x]) -> x = 0 }
     fi
  fi
}

/*
 * The caller's own record. Under the lock of the item that it is kept for, a load is sufficient,
 * and the record remains marked as kept while the caller fills it.
 */
#define IS_MINE(n) (r_owner[n] == me && r_kept[n] != 0)
#if defined(KEEP_BLINDLY)
#define IS_READY(n, i) (mine == (n) + 1)
#elif defined(KEEP_ANY)
#define IS_READY(n, i) IS_MINE(n)
#else
#define IS_READY(n, i) (IS_MINE(n) && r_kept[n] == (i) + 1)
#endif
#ifdef KEEP_BLINDLY
#define REMEMBER_MINE(n) mine = (n) + 1
#define FORGET_MINE mine = 0
#else
#define REMEMBER_MINE(n) skip
#define FORGET_MINE skip
#endif

/* take_kept(): a record that another process keeps for item x, whose number was loaded before. */
#if defined(NO_TAKE)
#define IS_TAKEABLE(n) false
#elif defined(TAKE_COMMITTED)
#define IS_TAKEABLE(n) (r_owner[n] != 0 && r_owner[n] != me && !dead[r_owner[n]] && (r_kept[n] != 0 || r_committed[n]))
#else
#define IS_TAKEABLE(n) (r_owner[n] != 0 && r_owner[n] != me && r_kept[n] != 0)
#endif
#define SWAP_KEPT(n)                                                    \
  d_step {                                                              \
    if                                                                  \
    :: r_owner[n] == owner && r_kept[n] == kept ->                      \
       r_owner[n] = me; r_kept[n] = 0; r_committed[n] = 0; k = n; is_claimed = 1 \
    :: else                                                             \
    fi;                                                                 \
    owner = 0; kept = 0                                                 \
  }
inline redo_take(n, i) {
  if
#if defined(TAKE_UNLOCKED) || defined(TAKE_COMMITTED)
  :: atomic { true -> skip }; SWAP_KEPT(n)
#else
  :: atomic { kept == (i) + 1 -> skip }; SWAP_KEPT(n) /* the caller has the lock already */
  :: atomic { kept != (i) + 1 && !(word[kept - 1] & LOCKED) ->
       x = kept - 1; taken = word[x]; word[x] = word[x] | LOCKED | LOCKED_BY(me) };
     SWAP_KEPT(n);
     d_step { UNLOCK(x, taken); x = 0 }
  :: atomic { kept != (i) + 1 && (word[kept - 1] & LOCKED) -> owner = 0; kept = 0 }
#endif
  fi
}

/* Waiting for a lock is not modelled: a record whose item is locked is not taken. */
#define MAY_TAKE(n, i) (IS_TAKEABLE(n) && (r_kept[n] == 0 || r_kept[n] == (i) + 1 || !(word[r_kept[n] - 1] & LOCKED)))

#define IS_RECLAIMABLE(n) (r_owner[n] != 0 && dead[r_owner[n]] && (!r_committed[n] || HOLDER_IS_DEAD(word[r_item[n]])))

#if REDO_RECORDS == 1
#define NONE_IS_FREE (r_owner[0] != 0)
#else
#define NONE_IS_FREE (r_owner[0] != 0 && r_owner[1] != 0)
#endif

/*
 * redo_acquire(); k is REDO_RECORDS if none is free. The model takes a kept record only if its item
 * is not locked, so that it does not loop.
 */
#define ACQUIRE(n, i)                                                                                        \
  :: atomic { !is_claimed && r_owner[n] == 0 -> r_owner[n] = me; k = n; is_claimed = 1; INVARIANT(!r_committed[n]) } \
  :: atomic { !is_claimed && IS_RECLAIMABLE(n) -> owner = r_owner[n] };                                      \
     reclaim(n)
#ifdef KEEP
#define ACQUIRE_KEPT(n, i)                                                                              \
  :: atomic { !is_claimed && IS_READY(n, i) -> k = n; is_claimed = 1 }                                 \
  :: atomic { !is_claimed && IS_MINE(n) && !IS_READY(n, i) -> r_kept[n] = 0; k = n; is_claimed = 1 }    \
  :: atomic { !is_claimed && MAY_TAKE(n, i) -> owner = r_owner[n]; kept = r_kept[n] };                  \
     redo_take(n, i)
#else
#define ACQUIRE_KEPT(n, i)
#endif
inline redo_acquire(i) {
  do
  :: atomic { is_claimed -> is_claimed = 0; break }
  ACQUIRE(0, i)
  ACQUIRE_KEPT(0, i)
#if REDO_RECORDS > 1
  ACQUIRE(1, i)
  ACQUIRE_KEPT(1, i)
#endif
#ifndef NO_UNLOGGED
  :: atomic { !is_claimed && NONE_IS_FREE -> k = REDO_RECORDS; break }
#endif
  od
}

/* redo_fill(): after it the write is not lost, whichever process dies. */
inline redo_fill(i) {
  r_item[k] = i;
  d_step { r_format[k] = type; r_data0[k] = v; r_data1[k] = v1 };
  d_step {
    INVARIANT(r_owner[k] == me && OWNER_OF(word[i]) == me && COMMITTED_COUNT(i) == 0);
    r_committed[k] = 1; r_kept[k] = 0;
    truth[i] = v; truth1[i] = v1; true_format[i] = type; lost[i] = 0
  }
}

/* shareable__redo_release() of the caller's redo record. The code frees it in one step. */
inline redo_free(i) {
  if
  :: d_step { INVARIANT(r_owner[k] == me); r_committed[k] = 0 };
     d_step { INVARIANT(r_owner[k] == me); r_owner[k] = 0; k = 0; FORGET_MINE }
#ifdef KEEP
  :: d_step { INVARIANT(r_owner[k] == me); r_committed[k] = 0; r_kept[k] = (i) + 1; REMEMBER_MINE(k); k = 0 }
#endif
  fi
}

#ifdef UNMARKED
#define MARK(i) lost[i] = 1
#else
#define MARK(i) word[i] = word[i] | UNLOGGED; lost[i] = 1
#endif

/* put_unlogged() */
inline put_unlogged(i) {
  atomic { MARK(i) };
  put(i, type, v, v1);
  d_step { k = 0; truth[i] = v; truth1[i] = v1; true_format[i] = type; lost[i] = 0; UNLOCK_WRITTEN(i) }
}

/* put_logged() */
inline put_logged(i) {
  redo_fill(i);
#ifndef UNLOGGED_KEPT
  if
  :: atomic { word[i] & (UNLOGGED | CORRUPT) -> word[i] = word[i] & ~(UNLOGGED | CORRUPT) }
  :: else
  fi;
#endif
  put(i, type, v, v1);
#ifdef LATE_FREE
  d_step { UNLOCK_WRITTEN(i) };
  redo_free(i)
#else
  redo_free(i);
  d_step { UNLOCK_WRITTEN(i) }
#endif
}

/* shareable__item_put_one_word() */
#define SAME_FORMAT(i) ((type == NUMBER && format[i] == NUMBER) || IS_PART(i))
#define IS_PART(i) (type == PART && format[i] == TEXT)
#define STORE_NUMBER(i) data0[i] = v; truth[i] = v; true_format[i] = NUMBER
#define STORE_PART(i) data1[i] = v; truth[i] = data0[i]; truth1[i] = v; true_format[i] = TEXT

/* shareable__sync_write_item() */
inline write(i) {
  lock(i);
  if
#if STOPS > 0
  :: atomic { timed_out -> timed_out = 0 }
#endif
  :: atomic { !timed_out && SAME_FORMAT(i) && !IS_PART(i) -> STORE_NUMBER(i) };
     d_step { lost[i] = 0; UNLOCK_WRITTEN(i) }
  :: atomic { !timed_out && IS_PART(i) -> STORE_PART(i) };
     d_step { lost[i] = 0; UNLOCK_WRITTEN(i) }
#ifdef ONE_STORE
  :: atomic { !timed_out && type == TEXT && format[i] == TEXT -> data0[i] = v; truth[i] = v; truth1[i] = v; true_format[i] = TEXT };
     data1[i] = v;
     d_step { lost[i] = 0; UNLOCK_WRITTEN(i) }
#endif
  :: atomic { !timed_out && !SAME_FORMAT(i) -> if :: type == PART -> type = TEXT :: else fi };
     if
#ifdef LONG
     :: atomic { type == TEXT -> k = REDO_RECORDS } /* longer than a redo record */
#endif
     :: redo_acquire(i)
     fi;
     if
     :: atomic { k == REDO_RECORDS -> skip }; put_unlogged(i)
     :: atomic { k < REDO_RECORDS -> skip }; put_logged(i)
     fi
  fi
}

/*
 * A read between begin and end, of the item or of a redo record. Leaves the enclosing loop if it
 * read one value.
 */
#define FORGET ck = 0; rf = 0; ra = 0; rb = 0; seen = 0
#define READ(f, a, b)                                     \
  rf = f;                                                 \
  ra = a;                                                 \
  if                                                      \
  :: atomic { rf == TEXT -> rb = b }                      \
  :: atomic { rf != TEXT -> skip }                        \
  fi;                                                     \
  if /* shareable__read_valid() */                          \
  :: atomic { word[i] == seen -> assert(IS(i, rf, ra, rb)); FORGET; break } \
  :: atomic { word[i] != seen -> FORGET }                \
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

/* A read under the lock: from lock_to_read() to shareable__read_end(). */
inline read_locked(i) {
  lock(i);
  if
#if STOPS > 0
  :: atomic { timed_out -> timed_out = 0 }
#endif
  :: atomic { !timed_out && (before & CORRUPT) -> INVARIANT(lost[i]) }; /* E_CORRUPT */
     d_step { before = AFTER_READ; UNLOCK(i, before) }
  :: atomic { !timed_out && !(before & CORRUPT) -> rf = format[i] };
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
  :: atomic { !(word[i] & (LOCKED | CORRUPT)) -> seen = word[i] }; /* shareable__read_begin_fast() */
     READ(format[i], data0[i], data1[i])
  :: atomic { (word[i] & (LOCKED | CORRUPT)) == CORRUPT -> INVARIANT(lost[i]); break } /* E_CORRUPT */
  :: atomic { HOLDER_IS_DEAD(word[i]) -> SWAP_DEAD(i) }; /* recover_for_read() */
     recover(i)
#if STOPS > 0
  :: atomic { IS_STUCK(word[i]) -> break }
#endif
  od
}

/* A read by a read-only handle: read_from_redo(). */
inline view(i) {
  do
  :: atomic { !(word[i] & (LOCKED | CORRUPT)) -> seen = word[i] };
     READ(format[i], data0[i], data1[i])
  :: atomic { (word[i] & (LOCKED | CORRUPT)) == CORRUPT -> INVARIANT(lost[i]); break }
  :: atomic { HOLDER_IS_DEAD(word[i]) -> seen = word[i] };
     redo_find(i, ck);
     if
     :: atomic { ck < REDO_RECORDS -> skip };
        READ(r_format[ck], r_data0[ck], r_data1[ck])
     :: atomic { ck == REDO_RECORDS && !(seen & NEEDS_RECORD) -> skip };
        READ(format[i], data0[i], data1[i])
     :: atomic { ck == REDO_RECORDS && (seen & NEEDS_RECORD) -> seen = 0; ck = 0; break } /* E_CORRUPT */
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

#define FORGET_ALL op = 0; ops = 0; i = 0; type = 0; v = 0; v1 = 0; k = 0; x = 0; owner = 0; before = 0; recovered = 0; timed_out = 0; is_claimed = 0; kept = 0; taken = 0; FORGET_MINE; FORGET

proctype Handle(byte me; byte ops) {
  byte op, i, type, v, v1, k, x, ck, owner, rf, ra, rb;
  bool timed_out, is_claimed;
  byte kept;
  int before, recovered, seen, taken;
#ifdef KEEP_BLINDLY
  byte mine; /* the number of the record that the handle kept last, from 1 */
#endif

  {
    do
    :: atomic { op < ops -> op++; v = 4 * me + op; choose_item(); type = NUMBER; v1 = 0 }; write(i)
    :: atomic { op < ops -> op++; v = 4 * me + op; choose_item(); type = TEXT; v1 = v }; write(i)
#ifdef PARTS
    :: atomic { op < ops -> op++; v = 4 * me + op; choose_item(); type = PART; v1 = v }; write(i)
#endif
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
  int seen;

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
