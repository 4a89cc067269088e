/*
 * wait.pml - waiting for a change of an item (core/src/sync/eventcount.h), with waiters and writers
 * killed between any two steps.
 *
 * Items share eventcounts. An eventcount is a waiters bit, which is set if a process may sleep, and
 * a counter, on which the waiters sleep. A writer that finds the bit set clears it, increments the
 * counter, and wakes all waiters. A woken waiter sets the bit again and checks the item again. A
 * writer that has no hazard stores under the item's lock, and issues a fence between the store and
 * its check of the bit.
 *
 * A writer that has a hazard is a fast writer here, whether it stores under the lock or not. It
 * issues a fence after its store only while the flag FENCE_REQUESTED is set. A waiter sets
 * FENCE_REQUESTED together with the waiters bit. If it then finds that the flag FENCE_EFFECTIVE was
 * not set, it makes every processor issue a barrier (membarrier(2)), so that all buffered stores
 * become visible, and sets FENCE_EFFECTIVE if the epoch is unchanged. The epoch (EPOCH) counts how
 * many times the flags were cleared; it is in one word with the flags and the waiters bits. A
 * waiter that finds FENCE_EFFECTIVE set issues no barrier, but a fence of its own. Either waiter
 * compares the item after that. A fast writer that finds FENCE_REQUESTED set issues a fence and
 * checks the bits again. If its item's bit is not set, and no other bit is set, it may clear both
 * flags and increment the epoch; the code does so after a number of idle fences, the model at any
 * time. A waiter that does not sleep, or stops waiting, notifies its eventcount if the bit is still
 * set, so that no bit stays set without a waiter.
 *
 * A fast writer has a store buffer. Stores to items leave it in order and at any later time; a
 * fence, a barrier and the death of the writer empty it. Loads are not delayed, so the first check
 * may come before the store is visible. The word and the counters change by atomic operations. An
 * item is 0 or 1 here; item.pml and store.pml show how it is read and written as a whole.
 *
 * A step of the model is one access to shared memory, a barrier of one processor, or one call of
 * futex(2). A fence is one step together with the access next to it, because a processor may also
 * empty its store buffer at any time before a fence. A load and the atomic operation that succeeds
 * on the loaded value are one step. In the kernel the check of the counter and the start of the
 * sleep are one step, and so is a wake-up of all waiters. While all processes are alive, the end of
 * a sleep interval wakes no process, so that it cannot hide a lost wake-up. After a kill, it may at
 * any time wake a process that would find the item changed. A process that would not sets the bit
 * again and continues to sleep, at most SLICES times for each wait.
 *
 * With GO, the second writer is a goroutine, which stores under the lock (bindings/go/list_write.go;
 * store.pml). Another goroutine closes the handle at any time. Close waits until the writer has left
 * the handle, and then replaces the mapping by zeros. From then on the writer would find no waiters.
 *
 * The first state of the flags is one that earlier waiters may have left: neither set, both set, or
 * only FENCE_REQUESTED, set by a waiter that was killed before its barrier.
 *
 * A process that sleeps and that no process will wake is an invalid end state, with one exception:
 * if the item has not changed and no process is left that could change it, the wait ends.
 *
 * Left out: the eventcount of all items, the check of a woken waiter before it sets the bit again,
 * the recovery of a dead writer's write (which notifies as a writer under the lock does), timeouts
 * (a waiter that times out notifies like one that found the item changed), the overflow of the
 * counters, the sleep that replaces membarrier(2) if it is not available, and signals that end a
 * sleep.
 *
 * Sizes: WAITERS, 2 or 3, that wait WAITS times each, for a change from the current value; two
 * writers that store at most STORES times each, FASTS of them, 0 to 2, are fast writers; ITEMS, 1
 * or 2; EVENTCOUNTS, 1 or 2; at most DEATHS kills in total; SLICES.
 *
 * Each of these breaks the protocol, and the check must find an error:
 * NO_BARRIER                 a waiter issues no barrier
 * EFFECTIVE_EARLY            FENCE_EFFECTIVE is set before the barrier, together with
 *                            FENCE_REQUESTED
 * EFFECTIVE_BLINDLY          FENCE_EFFECTIVE is set after the barrier, whatever the epoch and
 *                            FENCE_REQUESTED are
 * NO_EPOCH                   FENCE_EFFECTIVE is set if FENCE_REQUESTED is set, whatever the epoch
 *                            is
 * NO_FENCE                   a writer without a hazard issues no fence after its store
 * NO_FENCE_OF_WAITER         a waiter that finds FENCE_EFFECTIVE set issues no fence, so it may
 *                            compare before its bit is visible
 * NO_FENCE_OF_FAST           a fast writer that finds FENCE_REQUESTED set checks again without a
 *                            fence
 * NO_SECOND_CHECK_OF_WRITER  a fast writer that finds FENCE_REQUESTED set uses the bits of its
 *                            first check
 * CLEAR_WITH_WAITER          a fast writer clears the flags although a bit was set after its check
 * CLEAR_WITH_OTHERS          a fast writer clears the flags although the bit of an eventcount of
 *                            other items is set
 * NO_SECOND_CHECK            a waiter compares before it sets the bit, and not after
 * PREPARE_FIRST              a waiter sets the bit before it loads the counter
 * SEEN_LATE                  a waiter loads the counter after it compared the item
 * CLEAR_LATE                 a writer clears the bit after it has notified
 * WAKE_ONE                   a writer wakes only one of the sleepers
 * NO_SLICE                   only a notification ends a sleep
 * GO_LEAVES_EARLY            a goroutine leaves the handle before it checks the waiters bit
 */
#ifndef WAITERS
#define WAITERS 2
#endif
#ifndef WAITS
#define WAITS 1
#endif
#ifndef FASTS
#define FASTS 1
#endif
#ifndef STORES
#define STORES 1
#endif
#ifndef ITEMS
#define ITEMS 2
#endif
#ifndef EVENTCOUNTS
#define EVENTCOUNTS 1
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef SLICES
#define SLICES 1
#endif

/* The processes: writers, then waiters. */
#define WRITER_1 0
#define WRITER_2 1
#define WAITER_1 2
#define WAITER_2 3
#define WAITER_3 4

bool dead[5], done[5];

byte item[ITEMS];

/* The eventcounts. asleep[] contains the BIT of the eventcount that a process sleeps on. */
#define EVENTCOUNT_OF(i) ((i) % EVENTCOUNTS)
#define BIT(eventcount) ((eventcount) + 1)
#define BITS 3
#define FENCE_REQUESTED 4
#define FENCE_EFFECTIVE 8
#define FLAGS (FENCE_REQUESTED | FENCE_EFFECTIVE)
#define EPOCH 16
byte flags;
byte counter[EVENTCOUNTS];

byte asleep[5]; /* in the kernel, until a notification */

#define DEAD_COUNT (dead[0] + dead[1] + dead[2] + dead[3] + dead[4])

/* Store buffers: the stores of a writer that are not visible yet, each an item and its value. */
chan buffer_1 = [STORES] of {bit, byte};
chan buffer_2 = [STORES] of {bit, byte};

#define LAND item[where] = what; where = 0; what = 0

/* Makes all buffered stores visible. */
inline drain(buffer) {
  do
  :: buffer ? where, what -> LAND
  :: empty(buffer) -> break
  od
}

/* A processor makes one buffered store visible. */
proctype Processor(chan buffer) {
  bit where;
  byte what;

end:
  do
  :: atomic { buffer ? where, what -> LAND }
  od
}

inline wake(bit_to_wake) {
#ifdef WAKE_ONE
  if
  :: atomic { asleep[WAITER_1] == bit_to_wake -> asleep[WAITER_1] = 0 }
  :: atomic { asleep[WAITER_2] == bit_to_wake -> asleep[WAITER_2] = 0 }
  :: atomic { asleep[WAITER_1] != bit_to_wake && asleep[WAITER_2] != bit_to_wake -> skip }
  fi
#else
  d_step {
    if :: asleep[WAITER_1] == bit_to_wake -> asleep[WAITER_1] = 0 :: else fi;
    if :: asleep[WAITER_2] == bit_to_wake -> asleep[WAITER_2] = 0 :: else fi;
    if :: asleep[WAITER_3] == bit_to_wake -> asleep[WAITER_3] = 0 :: else fi
  }
#endif
}

#ifdef GO
/* Whether the goroutine is in the handle, and whether Close has begun and has ended. */
bool go_inside, go_closed, go_unmapped;
#define IS_GO (me == WRITER_2)
#define HAS_WAITERS ((flags & BIT(eventcount)) != 0 && !(IS_GO && go_unmapped))
#else
#define HAS_WAITERS ((flags & BIT(eventcount)) != 0)
#endif

/*
 * shareable__eventcount_notify(), if `may` and the bit is set. One writer notifies for each setting
 * of the bit.
 */
inline notify(may) {
#ifdef CLEAR_LATE
  atomic { may && HAS_WAITERS -> drain(buffer) };
  counter[eventcount]++;
  wake(BIT(eventcount));
  flags = flags & ~BIT(eventcount)
#else
  atomic { may && HAS_WAITERS -> drain(buffer); flags = flags & ~BIT(eventcount) };
  counter[eventcount]++;
  wake(BIT(eventcount))
#endif
}

#ifdef NO_FENCE_OF_FAST
#define FENCE skip
#else
#define FENCE drain(buffer)
#endif
#ifdef CLEAR_WITH_OTHERS
#define IS_IDLE ((flags & FENCE_REQUESTED) && !HAS_WAITERS)
#else
#define IS_IDLE ((flags & (FENCE_REQUESTED | BITS)) == FENCE_REQUESTED)
#endif
#define CLEAR_FLAGS flags = (flags & ~FLAGS) + EPOCH

/* shareable__eventcount_notify_fenced() */
inline notify_fenced() {
  if
  :: notify(true)
  :: atomic { !HAS_WAITERS -> FENCE }
#ifdef CLEAR_WITH_WAITER
  :: atomic { !HAS_WAITERS && (flags & FENCE_REQUESTED) -> FENCE };
     CLEAR_FLAGS
#else
  :: atomic { IS_IDLE -> drain(buffer); CLEAR_FLAGS } /* idle for long enough */
#endif
  fi
}

/*
 * shareable__eventcount_notify_fast(), or shareable__eventcount_notify() after the fence under the
 * lock.
 */
inline check_waiters() {
  if
#ifdef NO_SECOND_CHECK_OF_WRITER
  :: notify(true)
  :: atomic { !HAS_WAITERS -> skip }
#else
  :: notify(!is_fast)
  :: atomic { !is_fast && !HAS_WAITERS -> skip }
  :: atomic { is_fast && !(flags & FENCE_REQUESTED) -> skip }
  :: atomic { is_fast && (flags & FENCE_REQUESTED) -> skip };
     notify_fenced()
#endif
  fi
}

inline choose_item() {
  if
  :: i = 0
#if ITEMS > 1
  :: i = 1
#endif
  fi
}

inline choose_value() {
  if
  :: v = 0
  :: v = 1
  fi
}

/*
 * Under the lock the store becomes visible before the fence. No process can observe when, so it is
 * immediate.
 */
#ifdef NO_FENCE
#define STORE buffer ! i, v
#else
#define STORE if :: is_fast -> buffer ! i, v :: else -> item[i] = v fi
#endif

/* A goroutine enters the handle and stores in one step. Close waits for it in either case. */
#ifdef GO
#define MAY_STORE (!IS_GO || !go_closed)
#define SET_INSIDE(inside) if :: IS_GO -> go_inside = inside :: else fi
#ifdef GO_LEAVES_EARLY
#define ENTER skip
#else
#define ENTER SET_INSIDE(1)
#endif
#endif

proctype Writer(chan buffer; byte me; bool is_fast) {
  bit i, eventcount, where;
  byte stores, v, what;

  {
    do
    :: atomic {
#ifdef GO
         stores < STORES && MAY_STORE -> stores++;
         ENTER;
#else
         stores < STORES -> stores++;
#endif
         choose_item();
         choose_value();
         STORE;
         eventcount = EVENTCOUNT_OF(i); i = 0; v = 0
       };
#ifdef GO
       check_waiters();
       atomic { SET_INSIDE(0) }
#else
       check_waiters()
#endif
    :: atomic { done[me] = 1; stores = 0; eventcount = 0; break }
    od
  } unless { atomic { dead[me] -> stores = 0; eventcount = 0 } }
}

#ifdef GO
proctype Closer() {
  {
    go_closed = 1;
    atomic { !go_inside -> go_unmapped = 1 }
  } unless { atomic { dead[WRITER_2] -> skip } }
}
#endif

/* The barrier reaches one processor after another. */
inline barrier() {
#if FASTS == 0
  skip
#else
  atomic { drain(buffer_1) }
#endif
#if FASTS > 1
  ;
  atomic { drain(buffer_2) }
#endif
}

#define IS_GONE(p) (done[p] || dead[p])
#define NO_WRITER_LEFT (IS_GONE(WRITER_1) && IS_GONE(WRITER_2) && empty(buffer_1) && empty(buffer_2))
#define MAY_SLICE (asleep[me] != 0 && DEAD_COUNT > 0)

#define FORGET i = 0; old = 0; seen = 0; slices = 0; epoch = 0; early = 0
#define END_WAIT FORGET; done[me] = (waits == WAITS)
#define END_ALL FORGET; waits = WAITS; done[me] = 1

/*
 * FUTEX_WAIT. If no process can change the item any more, leaves the enclosing loop and ends all
 * waits.
 */
inline sleep_on_eventcount() {
  if
  :: atomic { counter[EVENTCOUNT_OF(i)] == seen -> asleep[me] = BIT(EVENTCOUNT_OF(i)) };
     if
     :: atomic { asleep[me] == 0 -> skip }
     :: atomic { asleep[me] != 0 && item[i] == old && NO_WRITER_LEFT -> asleep[me] = 0; END_ALL; break }
#ifndef NO_SLICE
     :: atomic { MAY_SLICE && item[i] != old -> asleep[me] = 0 }
     :: atomic { MAY_SLICE && item[i] == old && slices > 0 -> slices--; asleep[me] = 0 }
#endif
     fi
  :: atomic { counter[EVENTCOUNT_OF(i)] != seen -> skip }
  fi
}

/* shareable__eventcount_cancel_wait() */
inline cancel_wait() {
  if
  :: atomic { (flags & BIT(EVENTCOUNT_OF(i))) -> flags = flags & ~BIT(EVENTCOUNT_OF(i)) };
     counter[EVENTCOUNT_OF(i)]++;
     wake(BIT(EVENTCOUNT_OF(i)))
  :: atomic { !(flags & BIT(EVENTCOUNT_OF(i))) -> skip }
  fi
}

/*
 * The result of a comparison that a waiter without a fence made before its bit was visible; 0 with
 * a fence.
 */
#define EQUAL 1
#define CHANGED 2
#define DIFFERS (early == 0 -> item[i] != old : early == CHANGED)

/* Leaves the enclosing loop if the item has changed. */
#define COMPARE                                     \
  if                                                \
  :: atomic { DIFFERS -> early = 0 };               \
     cancel_wait();                                       \
     atomic { END_WAIT; break }                     \
  :: atomic { !DIFFERS -> early = 0 }               \
  fi

#ifdef EFFECTIVE_EARLY
#define FLAGS_OF_PREPARE FLAGS
#else
#define FLAGS_OF_PREPARE FENCE_REQUESTED
#endif
#define SET_WAITERS flags = flags | BIT(EVENTCOUNT_OF(i)) | FLAGS_OF_PREPARE

#if defined(EFFECTIVE_BLINDLY)
#define MAY_CONFIRM true
#elif defined(NO_EPOCH)
#define MAY_CONFIRM ((flags & FENCE_REQUESTED) != 0)
#else
#define MAY_CONFIRM (flags / EPOCH == epoch)
#endif

/*
 * shareable__eventcount_prepare_wait() without the load of the counter. Without a fence the store
 * of an atomic operation may become visible after a load that follows the operation. If another
 * store to the word comes between the operation's own load and store, the operation starts again.
 */
inline prepare_wait() {
  do
#ifdef NO_FENCE_OF_WAITER
  :: atomic { (flags & FENCE_EFFECTIVE) -> epoch = flags };
     early = (item[i] != old -> CHANGED : EQUAL);
     if
     :: atomic { flags == epoch -> SET_WAITERS; epoch = 0; break }
     :: atomic { flags != epoch -> epoch = 0; early = 0 }
     fi
#else
  :: atomic { (flags & FENCE_EFFECTIVE) -> SET_WAITERS; break }
#endif
  :: atomic { !(flags & FENCE_EFFECTIVE) -> epoch = flags / EPOCH; SET_WAITERS };
#ifndef NO_BARRIER
     barrier();
#endif
     d_step { if :: MAY_CONFIRM -> flags = flags | FENCE_EFFECTIVE :: else fi; epoch = 0 };
     break
  od
}

#define SEE seen = counter[EVENTCOUNT_OF(i)]

/* check_on_notify() */
inline wait() {
  do
#if defined(PREPARE_FIRST)
  :: prepare_wait();
     SEE;
#elif defined(SEEN_LATE)
  :: prepare_wait();
#elif defined(NO_SECOND_CHECK)
  :: SEE;
     COMPARE;
     prepare_wait();
#else
  :: SEE;
     prepare_wait();
#endif
#ifndef NO_SECOND_CHECK
     COMPARE;
#endif
#ifdef SEEN_LATE
     SEE;
#endif
     sleep_on_eventcount()
  od
}

proctype Waiter(byte me) {
  bit i, where;
  byte waits, old, seen, slices, epoch, early, what;

  {
    do
    :: atomic {
         waits < WAITS -> waits++;
         if /* items are interchangeable: the first wait may use any item */
         :: me == WAITER_1 && waits == 1
         :: else -> choose_item()
         fi;
         old = item[i];
         slices = SLICES
       };
       wait()
    :: atomic { waits == WAITS -> waits = 0; break }
    od
  } unless { atomic { dead[me] -> asleep[me] = 0; waits = 0; FORGET; where = 0; what = 0 } }
}

/*
 * SIGKILL. The stores that the killed process has made become visible. The Reaper may kill fewer
 * processes than DEATHS. Otherwise the kill of a process that sleeps for ever would hide that it
 * does.
 */
#define KILL(p) DEAD_COUNT < DEATHS && !dead[p] && !done[p] -> dead[p] = 1

proctype Reaper() {
  bit where;
  byte what;

end:
  do
  :: atomic { KILL(WRITER_1); drain(buffer_1) }
  :: atomic { KILL(WRITER_2); drain(buffer_2) }
  :: atomic { KILL(WAITER_1) }
  :: atomic { KILL(WAITER_2) }
#if WAITERS > 2
  :: atomic { KILL(WAITER_3) }
#endif
  :: atomic { DEAD_COUNT < DEATHS -> break }
  od
}

init {
  atomic {
    if
    :: flags = 0
    :: flags = FENCE_REQUESTED
    :: flags = FLAGS
    fi;
    run Processor(buffer_1);
    run Processor(buffer_2);
    run Writer(buffer_1, WRITER_1, FASTS > 0);
    run Writer(buffer_2, WRITER_2, FASTS > 1);
#ifdef GO
    run Closer();
#endif
    run Waiter(WAITER_1);
    run Waiter(WAITER_2);
#if WAITERS > 2
    run Waiter(WAITER_3);
#endif
    run Reaper()
  }
}
