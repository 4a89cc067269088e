/*
 * wait.pml - waiting until an item differs from what it was (core/src/bell.h), with whoever waits or writes killed
 * between any two steps.
 *
 * Items share bells: a bell is a bit that says that somebody may sleep, and a count of its rings, on which they sleep.
 * A writer that finds the bit set takes it away, counts, and wakes all of them; whoever wakes up sets it anew and
 * looks again. Writers that have no cell store under the item's lock, and pass a fence between the store and the look at
 * the bit.
 *
 * The store of one that has a cell, a fast one here, under the lock or not, is followed by a fence only while the flag
 * FENCED is set. Who sets a bell's bit sets FENCED with it. Who finds the flag SETTLED not set then has every processor
 * that may hold a store back let go of it (membarrier(2)), and sets SETTLED, if the time is the one it saw. The time is
 * how often the flags were taken away, in one word with them and the bells' bits. Who finds SETTLED set asks for no
 * barrier, but passes a fence of its own. Either compares the item after that. A fast writer that finds FENCED passes a fence and looks again; if its
 * item's bell is not armed, and it has had enough of that, it takes both flags away, if no bell is armed, and adds one to
 * the time. Who does not go to sleep, or has slept enough, rings its bell if that is armed still: none is to stay armed
 * for nobody.
 * When it has had enough is left open here: any time.
 *
 * A fast writer has a store buffer: stores to items leave it in order, any time later, but all of them in a fence, in
 * a barrier, and when the writer dies. Loads are not held back, so the first look may be before the store is seen.
 * The word and the counts change by atomic operations. An item here is 0 or 1; how it is read and written whole is
 * shown by item.pml and store.pml.
 *
 * A step here is one access to the shared memory, a barrier of one processor, or one call of futex(2). A fence is one
 * step with the access next to it, for a processor lets go of its stores any time before a fence as well. A load and
 * the atomic operation that succeeds on what it loaded are one step. In the kernel looking at the count and going to
 * sleep are one step, and so is waking all. The end of a slice wakes nobody while all live, so that it makes up for no
 * ring that was lost. Once somebody was killed it may wake whoever would find the item changed, any time; whoever would
 * not sets the bit anew and sleeps on, no more than SLICES times for each wait.
 *
 * At first the flags are as others may have left them who waited before: not set, both, or FENCED of one that was
 * killed before its barrier.
 *
 * Who sleeps and will be woken by nobody is an invalid end state, but where the item does not differ and nobody is
 * left to change it: then the wait ends here.
 *
 * Left out: the bell of all items, the look of one that was woken before it sets the bit anew, who completes a dead
 * writer's write (and rings as a writer under the lock does), timeouts (who leaves by one rings as one that found the
 * item changed), the counts' running over, the wait that stands in for membarrier(2), and signals that end a sleep.
 *
 * Sizes: WAITERS, 2 or 3, that wait WAITS times each, for a change from what the item is then; two writers that store
 * STORES times each or fewer, FASTS of them the fast way, 0 to 2; ITEMS, 1 or 2; BELLS, 1 or 2; DEATHS in all, or
 * fewer; SLICES.
 *
 * Each of these breaks the protocol, and has to be found out:
 * NO_BARRIER                who waits asks for no barrier
 * SETTLE_EARLY              SETTLED is set before the barrier, together with FENCED
 * SETTLE_BLINDLY            SETTLED is set after the barrier, whatever the time and FENCED
 * NO_COUNT_OF_TIMES         SETTLED is set where FENCED is, whatever the time
 * NO_FENCE                  a store of who has no cell is followed by no fence
 * NO_FENCE_OF_WAITER        a waiter that finds SETTLED set passes no fence, so it may compare before its bit is seen
 * NO_FENCE_OF_FAST          a fast writer that finds FENCED looks again without a fence
 * NO_SECOND_LOOK_OF_WRITER  a fast writer that finds FENCED goes by what it saw then
 * FORGET_ARMED              a fast writer takes the flags away though a bell was armed after it had looked
 * FORGET_OTHERS             a fast writer takes the flags away though a bell is armed, of other items than its own
 * NO_SECOND_LOOK            who waits compares before it sets the bit, and not after
 * ARM_FIRST                 the bit is set before the count to sleep on is loaded
 * SEEN_LATE                 the count to sleep on is loaded after the item was compared
 * CLEAR_LATE                a writer takes the bit away after it has rung
 * WAKE_ONE                  a writer wakes one of those asleep
 * NO_SLICE                  sleep has no end but a ring
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
#ifndef BELLS
#define BELLS 1
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

/* The bells. BIT of a bell is also who sleeps on it. */
#define BELL_OF(i) ((i) % BELLS)
#define BIT(bell) ((bell) + 1)
#define BITS 3
#define FENCED 4
#define SETTLED 8
#define FLAGS (FENCED | SETTLED)
#define TIME 16
byte armed;
byte rung[BELLS];

byte asleep[5]; /* in the kernel, until the bell rings */

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

inline wake(bit_of) {
#ifdef WAKE_ONE
  if
  :: atomic { asleep[WAITER_1] == bit_of -> asleep[WAITER_1] = 0 }
  :: atomic { asleep[WAITER_2] == bit_of -> asleep[WAITER_2] = 0 }
  :: atomic { asleep[WAITER_1] != bit_of && asleep[WAITER_2] != bit_of -> skip }
  fi
#else
  d_step {
    if :: asleep[WAITER_1] == bit_of -> asleep[WAITER_1] = 0 :: else fi;
    if :: asleep[WAITER_2] == bit_of -> asleep[WAITER_2] = 0 :: else fi;
    if :: asleep[WAITER_3] == bit_of -> asleep[WAITER_3] = 0 :: else fi
  }
#endif
}

#define IS_ARMED ((armed & BIT(bell)) != 0)

/* shareable__bell_tell() of who may, where the bit is set: one writer rings for one setting of the bit. */
inline ring(may) {
#ifdef CLEAR_LATE
  atomic { may && IS_ARMED -> drain(buffer) };
  rung[bell]++;
  wake(BIT(bell));
  armed = armed & ~BIT(bell)
#else
  atomic { may && IS_ARMED -> drain(buffer); armed = armed & ~BIT(bell) };
  rung[bell]++;
  wake(BIT(bell))
#endif
}

#ifdef NO_FENCE_OF_FAST
#define FENCE skip
#else
#define FENCE drain(buffer)
#endif
#ifdef FORGET_OTHERS
#define IS_NO_USE ((armed & FENCED) && !IS_ARMED)
#else
#define IS_NO_USE ((armed & (FENCED | BITS)) == FENCED)
#endif
#define TAKE_AWAY armed = (armed & ~FLAGS) + TIME

/* shareable__bell_fence() */
inline fence() {
  if
  :: ring(true)
  :: atomic { !IS_ARMED -> FENCE }
#ifdef FORGET_ARMED
  :: atomic { !IS_ARMED && (armed & FENCED) -> FENCE };
     TAKE_AWAY
#else
  :: atomic { IS_NO_USE -> drain(buffer); TAKE_AWAY } /* quiet for long enough */
#endif
  fi
}

/* shareable__bell_glance(), or shareable__bell_tell() after the fence under the lock. */
inline look() {
  if
#ifdef NO_SECOND_LOOK_OF_WRITER
  :: ring(true)
  :: atomic { !IS_ARMED -> skip }
#else
  :: ring(!is_fast)
  :: atomic { !is_fast && !IS_ARMED -> skip }
  :: atomic { is_fast && !(armed & FENCED) -> skip }
  :: atomic { is_fast && (armed & FENCED) -> skip };
     fence()
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

/* Under the lock the store is seen before the fence is passed. Nobody can tell when, so it is at once. */
#ifdef NO_FENCE
#define STORE buffer ! i, v
#else
#define STORE if :: is_fast -> buffer ! i, v :: else -> item[i] = v fi
#endif

proctype Writer(chan buffer; byte me; bool is_fast) {
  bit i, bell, where;
  byte stores, v, what;

  {
    do
    :: atomic {
         stores < STORES -> stores++;
         choose_item();
         choose_value();
         STORE;
         bell = BELL_OF(i); i = 0; v = 0
       };
       look()
    :: atomic { done[me] = 1; stores = 0; bell = 0; break }
    od
  } unless { atomic { dead[me] -> stores = 0; bell = 0 } }
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
#define MAY_SLICE (asleep[me] != 0 && DEAD_COUNT > 0)

#define FORGET i = 0; old = 0; seen = 0; slices = 0; time = 0; early = 0
#define END_WAIT FORGET; done[me] = (waits == WAITS)
#define END_ALL FORGET; waits = WAITS; done[me] = 1

/* FUTEX_WAIT; where nothing changes any more it ends the loop around it, and with it all waits. */
inline sleep_on_bell() {
  if
  :: atomic { rung[BELL_OF(i)] == seen -> asleep[me] = BIT(BELL_OF(i)) };
     if
     :: atomic { asleep[me] == 0 -> skip }
     :: atomic { asleep[me] != 0 && item[i] == old && NOBODY_WRITES -> asleep[me] = 0; END_ALL; break }
#ifndef NO_SLICE
     :: atomic { MAY_SLICE && item[i] != old -> asleep[me] = 0 }
     :: atomic { MAY_SLICE && item[i] == old && slices > 0 -> slices--; asleep[me] = 0 }
#endif
     fi
  :: atomic { rung[BELL_OF(i)] != seen -> skip }
  fi
}

/* shareable__bell_leave() */
inline leave() {
  if
  :: atomic { (armed & BIT(BELL_OF(i))) -> armed = armed & ~BIT(BELL_OF(i)) };
     rung[BELL_OF(i)]++;
     wake(BIT(BELL_OF(i)))
  :: atomic { !(armed & BIT(BELL_OF(i))) -> skip }
  fi
}

/* What a waiter without a fence saw when it compared before its bit was seen; 0 with a fence. */
#define EQUAL 1
#define CHANGED 2
#define DIFFERS (early == 0 -> item[i] != old : early == CHANGED)

/* Ends the loop around it. */
#define COMPARE                                     \
  if                                                \
  :: atomic { DIFFERS -> early = 0 };               \
     leave();                                       \
     atomic { END_WAIT; break }                     \
  :: atomic { !DIFFERS -> early = 0 }               \
  fi

#ifdef SETTLE_EARLY
#define FLAGS_OF_ARMING FLAGS
#else
#define FLAGS_OF_ARMING FENCED
#endif
#define ARM armed = armed | BIT(BELL_OF(i)) | FLAGS_OF_ARMING

#if defined(SETTLE_BLINDLY)
#define MAY_SETTLE true
#elif defined(NO_COUNT_OF_TIMES)
#define MAY_SETTLE ((armed & FENCED) != 0)
#else
#define MAY_SETTLE (armed / TIME == time)
#endif

/*
 * shareable__bell_arm(), but for the count. Without a fence the store of an atomic operation may be seen after a load that
 * follows the operation; but if another store to its word comes between its own load and its store, it begins again.
 */
inline arm() {
  do
#ifdef NO_FENCE_OF_WAITER
  :: atomic { (armed & SETTLED) -> time = armed };
     early = (item[i] != old -> CHANGED : EQUAL);
     if
     :: atomic { armed == time -> ARM; time = 0; break }
     :: atomic { armed != time -> time = 0; early = 0 }
     fi
#else
  :: atomic { (armed & SETTLED) -> ARM; break }
#endif
  :: atomic { !(armed & SETTLED) -> time = armed / TIME; ARM };
#ifndef NO_BARRIER
     barrier();
#endif
     d_step { if :: MAY_SETTLE -> armed = armed | SETTLED :: else fi; time = 0 };
     break
  od
}

#define SEE seen = rung[BELL_OF(i)]

/* look_when_it_rings() */
inline wait() {
  do
#if defined(ARM_FIRST)
  :: arm();
     SEE;
#elif defined(SEEN_LATE)
  :: arm();
#elif defined(NO_SECOND_LOOK)
  :: SEE;
     COMPARE;
     arm();
#else
  :: SEE;
     arm();
#endif
#ifndef NO_SECOND_LOOK
     COMPARE;
#endif
#ifdef SEEN_LATE
     SEE;
#endif
     sleep_on_bell()
  od
}

proctype Waiter(byte me) {
  bit i, where;
  byte waits, old, seen, slices, time, early, what;

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
    if
    :: armed = 0
    :: armed = FENCED
    :: armed = FLAGS
    fi;
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
