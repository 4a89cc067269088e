/*
 * dict.pml - the keys, the index and the locks of a dict (core/src/dict), with writers killed
 * between any two steps.
 *
 * Place p of a dict has two items of its list: a key and a value. item.pml shows that a read of an
 * item gets one value, that the version of the item shows whether it was written since, and that a
 * write that is killed leaves the old or the new value. So here, a write of an item is one step,
 * and so is a read of an item with its version. Each other step is one access to shared memory. A
 * process that waits for a lock is a guard: one that waits for ever is an invalid end state.
 *
 * The keys in the list are the truth. The write of a key item is the step at which a key comes or
 * goes, and the write of a value item is the step at which a key gets another value. `truth` is what
 * each key has then. A get must return a value that the key had during the get; or that there is no
 * such key, if the key was absent at some time during the get. When all processes have ended, the
 * next owner of the keys' lock must find an index with each key once, and the right count.
 *
 * `place_lock` is the lock of the item of the place's value: in the program, the writer id in its
 * version word. A write of a value locks that item, so it also protects the place: a delete locks it
 * until the key is gone. The owner of the keys' lock, which is the lock in the dict area, waits for the
 * lock of a free place only, whose owner does not wait for anything.
 *
 * An insert writes the value before the key, because the place is free until the key is written. A write
 * of a long value has no redo record: if it is killed, the value is TORN, and stock Python would raise an
 * error for the place. The next owner of the keys' lock writes None to it. An intent is one of three here: insert, delete, and making the index again (REINDEX), which
 * stores the entries that differ. The fourth, a long value, is in dict_value.pml.
 *
 * The index is a table with linear probing from the home of a key. An entry is removed by moving
 * later ones to the hole.
 *
 * Left out: expiry and eviction, which delete a key; long values; the place at which the search for a
 * free one begins, which is a hint; stores that other processors see in another order; timeouts.
 *
 * Sizes: WRITERS that set or delete a key OPS times, the last one LAST_OPS times; READERS that get a
 * key once; at most DEATHS kills. There are two places and KEYS keys, 2 or 3; a set of a third key
 * fails if both places are taken. START keys are there from the start. SAME_HOME gives all keys one
 * home. With REINDEX, writers also make the index again.
 *
 * Each of these breaks the protocol, and the check must find an error:
 * KEY_FIRST       an insert writes the key before the value
 * VALUE_FIRST     an insert declares its intent after it has written the value
 * NO_VERSION      a get does not check the version of the key again
 * NO_RECHECK      a set of a present key does not check the version under the place's lock
 * NO_PLACE_LOCK   neither a delete nor an insert takes the place's lock. (One of them is sufficient
 *                 here. A delete that returns the value needs the lock itself.)
 * EVEN_INSERT     an insert does not make the sequence odd
 * EVEN_DELETE     a delete does not make the sequence odd
 * ANY_MISS        a get trusts a miss whatever the sequence is
 * NO_INTENT       an insert does not store its intent
 * INTENT_LAST     a delete stores its intent after it has written the key
 * NO_DUPLICATE    the recovery of a delete does not look for an entry that is there twice
 * EARLY_END       a change clears its intent before the index is complete
 * EVEN_REINDEX    making the index again does not make the sequence odd
 * NO_REINDEX      the next owner does not make the index again
 */
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef READERS
#define READERS 1
#endif
#ifndef OPS
#define OPS 1
#endif
#ifndef LAST_OPS
#define LAST_OPS OPS
#endif
#ifndef START
#define START 0
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef KEYS
#define KEYS 2
#endif

#define PLACES 2
#define SLOTS 4
#ifdef SAME_HOME
#define HOME(k) 0
#else
#define HOME(k) ((k) == 3)
#endif

/* The last process is the one that checks the result. */
#define CHECKER (WRITERS + 1)

/* A value of which a killed insert has written a part. */
#define TORN 99

#define NONE 0
#define INSERT 1
#define DELETE 2
#define MAKE_INDEX 3

byte key[PLACES], version[PLACES], value[PLACES], place_lock[PLACES];
byte keys_lock, intent, intent_place, intent_home, intent_count;
byte sequence, slot[SLOTS], count;

bool dead[CHECKER + 1], killed[CHECKER + 1];
byte ended;

/* State that no process of the program knows: the value of each key, and the results that each get may have. */
byte truth[KEYS + 1];
byte reading[READERS + 1];
int possible[READERS + 1];

#define ODD(s) ((s) % 2)
#ifdef NO_PLACE_LOCK
#define IS_FREE(p) (key[p] == 0)
#else
#define IS_FREE(p) (key[p] == 0 && (place_lock[p] == 0 || dead[place_lock[p]]))
#endif
/* Wraps, but not within one get. */
#define NEXT(n) (((n) + 1) % 32)

inline set_truth(k, v) {
  truth[k] = v;
  if
  :: reading[0] == k -> possible[0] = possible[0] | (1 << (v))
  :: else
  fi
#if READERS > 1
  if
  :: reading[1] == k -> possible[1] = possible[1] | (1 << (v))
  :: else
  fi
#endif
}

inline write_key(p, k, new) {
  d_step {
    if
    :: (k) == 0 -> set_truth(key[p], 0)
    :: else -> set_truth((k), new)
    fi;
    key[p] = (k);
    version[p] = NEXT(version[p])
  }
}

/*
 * The index, by the owner of the keys' lock. These leave `i` at the slot.
 */

/* found: whether the key is in the index, and its place in `p`. */
inline probe(k) {
  d_step { i = HOME(k); found = false; p = 0 }
  do
  :: slot[i] == 0 -> break
  :: slot[i] != 0 && key[slot[i] - 1] == k -> d_step { p = slot[i] - 1; found = true }; break
  :: else -> i++
  od
}

inline add_entry(q, home) {
  i = home;
  do
  :: slot[i] == 0 -> slot[i] = (q) + 1; break
  :: slot[i] == (q) + 1 -> break
  :: else -> i++
  od
}

/* Removes the entry at `i`: moves later entries to the hole. */
inline close_hole() {
  j = i + 1;
  do
  :: slot[j] == 0 -> slot[i] = 0; break
  :: slot[j] != 0 && HOME(key[slot[j] - 1]) <= i -> slot[i] = slot[j]; d_step { i = j; j = j + 1 }
  :: else -> j++
  od
}

/*
 * Continues a delete that was interrupted. The hole is at the entry of the place; or, if an entry
 * was moved there, at the later one of two equal entries; or nowhere, if the delete had finished.
 */
inline continue_delete(q, home) {
  d_step {
    i = home; j = SLOTS;
    do
    :: slot[i] == 0 -> break
    :: slot[i] == (q) + 1 -> j = i; break
#ifndef NO_DUPLICATE
    :: slot[i] != 0 && slot[i] != (q) + 1 && slot[i + 1] == slot[i] -> j = i + 1; break
    :: slot[i] != 0 && slot[i] != (q) + 1 && slot[i + 1] != 0 && i + 2 < SLOTS && slot[i + 2] == slot[i] -> j = i + 2; break
#endif
    :: else -> i++
    od;
    i = j
  }
  if
  :: i < SLOTS -> close_hole()
  :: else
  fi
}

inline declare(what, q, home) {
  d_step { intent_place = q; intent_home = home; intent_count = count };
  intent = what
}

/* Makes the index again: first in private memory, then the entries that differ. */
inline reindex() {
  declare(MAKE_INDEX, 0, 0);
#ifndef EVEN_REINDEX
  if
  :: !ODD(sequence) -> sequence = NEXT(sequence)
  :: else
  fi;
#endif
  d_step {
    made[0] = 0; made[1] = 0; made[2] = 0; made[3] = 0;
    p = 0; j = 0;
    do
    :: p == PLACES -> break
    :: p < PLACES && key[p] == 0 -> p++
    :: p < PLACES && key[p] != 0 ->
      i = HOME(key[p]);
      do
      :: made[i] == 0 -> break
      :: else -> i++
      od;
      made[i] = p + 1; j++; p++
    od;
    i = 0
  }
  do
  :: i == SLOTS -> break
  :: i < SLOTS && slot[i] != made[i] -> d_step { slot[i] = made[i]; i++ }
  :: i < SLOTS && slot[i] == made[i] -> i++
  od;
  count = j;
#ifndef EVEN_REINDEX
  sequence = NEXT(sequence);
#endif
  d_step { intent = NONE; made[0] = 0; made[1] = 0; made[2] = 0; made[3] = 0 }
}

/* Completes what a dead owner of the keys' lock has begun. It may be killed too. */
inline recover() {
  if
#ifdef REINDEX
#ifdef NO_REINDEX
  :: intent == MAKE_INDEX -> intent = NONE
#else
  :: intent == MAKE_INDEX -> reindex()
#endif
#endif
  :: intent == INSERT || intent == DELETE ->
    if
    :: !ODD(sequence) -> sequence = NEXT(sequence)
    :: else
    fi;
    if
    :: intent == INSERT && key[intent_place] != 0 -> add_entry(intent_place, intent_home); count = intent_count + 1
    :: intent == DELETE && key[intent_place] == 0 -> continue_delete(intent_place, intent_home); count = intent_count - 1
    :: intent == INSERT && key[intent_place] == 0 ->
      atomic {
        place_lock[intent_place] == 0 || dead[place_lock[intent_place]] ->
        place_lock[intent_place] = 0;
        if
        :: value[intent_place] == TORN -> value[intent_place] = 0
        :: else
        fi
      };
      count = intent_count
    :: intent == DELETE && key[intent_place] != 0 -> count = intent_count
    fi;
    sequence = NEXT(sequence);
    intent = NONE
  :: else
  fi
}

inline lock_keys(me) {
  if
  :: atomic { keys_lock == 0 -> keys_lock = me }
  :: atomic { keys_lock != 0 && dead[keys_lock] -> keys_lock = me };
    recover()
  fi
}

/*
 * Find a key without a lock: sets `found`, `p` and `v`, the version of the key. A miss proves
 * nothing here: the caller checks the sequence or takes the keys' lock.
 */
inline find(k) {
  d_step { i = HOME(k); found = false };
  do
  :: i == SLOTS -> break
  :: i < SLOTS -> e = slot[i];
    if
    :: e == 0 -> break
    :: else ->
      if
      :: d_step { key[e - 1] == k -> p = e - 1; v = version[p]; found = true }; break
      :: d_step { key[e - 1] != k -> i++ }
      fi
    fi
  od
}

/* Writers. */

inline set_present(me, k, new) {
  atomic { place_lock[p] == 0 || dead[place_lock[p]] -> place_lock[p] = me };
  if
#ifndef NO_RECHECK
  :: version[p] != v -> place_lock[p] = 0; goto again
#endif
  :: else ->
    d_step {
      value[p] = new;
      if
      :: key[p] != 0 -> set_truth(key[p], new); assert(key[p] == k)
      :: else
      fi
    };
    place_lock[p] = 0
  fi
}

inline insert(me, k, new) {
  if
  :: d_step { IS_FREE(0) -> p = 0 }
  :: d_step { !IS_FREE(0) && IS_FREE(1) -> p = 1 }
  :: !IS_FREE(0) && !IS_FREE(1) -> keys_lock = 0; goto next /* full */
  fi;
#if !defined(NO_INTENT) && !defined(VALUE_FIRST)
  declare(INSERT, p, HOME(k));
#endif
#ifndef KEY_FIRST
  /* A writer that found the key that was there before may have the item for a moment. */
#ifdef NO_PLACE_LOCK
  value[p] = new;
#else
  atomic { place_lock[p] == 0 || dead[place_lock[p]] -> place_lock[p] = me; value[p] = TORN };
  d_step { value[p] = new; place_lock[p] = 0 };
#endif
#endif
#ifdef VALUE_FIRST
  declare(INSERT, p, HOME(k));
#endif
#ifndef EVEN_INSERT
  sequence = NEXT(sequence);
#endif
  write_key(p, k, new);
#ifdef KEY_FIRST
  value[p] = new;
#endif
#ifdef EARLY_END
  intent = NONE;
#endif
  add_entry(p, HOME(k));
  count++;
#ifndef EVEN_INSERT
  sequence = NEXT(sequence);
#endif
  intent = NONE
}

inline delete(k) {
#ifndef INTENT_LAST
  declare(DELETE, p, HOME(k));
#endif
#ifndef EVEN_DELETE
  sequence = NEXT(sequence);
#endif
  write_key(p, 0, 0);
#ifdef INTENT_LAST
  declare(DELETE, p, HOME(k));
#endif
#ifdef EARLY_END
  intent = NONE;
#endif
  close_hole();
  count--;
#ifndef EVEN_DELETE
  sequence = NEXT(sequence);
#endif
  intent = NONE
}

proctype writer(byte me; byte ops) {
  byte i, j, p, e, v, k, n;
#ifdef REINDEX
  byte made[SLOTS];
#endif
  bool found;

  {
  do
  :: n == ops -> break
  :: n < ops ->
    if
    :: k = 1
    :: k = 2
#if KEYS > 2
    :: k = 3
#endif
    fi;
    if
    :: goto again
    :: goto remove
#ifdef REINDEX
    :: lock_keys(me); reindex(); keys_lock = 0; goto next
#endif
    fi;
again:
    skip;
    find(k);
    if
    :: found -> set_present(me, k, me + n * WRITERS); goto next
    :: else
    fi;
    lock_keys(me);
    probe(k);
    if
    :: found -> keys_lock = 0; goto again
    :: else -> assert(truth[k] == 0); insert(me, k, me + n * WRITERS)
    fi;
    keys_lock = 0;
    goto next;
remove:
    lock_keys(me);
    probe(k);
    if
    :: !found -> assert(truth[k] == 0); keys_lock = 0; goto next
    :: else
    fi;
#ifndef NO_PLACE_LOCK
    if
    :: atomic { place_lock[p] == 0 || dead[place_lock[p]] -> place_lock[p] = me }
    :: place_lock[p] != 0 && !dead[place_lock[p]] -> keys_lock = 0; goto remove
    fi;
#endif
    delete(k);
#ifndef NO_PLACE_LOCK
    place_lock[p] = 0;
#endif
    keys_lock = 0;
next:
    skip;
    d_step { n++; k = 0; i = 0; j = 0; p = 0; e = 0; v = 0; found = false }
  od;
  skip
  } unless { killed[me] };
  skip;
  d_step { dead[me] = true; ended++ }
}

/* Kills up to DEATHS writers, each at any time. A writer that has ended cannot be killed: nothing changes. */
proctype killer() {
  byte n;

  do
  :: n == DEATHS -> break
  :: n < DEATHS -> killed[1] = true; n++
#if WRITERS > 1
  :: n < DEATHS -> killed[2] = true; n++
#endif
#if WRITERS > 2
  :: n < DEATHS -> killed[3] = true; n++
#endif
  :: break
  od
}

/* Readers. */

/* Reads the value of the key at `p`, whose version was v: sets `result`, or begins again. */
inline read_value() {
  result = value[p];
  if
#ifndef NO_VERSION
  :: version[p] != v -> goto begin
#endif
  :: else
  fi
}

proctype reader(byte r) {
  byte i, p, e, v, k, s, result;
  bool found;

  if
  :: k = 1
  :: k = 2
#if KEYS > 2
  :: k = 3
#endif
  fi;
  d_step { reading[r] = k; possible[r] = 1 << truth[k] };
begin:
  skip;
  s = sequence;
  find(k);
  if
  :: found -> read_value(); goto check
  :: else
  fi;
#ifndef ANY_MISS
  if
  :: !ODD(s) && sequence == s -> goto miss
  :: else
  fi;
  /* The program tries again for a millisecond first. The keys never move. */
  p = 0;
  do
  :: p == PLACES -> break
  :: d_step { p < PLACES && key[p] == k -> v = version[p] }; read_value(); goto check
  :: d_step { p < PLACES && key[p] != k -> p++ }
  od;
#endif
miss:
  result = 0;
check:
  assert(possible[r] & (1 << result));
  d_step { reading[r] = 0; possible[r] = 0 }
}

/* The result. */

proctype checker() {
  byte i, j, p;
#ifdef REINDEX
  byte made[SLOTS];
#endif

  ended == WRITERS;
  lock_keys(CHECKER);
  d_step {
    assert(!ODD(sequence) && count == (key[0] != 0) + (key[1] != 0));
    assert(key[0] == 0 || key[0] != key[1]);
    assert(value[0] != TORN && value[1] != TORN);
    i = 0; j = 0;
    do
    :: i == SLOTS -> break
    :: i < SLOTS && slot[i] == 0 -> i++
    :: else -> assert(key[slot[i] - 1] != 0); j++; i++
    od;
    assert(j == count);
    p = 0;
    do
    :: p == PLACES -> break
    :: p < PLACES && key[p] == 0 -> p++
    :: p < PLACES && key[p] != 0 ->
      i = HOME(key[p]);
      do
      :: slot[i] == p + 1 -> break
      :: slot[i] != p + 1 -> assert(slot[i] != 0); i++
      od;
      assert(truth[key[p]] == value[p]);
      p++
    od
  }
}

init {
  atomic {
#if START > 0
    key[0] = 1; value[0] = 14; truth[1] = 14; slot[0] = 1; count = 1;
#endif
#if START > 1
    key[1] = 2; value[1] = 15; truth[2] = 15; slot[1] = 2; count = 2;
#endif
    run writer(1, (WRITERS == 1 -> LAST_OPS : OPS));
#if WRITERS > 1
    run writer(2, (WRITERS == 2 -> LAST_OPS : OPS));
#endif
#if WRITERS > 2
    run writer(3, LAST_OPS);
#endif
#if READERS > 0
    run reader(0);
#endif
#if READERS > 1
    run reader(1);
#endif
    run killer();
    run checker()
  }
}
