/*
 * wait.pml - waiting until an item differs from what it was (core/src/bell.h), with whoever waits or writes killed
 * between any two steps.
 *
 * Several items share a bell: a bit that says that somebody may sleep, and a count of its rings, on which they sleep.
 * A writer that finds the bit set takes it away, counts, and wakes all of them; whoever wakes up sets it anew and
 * looks again. A fast store is followed by no fence: who sets the bit has every processor that may hold such a store
 * back let go of it (membarrier(2)), and compares the item after that. Writers that the barrier need not reach store
 * under the item's lock, and pass a fence before they look at the bit.
 *
 * A fast writer has a store buffer: stores to items leave it in order, any time later, but all of them in a fence, in
 * a barrier, and when the writer dies. Loads are not held back, so the bit may be looked at before the store is seen.
 * The bit and the count change by atomic operations. An item here is one number of no more than VALUES; how it is read
 * and written whole is shown by item.pml and store.pml.
 *
 * A step here is one access to the shared memory, a barrier of one processor, or one call of futex(2). A fence is one
 * step with the access next to it, for a processor lets go of its stores any time before a fence as well. In the
 * kernel looking at the count and going to sleep are one step, and so is waking all. The end of a slice wakes nobody
 * while all live, so that it makes up for no ring that was lost. Once somebody was killed it may wake whoever would
 * find the item changed, any time; whoever would not sets the bit anew and sleeps on, no more than SLICES times for
 * each wait.
 *
 * Who sleeps and will be woken by nobody is an invalid end state, but where the item does not differ and nobody is
 * left to change it: then the wait ends here.
 *
 * Left out: other bells and their bits, time (E_TIMED_OUT: who leaves does what a killed one does, and leaves the bit
 * set), the count's running over, the wait that stands in for membarrier(2), and signals that end a sleep.
 *
 * Sizes: WAITERS, 2 or 3, that wait WAITS times each, for a change from what the item is then; two writers that store
 * STORES times each or fewer, FASTS of them the fast way, 0 to 2; ITEMS, 1 or 2; VALUES, 2 or 3; DEATHS in all, or
 * fewer; SLICES.
 *
 * Each of these breaks the protocol, and has to be found out:
 * NO_BARRIER      who waits asks for no barrier
 * NO_FENCE        a store under the item's lock is followed by no fence
 * NO_SECOND_LOOK  who waits compares before it sets the bit, and not after
 * ARM_FIRST       the bit is set before the count to sleep on is loaded
 * SEEN_LATE       the count to sleep on is loaded after the item was compared
 * CLEAR_LATE      a writer takes the bit away after it has rung
 * WAKE_ONE        a writer wakes one of those asleep
 * NO_SLICE        sleep has no end but a ring
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
#ifndef VALUES
#define VALUES 2
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef SLICES
#define SLICES 1
#endif

/* Who is who: writers, then waiters. */
#define WRITER_1 0
#define WRITER_2 1
#define WAITER_1 2
#define WAITER_2 3
#define WAITER_3 4

bool dead[5], done[5];

byte item[ITEMS];

/* The bell. */
bool armed;
byte rung;

bool asleep[5]; /* in the kernel, until the count is woken */

#define DEAD_COUNT (dead[0] + dead[1] + dead[2] + dead[3] + dead[4])

/* Store buffers: what is on its way from a writer, an item and its value. */
chan buffer_1 = [STORES] of {bit, byte};
chan buffer_2 = [STORES] of {bit, byte};

#define LAND item[where] = what; where = 0; what = 0

/* All that is on its way, now. */
inline drain(buffer) {
  do
  :: buffer ? where, what -> LAND
  :: empty(buffer) -> break
  od
}

/* A processor lets go of a store. */
proctype Processor(chan buffer) {
  bit where;
  byte what;

end:
  do
  :: atomic { buffer ? where, what -> LAND }
  od
}

inline wake() {
#ifdef WAKE_ONE
  if
  :: atomic { asleep[WAITER_1] -> asleep[WAITER_1] = 0 }
  :: atomic { asleep[WAITER_2] -> asleep[WAITER_2] = 0 }
  :: atomic { asleep[WAITER_3] -> asleep[WAITER_3] = 0 }
  :: atomic { !asleep[WAITER_1] && !asleep[WAITER_2] && !asleep[WAITER_3] -> skip }
  fi
#else
  d_step { asleep[WAITER_1] = 0; asleep[WAITER_2] = 0; asleep[WAITER_3] = 0 }
#endif
}

/* Taking the bit away and telling whether it was set are one operation: one writer rings for one setting of the bit. */
inline ring() {
  if
#ifdef CLEAR_LATE
  :: atomic { armed -> drain(buffer) };
     rung++;
     wake();
     armed = 0
#else
  :: atomic { armed -> drain(buffer); armed = 0 };
     rung++;
     wake()
#endif
  :: atomic { !armed -> skip }
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
#if VALUES > 2
  :: v = 2
#endif
  fi
}

/* Under the lock the store is seen before the fence is passed. Nobody can tell when, so it is at once. */
#ifdef NO_FENCE
#define STORE buffer ! i, v
#else
#define STORE if :: is_fast -> buffer ! i, v :: else -> item[i] = v fi
#endif

proctype Writer(chan buffer; byte me; bool is_fast) {
  bit i, where;
  byte stores, v, what;

  {
    do
    :: atomic { stores < STORES -> stores++; choose_item(); choose_value(); STORE; i = 0; v = 0 };
       if
       :: atomic { armed -> skip };
          ring()
       :: atomic { !armed -> skip }
       fi
    :: atomic { done[me] = 1; stores = 0; break }
    od
  } unless { atomic { dead[me] -> stores = 0 } }
}

/* The barrier reaches one processor after the other. */
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
#define NOBODY_WRITES (IS_GONE(WRITER_1) && IS_GONE(WRITER_2) && empty(buffer_1) && empty(buffer_2))
#define MAY_SLICE (asleep[me] && DEAD_COUNT > 0)

#define FORGET i = 0; old = 0; seen = 0; slices = 0
#define END_WAIT FORGET; done[me] = (waits == WAITS)
#define END_ALL FORGET; waits = WAITS; done[me] = 1

/* FUTEX_WAIT; where nothing changes any more it ends the loop around it, and with it all waits. */
inline sleep_on_bell() {
  if
  :: atomic { rung == seen -> asleep[me] = 1 };
     if
     :: atomic { !asleep[me] -> skip }
     :: atomic { asleep[me] && item[i] == old && NOBODY_WRITES -> asleep[me] = 0; END_ALL; break }
#ifndef NO_SLICE
     :: atomic { MAY_SLICE && item[i] != old -> asleep[me] = 0 }
     :: atomic { MAY_SLICE && item[i] == old && slices > 0 -> slices--; asleep[me] = 0 }
#endif
     fi
  :: atomic { rung != seen -> skip }
  fi
}

/* Ends the loop around it. */
#define COMPARE                                     \
  if                                                \
  :: atomic { item[i] != old -> END_WAIT; break }   \
  :: atomic { item[i] == old -> skip }              \
  fi

inline wait() {
  do
#if defined(ARM_FIRST)
  :: armed = 1;
     seen = rung;
#elif defined(SEEN_LATE)
  :: armed = 1;
#elif defined(NO_SECOND_LOOK)
  :: seen = rung;
     COMPARE;
     armed = 1;
#else
  :: seen = rung;
     armed = 1;
#endif
#ifndef NO_BARRIER
     barrier();
#endif
#ifndef NO_SECOND_LOOK
     COMPARE;
#endif
#ifdef SEEN_LATE
     seen = rung;
#endif
     sleep_on_bell()
  od
}

proctype Waiter(byte me) {
  bit i, where;
  byte waits, old, seen, slices, what;

  {
    do
    :: atomic {
         waits < WAITS -> waits++;
         if /* items are alike: the first to be chosen may be any */
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
 * SIGKILL; the stores that the killed one has made are made. Who may kill may also stop before, or the killing of who
 * sleeps for ever would hide that.
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
    run Processor(buffer_1);
    run Processor(buffer_2);
    run Writer(buffer_1, WRITER_1, FASTS > 0);
    run Writer(buffer_2, WRITER_2, FASTS > 1);
    run Waiter(WAITER_1);
    run Waiter(WAITER_2);
#if WAITERS > 2
    run Waiter(WAITER_3);
#endif
    run Reaper()
  }
}
