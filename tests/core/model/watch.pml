/*
 * watch.pml - the waiter thread of a watch (core/src/watch), which sleeps on several eventcounts for
 * all consumers of its process: threads or goroutines that each wait for one item.
 *
 * An item that consumers wait for has an entry. A consumer joins the entry, arms it, which sets the
 * waiters bit of the item's eventcount, checks the item again, and then sleeps. The thread sleeps
 * until the counter of an eventcount differs from the value that it observed last. It then observes
 * the new value, disarms the armed entries of the eventcount, and reports them. A consumer does the
 * same before it arms an entry. The dispatcher wakes
 * all consumers of a reported entry. A woken consumer checks the item, and starts again if it has
 * not changed. The last consumer that leaves an entry disarms it. If no entry of the eventcount is
 * armed then and the bit is still set, it clears the bit, increments the counter, and wakes all
 * sleepers.
 *
 * The lock of the process guards the entries, the observed values and the consumers. Writers, and a
 * waiter of another process, do not take it. That waiter sets the bit too, and clears it when it
 * stops waiting, as the last consumer does.
 *
 * A step of the model is one access to shared memory or one call of futex(2). What is guarded by the
 * lock changes in the same step as the access before it. In the kernel the check of the counters and
 * the start of the sleep are one step, and so is a wake-up. Stores are visible at once: wait.pml has
 * the fences, and the deaths of processes, against which the checks at intervals help that are left
 * out here.
 *
 * A consumer that sleeps and that no process will wake is an invalid end state, with one exception:
 * if the item has not changed and no writer is left, the wait ends.
 *
 * Sizes: CONSUMERS, 2 or 3, that wait once each for a change of any of two items; WRITERS that store
 * STORES times each; EVENTCOUNTS, 1 or 2; OTHERS waits of another process.
 *
 * Each of these breaks the protocol, and the check must find an error:
 * CHECK_FIRST     a consumer checks before it arms the entry, and not after
 * JOIN_LATE       a consumer joins the entry after it has armed it and checked the item
 * OBSERVE_AT_ARM  arming an entry observes the counter, which the thread then does not report to the
 *                 consumers of other entries
 * OBSERVE_LATE    the thread sleeps at the value of the counter that it loads after its reports
 * DISARM_BLINDLY  a consumer that leaves disarms the entry of another consumer
 * CLEAR_SILENTLY  a consumer that leaves clears the bit while another entry is armed, and wakes no
 *                 sleeper
 * NO_LOCK         the thread disarms an entry after it has reported it, without the lock
 */
#ifndef CONSUMERS
#define CONSUMERS 2
#endif
#ifndef WRITERS
#define WRITERS 1
#endif
#ifndef STORES
#define STORES 2
#endif
#ifndef EVENTCOUNTS
#define EVENTCOUNTS 1
#endif
#ifndef OTHERS
#define OTHERS 1
#endif

#define ITEMS 2
#define EVENTCOUNT_OF(i) ((i) % EVENTCOUNTS)

/* Shared by processes. */
bit item[ITEMS], waiters[EVENTCOUNTS];
byte counter[EVENTCOUNTS];

/* Of the process. */
bool is_locked, is_armed[ITEMS], is_reported[ITEMS];
byte observed[EVENTCOUNTS];
byte joined[CONSUMERS + 1]; /* the item that a consumer waits for, from 1; 0: none */
bool is_ready[CONSUMERS + 1];

bool is_asleep; /* the thread, in the kernel */
byte writers_left = WRITERS;

inline notify(e) {
  if
  :: atomic { waiters[e] -> waiters[e] = 0 };
     counter[e]++;
     is_asleep = false
  :: atomic { !waiters[e] -> skip }
  fi
}

proctype Writer() {
  bit i, v;
  byte stores;

  do
  :: atomic {
       stores < STORES -> stores++;
       if :: i = 0 :: i = 1 fi;
       if :: v = 0 :: v = 1 fi;
       item[i] = v;
       v = 0
     };
     notify(EVENTCOUNT_OF(i))
  :: atomic { stores == STORES -> writers_left--; stores = 0; i = 0; break }
  od
}

/* A waiter of another process. Its own sleep is left out: wait.pml has it. */
proctype Other() {
  bit e;
  byte waits;

  do
  :: atomic {
       waits < OTHERS -> waits++;
       if
       :: e = 0
#if EVENTCOUNTS > 1
       :: e = 1
#endif
       fi;
       waiters[e] = 1
     };
     notify(e)
  :: atomic { waits == OTHERS -> waits = 0; e = 0; break }
  od
}

#define BELONGS(i, e) (EVENTCOUNT_OF(i) == e)

inline report_all(e) {
  if :: BELONGS(0, e) && is_armed[0] -> is_armed[0] = false; is_reported[0] = true :: else fi;
  if :: BELONGS(1, e) && is_armed[1] -> is_armed[1] = false; is_reported[1] = true :: else fi
}

inline update(e) {
#ifdef NO_LOCK
  if
  :: d_step { counter[e] != observed[e] -> observed[e] = counter[e] };
     d_step {
       was_armed = is_armed[0];
       if :: BELONGS(0, e) && is_armed[0] -> is_reported[0] = true :: else fi
     };
     d_step { if :: BELONGS(0, e) && was_armed -> is_armed[0] = false :: else fi; was_armed = false };
     d_step {
       was_armed = is_armed[1];
       if :: BELONGS(1, e) && is_armed[1] -> is_reported[1] = true :: else fi
     };
     d_step { if :: BELONGS(1, e) && was_armed -> is_armed[1] = false :: else fi; was_armed = false }
  :: atomic { counter[e] == observed[e] -> skip }
  fi
#else
  d_step { if :: counter[e] != observed[e] -> observed[e] = counter[e]; report_all(e) :: else fi }
#endif
}

#if EVENTCOUNTS > 1
#define IS_UNCHANGED (counter[0] == seen[0] && counter[1] == seen[1])
#else
#define IS_UNCHANGED (counter[0] == seen[0])
#endif

/* The lock is held during a step only, except with NO_LOCK. */
proctype Thread() {
  byte seen[EVENTCOUNTS];
  bool was_armed;

  do
  ::
#ifdef NO_LOCK
     update(0);
     seen[0] = observed[0];
#else
     atomic { !is_locked -> update(0); seen[0] = observed[0] };
#endif
#ifdef OBSERVE_LATE
     seen[0] = counter[0];
#endif
#if EVENTCOUNTS > 1
     atomic { !is_locked -> update(1); seen[1] = observed[1] };
#endif
     if
     :: atomic { IS_UNCHANGED -> is_asleep = true; seen[0] = 0 };
end:    atomic { !is_asleep -> skip }
     :: atomic { !IS_UNCHANGED -> seen[0] = 0 }
     fi
  od
}

inline wake_consumers(i) {
  is_reported[i] = false;
  c = 0;
  do
  :: c < CONSUMERS -> if :: joined[c] == i + 1 -> is_ready[c] = true :: else fi; c++
  :: else -> c = 0; break
  od
}

proctype Dispatcher() {
  byte c;

end:
  do
  :: atomic { is_reported[0] && !is_locked -> wake_consumers(0) }
  :: atomic { is_reported[1] && !is_locked -> wake_consumers(1) }
  od
}

#if CONSUMERS > 2
#define IS_LEFT(i) (joined[0] != i + 1 && joined[1] != i + 1 && joined[2] != i + 1)
#else
#define IS_LEFT(i) (joined[0] != i + 1 && joined[1] != i + 1)
#endif
#define HAS_ARMED(e) ((BELONGS(0, e) && is_armed[0]) || (BELONGS(1, e) && is_armed[1]))

inline arm() {
  atomic {
    !is_locked;
#ifndef JOIN_LATE
    joined[me] = i + 1;
#endif
#ifdef OBSERVE_AT_ARM
    observed[EVENTCOUNT_OF(i)] = counter[EVENTCOUNT_OF(i)];
#else
    if
    :: counter[EVENTCOUNT_OF(i)] != observed[EVENTCOUNT_OF(i)] ->
       observed[EVENTCOUNT_OF(i)] = counter[EVENTCOUNT_OF(i)];
       report_all(EVENTCOUNT_OF(i))
    :: else
    fi;
#endif
    is_armed[i] = true;
    waiters[EVENTCOUNT_OF(i)] = 1
  }
}

inline leave() {
  atomic {
    !is_locked -> is_locked = true;
    joined[me] = 0;
    is_ready[me] = false;
#ifdef DISARM_BLINDLY
    is_armed[i] = false
#else
    if :: IS_LEFT(i) -> is_armed[i] = false :: else fi
#endif
  };
#ifdef CLEAR_SILENTLY
  waiters[EVENTCOUNT_OF(i)] = 0;
#else
  if
  :: atomic { !HAS_ARMED(EVENTCOUNT_OF(i)) -> skip };
     notify(EVENTCOUNT_OF(i))
  :: atomic { HAS_ARMED(EVENTCOUNT_OF(i)) -> skip }
  fi;
#endif
  atomic { is_locked = false; i = 0; old = 0 }
}

#define CHECK                                            \
  if                                                     \
  :: atomic { item[i] != old -> break }                  \
  :: atomic { item[i] == old -> skip }                   \
  fi

proctype Consumer(byte me) {
  bit i, old;

  atomic {
    if :: i = 0 :: i = 1 fi;
    old = item[i]
  };
  do
  ::
#ifdef CHECK_FIRST
     CHECK;
#endif
     arm();
#ifndef CHECK_FIRST
     CHECK;
#endif
#ifdef JOIN_LATE
     joined[me] = i + 1;
#endif
     if
     :: atomic { is_ready[me] -> is_ready[me] = false }
     :: atomic { !is_ready[me] && item[i] == old && writers_left == 0 -> break }
     fi;
     CHECK
  od;
  leave()
}

init {
  atomic {
    run Thread();
    run Dispatcher();
    run Writer();
#if WRITERS > 1
    run Writer();
#endif
    run Other();
    run Consumer(0);
    run Consumer(1);
#if CONSUMERS > 2
    run Consumer(2)
#endif
  }
}
