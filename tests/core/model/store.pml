/*
 * store.pml - the fast store of a number against a change of type (fast_store.h, fast_store.c and
 * item_write.c in core/src/sync), and the writer of numbers in Go (bindings/go/list_write.go), with
 * any process killed between any two steps.
 *
 * A handle with a hazard stores ints, and adds to them, without the lock. It has a store buffer.
 * Stores leave the buffer in order and at any later time. A barrier, an addition and the death of
 * the handle empty the buffer first (the kernel releases the liveness lock after the death). Loads
 * are not delayed, so the published hazard may become visible after the load of the word. Changers
 * write values of any type under the lock, add to ints under the lock, and replay each other's redo
 * records. Their own stores become visible in order, which is all that the version word's protocol
 * needs. item.pml shows that an item has at most one committed redo record, which belongs to the
 * lock's owner. So the item has a single record here.
 *
 * A fast store publishes its hazard, loads the word, which must have no flags, checks the format,
 * and loads the word again, which must be unchanged. So the format that it saw was not half written
 * by a changer. From the second load on, every change of an int to another type waits for the
 * hazard.
 *
 * The datum is a type and a value. `truth` is the datum that the item must contain. It changes when
 * a fast store becomes visible, when an addition is made, when a redo record is committed, and when
 * a number is stored over a number of its type under the lock. All of these report success. A
 * reader accepts only the truth, with the format of its type: no store and no addition that
 * succeeded is lost.
 *
 * A Go process has one handle, and its goroutines share the handle's writer id. A goroutine enters
 * the handle: it increments the count of writers, and leaves again if the handle is closed. It
 * loads the word, which must not be locked, corrupt or unlogged, checks the format, and locks the
 * word by a compare-and-swap from the word that it loaded. It then stores or adds by one atomic
 * operation, because fast stores may be in progress, and unlocks the item. A goroutine that cannot
 * lock the item calls the core, which writes with the same writer id. Close marks the handle as
 * closed, waits until no writer is left, and then releases the writer id. From then on the id is
 * one of a dead writer.
 *
 * Left out: time (E_BUSY, and the sleep that replaces membarrier(2) if it is not available),
 * and loads out of order.
 *
 * NO_RECORD: a changer may find no free redo record, and then writes unlogged.
 *
 * Sizes: CHANGES of each of CHANGERS changers, STORES of each of FASTS fast writers, HAZARDS
 * hazards, at most DEATHS kills in total; FIRST is the first type of the item. GOROUTINES
 * goroutines of the Go process make GO_STORES stores each. Its core writes GO_CHANGES times.
 *
 * Each of these breaks the protocol, and the check must find an error:
 * NO_BARRIER         quiesce() issues no barrier
 * NO_WAIT            quiesce() does not check the hazards
 * NO_CHECK           a fast store does not check the word
 * ONE_CHECK          a fast store checks the word before it checks the format, and not after
 * FORMAT_LAST        a fast store checks the format after it has checked the word twice
 * LATE_HAZARD        a fast store publishes its hazard after it has checked the word twice
 * SLOW_STORES_EARLY  a process that takes an item over sets slow_stores, although possibly no
 *                    process has waited for the stores in progress
 * PLAIN_ADD          an addition under the lock is a load and a store, not one atomic operation
 * GO_PLAIN_ADD       so is an addition of a goroutine
 * GO_FORMAT_FIRST    a goroutine checks the format before it loads the word
 * GO_LOCKS_CORRUPT   a goroutine also locks a corrupt item
 * GO_UNLOCKS_EARLY   a goroutine changes the number after it has unlocked the item
 * OWN_ID_IS_DEAD     the core takes an item over that is locked by its own writer id
 * CLOSE_EARLY        Close does not wait for the writers
 * FLAG_FIRST         a goroutine increments the count of writers after it has checked whether the
 *                    handle is closed
 */
#ifndef CHANGERS
#define CHANGERS 2
#endif
#ifndef CHANGES
#define CHANGES 1
#endif
#ifndef FASTS
#define FASTS 1
#endif
#ifndef STORES
#define STORES 1
#endif
#ifndef HAZARDS
#define HAZARDS 1
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef GOROUTINES
#define GOROUTINES 0
#endif
#ifndef GO_STORES
#define GO_STORES 1
#endif
#ifndef GO_CHANGES
#define GO_CHANGES 0
#endif

#define INT 1
#define FLOAT 2
#define TEXT 3
#define ADD 4 /* not a type: what a changer may do instead of writing a value */
#define IS_NUMBER(f) ((f) != TEXT)
#ifndef FIRST
#define FIRST INT
#endif

/*
 * The datum: the bits of a value of a type. Additions count up, so a value shows which of them are
 * in it.
 */
#define VALUE(f, v) ((f) * 16 + (v))
#define TYPE(d) ((d) / 16)
#define FAST_VALUE VALUE(INT, 8)
#define GO_VALUE VALUE(INT, 4)

#define LOCKED 1
#define SLOW_STORES 2
#define CORRUPT 4
#define UNLOGGED 8
#define FLAGS 15
#define VERSION 16
#define UNLOCKED 4095
#define OWNER_OF(w) ((w) >> 12)
#define LOCKED_BY(t) ((t) << 12)
#define NEXT(w, flags) (((((w) & ~FLAGS) + VERSION) & UNLOCKED) | (flags))
#define HOLDER_IS_DEAD(w) (((w) & LOCKED) && dead[OWNER_OF(w)])
#ifdef OWN_ID_IS_DEAD
#define SEEMS_DEAD(w) (HOLDER_IS_DEAD(w) || (((w) & LOCKED) && OWNER_OF(w) == me))
#else
#define SEEMS_DEAD(w) HOLDER_IS_DEAD(w)
#endif

/* Writer ids: changers, fast writers, a reader that may write, the handle of the Go process. */
#define CHANGER_1 1
#define CHANGER_2 2
#define FAST_1 3
#define FAST_2 4
#define READER 5
#define GO 6

bool dead[7], done[7];

int word;
byte data = VALUE(FIRST, 0), format = FIRST;

/* State that no process knows: the datum that the item must contain. */
byte truth = VALUE(FIRST, 0);

/* The redo record. */
bool committed;
byte r_data;

/* The Go process. dead[GO] is also set when the handle has released its writer id. */
bool go_killed, go_closed;
byte go_writers;

/* The hazards, and which writer owns which: hazard_of[FAST_1] is the number of a hazard plus 1. */
byte h_owner[HAZARDS];
bool h_item[HAZARDS]; /* the hazard names the item */
byte hazard_of[5];

/* Store buffers: the stores of a fast writer that are not visible yet. */
#define PUBLISH 1
#define PUT 2
#define RETRACT 3
chan buffer_1 = [4] of {byte};
chan buffer_2 = [4] of {byte};

inline land(what, t) {
  if
  :: what == PUBLISH -> h_item[hazard_of[t] - 1] = 1
  :: what == PUT -> data = FAST_VALUE; truth = FAST_VALUE
  :: what == RETRACT -> h_item[hazard_of[t] - 1] = 0
  fi;
  what = 0
}

/* Makes all buffered stores visible. */
inline drain(buffer, t) {
  do
  :: buffer ? what -> land(what, t)
  :: empty(buffer) -> break
  od
}

/* A processor makes one buffered store visible. */
proctype Processor(chan buffer; byte t) {
  byte what;

end:
  do
  :: atomic { buffer ? what -> land(what, t) }
  od
}

/*
 * shareable__writer_register(): acquire_hazard(). The compare-and-swap empties the store buffer;
 * the store after it may stay in the buffer.
 */
inline acquire_hazard() {
  if
  :: atomic { h_owner[0] == 0 || dead[h_owner[0]] -> h_owner[0] = me; hazard_of[me] = 1 }
#if HAZARDS > 1
  :: atomic { h_owner[1] == 0 || dead[h_owner[1]] -> h_owner[1] = me; hazard_of[me] = 2 }
  :: atomic { h_owner[0] != 0 && !dead[h_owner[0]] && h_owner[1] != 0 && !dead[h_owner[1]] -> stores = 0 }
#else
  :: atomic { h_owner[0] != 0 && !dead[h_owner[0]] -> stores = 0 } /* none: no fast stores */
#endif
  fi;
  if
  :: atomic { hazard_of[me] != 0 -> buffer ! RETRACT }
  :: atomic { hazard_of[me] == 0 -> skip }
  fi
}

/* An atomic addition, fast or under the lock. */
#define ADD_ONE data++; truth++

#ifdef NO_CHECK
#define CHECK_WORD true
#else
#define CHECK_WORD ((word & FLAGS) == 0)
#endif
#if defined(NO_CHECK) || defined(ONE_CHECK)
#define CHECK_WORD_AGAIN true
#else
#define CHECK_WORD_AGAIN (word == seen)
#endif
#ifdef FORMAT_LAST
#define CHECK_1 CHECK_WORD_AGAIN
#define CHECK_2 (format == INT)
#else
#define CHECK_1 (format == INT)
#define CHECK_2 CHECK_WORD_AGAIN
#endif

/*
 * shareable__fast_store(), or an addition between shareable__fast_store_begin() and
 * shareable__fast_store_end(). If the checks fail, the caller locks the word. In the model a
 * changer does that.
 */
inline store() {
#ifndef LATE_HAZARD
  buffer ! PUBLISH;
#endif
  if
  :: atomic { CHECK_WORD -> seen = word };
     if
     :: atomic { CHECK_1 -> skip };
        if
        :: atomic { CHECK_2 -> seen = 0 };
#ifdef LATE_HAZARD
           buffer ! PUBLISH;
#endif
           if
           :: buffer ! PUT
           :: atomic { drain(buffer, me); ADD_ONE }
           fi
        :: atomic { !CHECK_2 -> seen = 0 }
        fi
     :: atomic { !CHECK_1 -> seen = 0 }
     fi
  :: atomic { !CHECK_WORD -> skip }
  fi;
  buffer ! RETRACT
}

proctype Fast(chan buffer; byte me) {
  byte stores = STORES, what;
  int seen;

  {
    acquire_hazard();
    do
    :: atomic { stores > 0 -> stores-- }; store()
    :: atomic { stores == 0 -> done[me] = 1; break }
    od
  } unless { atomic { dead[me] -> stores = 0; what = 0; seen = 0 } }
}

#ifdef SLOW_STORES_EARLY
#define KEPT(w) SLOW_STORES
#else
#define KEPT(w) ((w) & SLOW_STORES)
#endif

/* steal_lock(), after the swap of the word; sets `next` to the word that unlocks the item. */
inline steal_lock(next) {
  if
  :: atomic { committed -> skip }; /* redo_replay() */
     data = r_data;
     format = TYPE(r_data);
     committed = 0
     next = NEXT(word, KEPT(word))
  :: atomic { !committed -> next = NEXT(word, KEPT(word) | ((word & (UNLOGGED | CORRUPT)) -> CORRUPT : 0)) }
  fi
}

/* lock() */
inline lock() {
  if
  :: atomic { !(word & LOCKED) -> before = word; word = word | LOCKED | LOCKED_BY(me) }
  :: atomic { SEEMS_DEAD(word) -> word = (word & UNLOCKED) | LOCKED_BY(me) };
     steal_lock(before)
  fi
}

/* quiesce(): the barrier reaches one processor after the other. */
inline quiesce() {
#ifndef NO_BARRIER
  atomic { drain(buffer_1, FAST_1) };
#if FASTS > 1
  atomic { drain(buffer_2, FAST_2) };
#endif
#endif
#ifndef NO_WAIT
  atomic { !h_item[0] || dead[h_owner[0]] };
#if HAZARDS > 1
  atomic { !h_item[1] || dead[h_owner[1]] };
#endif
#endif
  skip
}

/* change_locked() */
inline add() {
#ifdef PLAIN_ADD
  sum = data + 1;
  atomic { data = sum; truth++; sum = 0 }
#else
  atomic { ADD_ONE }
#endif
}

/* change_format(): a write of a value of another type. */
inline change_type() {
  if
  :: atomic { !(before & SLOW_STORES) && format != TEXT -> skip };
     quiesce();
     before = before | SLOW_STORES
  :: atomic { (before & SLOW_STORES) || format == TEXT -> skip }
  fi;
  if
  :: r_data = VALUE(type, 0);
     d_step { assert(!committed); committed = 1; truth = r_data };
     data = r_data;
     format = type;
     committed = 0
#ifdef NO_RECORD
  :: word = word | UNLOGGED;
     data = VALUE(type, 0);
     d_step { format = type; truth = VALUE(type, 0) }
#endif
  fi;
  before = before & ~CORRUPT
}

/* shareable__sync_write_item(), or change_locked() */
inline write() {
  lock();
  if
  :: atomic { type == ADD && format == INT && !(before & CORRUPT) -> skip };
     add()
  :: atomic { type == ADD && (format != INT || (before & CORRUPT)) -> skip } /* E_TYPE, or E_CORRUPT */
  :: atomic {
       type != TEXT && format == type -> data = VALUE(type, 0); truth = data; before = before & ~CORRUPT
     } /* shareable__item_put_one_word() */
  :: atomic { type != ADD && !(type != TEXT && format == type) -> skip };
     change_type()
  fi;
  d_step { assert(OWNER_OF(word) == me && !committed); word = NEXT(before, before & (SLOW_STORES | CORRUPT)); before = 0 }
}

proctype Changer(byte me) {
  byte changes = CHANGES, type, sum, what;
  int before;

  {
    do
    :: atomic { changes > 0 -> changes--; type = FLOAT }; write()
    :: atomic { changes > 0 -> changes--; type = INT }; write()
    :: atomic { changes > 0 -> changes--; type = TEXT }; write()
    :: atomic { changes > 0 -> changes--; type = ADD }; write()
    :: atomic { changes == 0 -> done[me] = 1; type = 0; break }
    od
  } unless { atomic { dead[me] -> changes = 0; type = 0; sum = 0; what = 0; before = 0 } }
}

/* Enters the handle, if it is not closed. */
#ifdef FLAG_FIRST
#define ENTER atomic { !go_closed -> skip }; go_writers++
#else
#define ENTER atomic { !go_closed -> go_writers++ }
#endif

inline go_change() {
  if
  :: atomic { data = GO_VALUE; truth = GO_VALUE }
#ifdef GO_PLAIN_ADD
  :: sum = data + 1;
     atomic { data = sum; truth++; sum = 0 }
#else
  :: add()
#endif
  fi
}

inline go_unlock() {
  d_step { assert(OWNER_OF(word) == GO && !committed); word = NEXT(seen, seen & SLOW_STORES); seen = 0 }
}

#ifdef GO_LOCKS_CORRUPT
#define MAY_LOCK(w) (((w) & (LOCKED | UNLOGGED)) == 0)
#else
#define MAY_LOCK(w) (((w) & (LOCKED | CORRUPT | UNLOGGED)) == 0)
#endif
#ifdef GO_FORMAT_FIRST
#define GO_CHECK_1 (format == INT)
#define GO_CHECK_2 MAY_LOCK(word)
#define SEEN_AT_2 word
#else
#define GO_CHECK_1 MAY_LOCK(word)
#define GO_CHECK_2 (format == INT)
#define SEEN_AT_2 seen
#endif

/*
 * If the checks fail, the goroutine calls the core. In the model another process of the handle may
 * do that at any time.
 */
inline go_write() {
  if
  :: atomic { GO_CHECK_1 -> seen = word };
     if
     :: atomic { GO_CHECK_2 -> seen = SEEN_AT_2 };
        if
        :: atomic { word == seen -> word = word | LOCKED | LOCKED_BY(GO) };
#ifdef GO_UNLOCKS_EARLY
           go_unlock();
           go_change()
#else
           go_change();
           go_unlock()
#endif
        :: atomic { word != seen -> seen = 0 }
        fi
     :: atomic { !GO_CHECK_2 -> seen = 0 }
     fi
  :: atomic { !GO_CHECK_1 -> skip }
  fi
}

proctype Goroutine() {
  byte stores = GO_STORES, sum;
  int seen;

  {
    do
    :: atomic { stores > 0 -> stores-- };
       if
       :: ENTER; go_write(); go_writers--
       :: atomic { go_closed -> skip }
       fi
    :: atomic { stores == 0 -> break }
    od
  } unless { atomic { go_killed -> stores = 0; sum = 0; seen = 0 } }
}

/* A call of the core by a goroutine. */
proctype Core(byte me) {
  byte changes = GO_CHANGES, type, sum, what;
  int before;

  {
    do
    :: atomic { changes > 0 -> changes--; if :: type = FLOAT :: type = ADD fi };
       if
       :: ENTER; write(); go_writers--
       :: atomic { go_closed -> skip }
       fi
    :: atomic { changes == 0 -> type = 0; break }
    od
  } unless { atomic { go_killed -> changes = 0; type = 0; sum = 0; what = 0; before = 0 } }
}

proctype Closer() {
  {
    go_closed = 1;
#ifndef CLOSE_EARLY
    atomic { go_writers == 0 -> skip };
#endif
    atomic { dead[GO] = 1; done[GO] = 1 }
  } unless { atomic { go_killed -> skip } }
}

/* One read, at any time: from shareable__read_begin() to shareable__read_valid(). */
proctype Reader() {
  byte f, d, t;
  int seen, recovered;

  do
  :: atomic { (word & (LOCKED | CORRUPT)) == CORRUPT -> break } /* E_CORRUPT */
  :: atomic { !(word & (LOCKED | CORRUPT)) -> seen = word };
     f = format;
     d_step { d = data; t = truth };
     if
     :: atomic { word == seen -> assert(d == t && f == TYPE(t)); f = 0; d = 0; t = 0; seen = 0; break }
     :: atomic { word != seen -> f = 0; d = 0; t = 0; seen = 0 }
     fi
  :: atomic { HOLDER_IS_DEAD(word) -> word = (word & UNLOCKED) | LOCKED_BY(READER) }; /* recover() */
     steal_lock(recovered);
     d_step { word = recovered; recovered = 0 }
  od
}

/*
 * SIGKILL. The stores that the killed process has made become visible. The Reaper may kill fewer
 * processes than DEATHS. Otherwise the kill of a process that waits for ever would hide that it
 * does.
 */
#define DEAD_COUNT (dead[1] + dead[2] + dead[3] + dead[4] + go_killed)
#define MAY_DIE(t) DEAD_COUNT < DEATHS && !dead[t] && !done[t]

proctype Reaper() {
  byte what;

end:
  do
#if CHANGERS > 0
  :: atomic { MAY_DIE(CHANGER_1) -> dead[CHANGER_1] = 1 }
#endif
#if CHANGERS > 1
  :: atomic { MAY_DIE(CHANGER_2) -> dead[CHANGER_2] = 1 }
#endif
#if FASTS > 0
  :: atomic { MAY_DIE(FAST_1) -> drain(buffer_1, FAST_1); dead[FAST_1] = 1 }
#endif
#if FASTS > 1
  :: atomic { MAY_DIE(FAST_2) -> drain(buffer_2, FAST_2); dead[FAST_2] = 1 }
#endif
#if GOROUTINES > 0
  :: atomic { MAY_DIE(GO) -> dead[GO] = 1; go_killed = 1 }
#endif
  :: atomic { DEAD_COUNT < DEATHS -> break }
  od
}

init {
  atomic {
#if FASTS > 0
    run Processor(buffer_1, FAST_1);
    run Fast(buffer_1, FAST_1);
#endif
#if FASTS > 1
    run Processor(buffer_2, FAST_2);
    run Fast(buffer_2, FAST_2);
#endif
#if CHANGERS > 0
    run Changer(CHANGER_1);
#endif
#if CHANGERS > 1
    run Changer(CHANGER_2);
#endif
#if GOROUTINES > 0
    run Goroutine();
    run Closer();
#endif
#if GOROUTINES > 1
    run Goroutine();
#endif
#if GO_CHANGES > 0
    run Core(GO);
#endif
    run Reader();
    run Reaper()
  }
}
