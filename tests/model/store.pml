/*
 * store.pml - the fast store of a number against a change of type (core/src/sync/sync.h,
 * shareable__sync_store() and shareable__sync_enter(), and core/src/sync/sync.c, quiesce()), with any
 * process killed between any two steps.
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
 * Left out: time (E_TIMED_OUT, and the sleep that replaces membarrier(2) if it is not available),
 * and loads out of order.
 *
 * NO_RECORD: a changer may find no free redo record, and then writes unlogged.
 *
 * Sizes: CHANGES of each of CHANGERS changers, STORES of each of FASTS fast writers, CELLS hazards,
 * at most DEATHS kills in total; FIRST is the first type of the item.
 *
 * Each of these breaks the protocol, and the check must find an error:
 * NO_BARRIER    quiesce() issues no barrier
 * NO_WAIT       quiesce() does not check the hazards
 * NO_LOOK       a fast store does not check the word
 * ONE_LOOK      a fast store checks the word before it checks the format, and not after
 * FORMAT_LAST   a fast store checks the format after it has checked the word twice
 * LATE_HAZARD   a fast store publishes its hazard after it has checked the word twice
 * MIXED_EARLY   a process that takes an item over sets slow_stores, although possibly no process
 *               has waited for the stores in progress
 * PLAIN_ADD     an addition under the lock is a load and a store, not one atomic operation
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
#ifndef CELLS
#define CELLS 1
#endif
#ifndef DEATHS
#define DEATHS 2
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

#define LOCKED 1
#define MIXED 2
#define CORRUPT 4
#define UNLOGGED 8
#define FLAGS 15
#define SEQUENCE 16
#define UNLOCKED 4095
#define TOKEN(w) ((w) >> 12)
#define OF(t) ((t) << 12)
#define NEXT(w, flags) (((((w) & ~FLAGS) + SEQUENCE) & UNLOCKED) | (flags))
#define IS_OF_THE_DEAD(w) (((w) & LOCKED) && dead[TOKEN(w)])

/* Writer ids: changers, fast writers, a reader that may write. */
#define CHANGER_1 1
#define CHANGER_2 2
#define FAST_1 3
#define FAST_2 4
#define READER 5

bool dead[6], done[6];

int word;
byte data = VALUE(FIRST, 0), format = FIRST;

/* What no process knows: the datum that the item must hold. */
byte truth = VALUE(FIRST, 0);

/* The redo record. */
bool ready;
byte j_data;

/* The hazards, and which writer owns which: cell_of[FAST_1] is the number of a hazard plus 1. */
byte c_token[CELLS];
bool c_item[CELLS]; /* the hazard names the item */
byte cell_of[5];

/* Store buffers: the stores of a fast writer that are not visible yet. */
#define ANNOUNCE 1
#define PUT 2
#define RETRACT 3
chan buffer_1 = [4] of {byte};
chan buffer_2 = [4] of {byte};

inline land(what, t) {
  if
  :: what == ANNOUNCE -> c_item[cell_of[t] - 1] = 1
  :: what == PUT -> data = FAST_VALUE; truth = FAST_VALUE
  :: what == RETRACT -> c_item[cell_of[t] - 1] = 0
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
 * shareable__writer_join(): claim_cell(). The compare-and-swap empties the store buffer; the store
 * after it may stay in the buffer.
 */
inline claim_cell() {
  if
  :: atomic { c_token[0] == 0 || dead[c_token[0]] -> c_token[0] = me; cell_of[me] = 1 }
#if CELLS > 1
  :: atomic { c_token[1] == 0 || dead[c_token[1]] -> c_token[1] = me; cell_of[me] = 2 }
  :: atomic { c_token[0] != 0 && !dead[c_token[0]] && c_token[1] != 0 && !dead[c_token[1]] -> stores = 0 }
#else
  :: atomic { c_token[0] != 0 && !dead[c_token[0]] -> stores = 0 } /* none: no fast stores */
#endif
  fi;
  if
  :: atomic { cell_of[me] != 0 -> buffer ! RETRACT }
  :: atomic { cell_of[me] == 0 -> skip }
  fi
}

/* An atomic addition, fast or under the lock. */
#define ADD_ONE data++; truth++

#ifdef NO_LOOK
#define LOOK true
#else
#define LOOK ((word & FLAGS) == 0)
#endif
#if defined(NO_LOOK) || defined(ONE_LOOK)
#define LOOK_AGAIN true
#else
#define LOOK_AGAIN (word == seen)
#endif
#ifdef FORMAT_LAST
#define CHECK_1 LOOK_AGAIN
#define CHECK_2 (format == INT)
#else
#define CHECK_1 (format == INT)
#define CHECK_2 LOOK_AGAIN
#endif

/*
 * shareable__sync_store(), or an addition between shareable__sync_enter() and
 * shareable__sync_leave(). If the checks fail, the caller locks the word. In the model a changer
 * does that.
 */
inline store() {
#ifndef LATE_HAZARD
  buffer ! ANNOUNCE;
#endif
  if
  :: atomic { LOOK -> seen = word };
     if
     :: atomic { CHECK_1 -> skip };
        if
        :: atomic { CHECK_2 -> seen = 0 };
#ifdef LATE_HAZARD
           buffer ! ANNOUNCE;
#endif
           if
           :: buffer ! PUT
           :: atomic { drain(buffer, me); ADD_ONE }
           fi
        :: atomic { !CHECK_2 -> seen = 0 }
        fi
     :: atomic { !CHECK_1 -> seen = 0 }
     fi
  :: atomic { !LOOK -> skip }
  fi;
  buffer ! RETRACT
}

proctype Fast(chan buffer; byte me) {
  byte stores = STORES, what;
  int seen;

  {
    claim_cell();
    do
    :: atomic { stores > 0 -> stores-- }; store()
    :: atomic { stores == 0 -> done[me] = 1; break }
    od
  } unless { atomic { dead[me] -> stores = 0; what = 0; seen = 0 } }
}

#ifdef MIXED_EARLY
#define KEPT(w) MIXED
#else
#define KEPT(w) ((w) & MIXED)
#endif

/* take_over(), after the swap of the word; sets `next` to the word that unlocks the item. */
inline take_over(next) {
  if
  :: atomic { ready -> skip }; /* complete() */
     data = j_data;
     format = TYPE(j_data);
     ready = 0
     next = NEXT(word, KEPT(word))
  :: atomic { !ready -> next = NEXT(word, KEPT(word) | ((word & (UNLOGGED | CORRUPT)) -> CORRUPT : 0)) }
  fi
}

/* lock() */
inline lock() {
  if
  :: atomic { !(word & LOCKED) -> before = word; word = word | LOCKED | OF(me) }
  :: atomic { IS_OF_THE_DEAD(word) -> word = (word & UNLOCKED) | OF(me) };
     take_over(before)
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
  atomic { !c_item[0] || dead[c_token[0]] };
#if CELLS > 1
  atomic { !c_item[1] || dead[c_token[1]] };
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

/* write_locked() of a value of another type. */
inline change_type() {
  if
  :: atomic { !(before & MIXED) && format != TEXT -> skip };
     quiesce();
     before = before | MIXED
  :: atomic { (before & MIXED) || format == TEXT -> skip }
  fi;
  if
  :: j_data = VALUE(type, 0);
     d_step { assert(!ready); ready = 1; truth = j_data };
     data = j_data;
     format = type;
     ready = 0
#ifdef NO_RECORD
  :: word = word | UNLOGGED;
     data = VALUE(type, 0);
     d_step { format = type; truth = VALUE(type, 0) }
#endif
  fi;
  before = before & ~CORRUPT
}

/* shareable__sync_write(), or change_locked() */
inline write() {
  lock();
  if
  :: atomic { type == ADD && format == INT && !(before & CORRUPT) -> skip };
     add()
  :: atomic { type == ADD && (format != INT || (before & CORRUPT)) -> skip } /* E_TYPE, or E_CORRUPT */
  :: atomic {
       type != TEXT && format == type -> data = VALUE(type, 0); truth = data; before = before & ~CORRUPT
     } /* shareable__item_same_format() */
  :: atomic { type != ADD && !(type != TEXT && format == type) -> skip };
     change_type()
  fi;
  d_step { assert(TOKEN(word) == me && !ready); word = NEXT(before, before & (MIXED | CORRUPT)); before = 0 }
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

/* One read, at any time: from shareable__sync_begin() to shareable__sync_end(). */
proctype Reader() {
  byte f, d, t;
  int stamp, mended;

  do
  :: atomic { (word & (LOCKED | CORRUPT)) == CORRUPT -> break } /* E_CORRUPT */
  :: atomic { !(word & (LOCKED | CORRUPT)) -> stamp = word };
     f = format;
     d_step { d = data; t = truth };
     if
     :: atomic { word == stamp -> assert(d == t && f == TYPE(t)); f = 0; d = 0; t = 0; stamp = 0; break }
     :: atomic { word != stamp -> f = 0; d = 0; t = 0; stamp = 0 }
     fi
  :: atomic { IS_OF_THE_DEAD(word) -> word = (word & UNLOCKED) | OF(READER) }; /* mend() */
     take_over(mended);
     d_step { word = mended; mended = 0 }
  od
}

/*
 * SIGKILL. The stores that the killed process has made become visible. The Reaper may kill fewer
 * processes than DEATHS. Otherwise the kill of a process that waits for ever would hide that it
 * does.
 */
#define DEAD_COUNT (dead[1] + dead[2] + dead[3] + dead[4])
#define MAY_DIE(t) DEAD_COUNT < DEATHS && !dead[t] && !done[t]

proctype Reaper() {
  byte what;

end:
  do
  :: atomic { MAY_DIE(CHANGER_1) -> dead[CHANGER_1] = 1 }
#if CHANGERS > 1
  :: atomic { MAY_DIE(CHANGER_2) -> dead[CHANGER_2] = 1 }
#endif
  :: atomic { MAY_DIE(FAST_1) -> drain(buffer_1, FAST_1); dead[FAST_1] = 1 }
#if FASTS > 1
  :: atomic { MAY_DIE(FAST_2) -> drain(buffer_2, FAST_2); dead[FAST_2] = 1 }
#endif
  :: atomic { DEAD_COUNT < DEATHS -> break }
  od
}

init {
  atomic {
    run Processor(buffer_1, FAST_1);
    run Fast(buffer_1, FAST_1);
#if FASTS > 1
    run Processor(buffer_2, FAST_2);
    run Fast(buffer_2, FAST_2);
#endif
    run Changer(CHANGER_1);
#if CHANGERS > 1
    run Changer(CHANGER_2);
#endif
    run Reader();
    run Reaper()
  }
}
