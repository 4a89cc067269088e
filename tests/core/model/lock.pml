/*
 * lock.pml - the lock of a list (core/src/list/list_lock.c), with its waiters and its owner killed
 * between any two steps.
 *
 * The lock is one word: the writer id of its owner and the bit WAITERS, or 0. A waiter sets the bit
 * in the word that it saw, and sleeps until the word changes. Unlocking exchanges the word for 0,
 * and wakes one waiter if the bit was set. A waiter that has slept acquires the lock with the bit
 * set, because others may still sleep. A waiter that has slept and whose timeout has expired checks
 * the word first: it acquires the lock if it is free, or sets the bit before it leaves. So no
 * wake-up is lost. A killed waiter leaves at most the bit, which the next unlock clears.
 *
 * A step of the model is one access to the lock's word, one check of whether the owner is alive, or
 * one call of futex(2). In the kernel the check of the word and the start of the sleep are one
 * step. A wake-up wakes any one of the sleepers, possibly one that was killed and still exists. A
 * woken process may be killed before it checks the word. A waiter is in asleep[], so a process that
 * waits for ever is an invalid end state.
 *
 * While all processes are alive, the end of a sleep interval wakes no process, so that it cannot
 * hide a lost wake-up. After a kill, it may at any time wake a process that would find the word
 * changed or the owner dead. A process that would find neither would sleep again; for it the
 * interval ends at most SLICES times for each acquisition of the lock, so that the model does not
 * loop.
 *
 * Each acquisition waits without a limit, or with a timeout that may have expired at any check.
 *
 * `holder` is the process that has the lock, dead or alive. No process may get the lock from a
 * living holder. A process that gets the lock must receive E_OWNER_DIED if, and only if, there was
 * a dead holder.
 *
 * Left out: loads that see an old word (the swap, or the kernel, checks again; a woken process sees
 * the earlier stores), the spins before the first sleep (they only delay the first check), signals
 * that end a sleep, reused writer ids, and fairness.
 *
 * Sizes: PROCS handles, 2 to 4, that lock and unlock OPS times each; at most DEATHS kills in total;
 * SLICES.
 *
 * Each of these breaks the protocol, and the check must find an error:
 * NO_BIT             a waiter does not set the bit
 * BIT_APART          the bit is a separate word: set before the check of the lock, cleared by an
 *                    unlock that wakes
 * TAKE_WITHOUT_BIT   a waiter that has slept acquires the lock without the bit
 * LEAVE_WITHOUT_BIT  a waiter that has slept leaves without setting the bit
 * WAKE_FIRST         unlocking wakes before the word is 0
 * UNLOCK_BLINDLY     unlocking loads the bit, and then stores 0
 * TIME_FIRST         a woken process checks the time before the word, and leaves with the wake-up
 *                    if the timeout has expired
 * STEAL_BLINDLY      a dead owner's lock is taken over by a store, even if another process took it
 *                    first
 * NOT_REPORTED       the process that takes over does not receive E_OWNER_DIED
 * NO_SLICE           only a wake-up or the timeout ends a sleep
 */
#ifndef PROCS
#define PROCS 3
#endif
#ifndef OPS
#define OPS 2
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef SLICES
#define SLICES 1
#endif

bool dead[PROCS + 1], done[PROCS + 1];

/* The lock's word: 0, or the writer id of its owner with or without the bit. */
#define WAITERS 8
#define ID(w) ((w) & 7)
byte lock;
#ifdef BIT_APART
bool waiters;
#define BIT 0
#else
#define BIT WAITERS
#endif
bool asleep[PROCS + 1]; /* in the kernel, until it is woken */

/*
 * State that no process of the program knows: the id of the process that has the lock, dead or
 * alive; or 0.
 */
byte holder;

#if PROCS == 2
#define DEAD_COUNT (dead[1] + dead[2])
#elif PROCS == 3
#define DEAD_COUNT (dead[1] + dead[2] + dead[3])
#else
#define DEAD_COUNT (dead[1] + dead[2] + dead[3] + dead[4])
#endif

/* The timeouts of an acquisition. */
#define ENDLESS 0
#define SOME 1
#define OVER 2

#define GET(owner_died, bit)                    \
  lock = me | (bit);                         \
  assert(holder == 0 || dead[holder]);       \
  assert((owner_died) == (holder != 0));        \
  holder = me

#ifdef TAKE_WITHOUT_BIT
#define BIT_OF_TAKER 0
#else
#define BIT_OF_TAKER (has_slept -> BIT : 0)
#endif

/* Exchanges the word that was seen. Leaves the enclosing loop if the word has not changed. */
#define TAKE(owner_died, bit)                                  \
  if                                                        \
  :: atomic { lock == owner -> GET(owner_died, bit); break }   \
  :: atomic { lock != owner -> skip }                       \
  fi

#ifdef NOT_REPORTED
#define OWNER_DIED false
#else
#define OWNER_DIED true
#endif

/* Leaves the enclosing loop: E_TIMED_OUT. */
#define CHECK_TIME                       \
  if                                       \
  :: atomic { time != ENDLESS -> break }   \
  :: atomic { time != OVER -> skip }       \
  fi

#define MAY_SLICE (asleep[me] && DEAD_COUNT > 0)

/* shareable__futex_sleep() */
inline sleep_on(seen) {
  has_slept = 1;
  if
  :: atomic { lock == seen -> asleep[me] = 1 };
     if
     :: atomic { !asleep[me] -> skip }
     :: atomic { asleep[me] && time == SOME -> asleep[me] = 0; time = OVER }
#ifndef NO_SLICE
     :: atomic { MAY_SLICE && (lock != seen || dead[ID(seen)]) -> asleep[me] = 0 }
     :: atomic { MAY_SLICE && lock == seen && !dead[ID(seen)] && slices > 0 -> slices--; asleep[me] = 0 }
#endif
     fi
  :: atomic { lock != seen -> skip }
  fi
}

#ifdef LEAVE_WITHOUT_BIT
#define MAY_LEAVE_WITHOUT_BIT (time != ENDLESS)
#else
#define MAY_LEAVE_WITHOUT_BIT (time != ENDLESS && !has_slept)
#endif
#ifdef NO_BIT
#define SET_BIT skip
#else
#define SET_BIT lock = lock | BIT; owner = lock
#endif

/* The owner is alive. */
inline set_bit_and_sleep() {
  if
  :: atomic { lock == owner -> SET_BIT };
#ifndef TIME_FIRST
     CHECK_TIME;
#endif
     sleep_on(owner)
  :: atomic { lock != owner -> skip }
  fi
}

/* wait_for() */
inline wait_for() {
  do
#ifdef TIME_FIRST
  :: CHECK_TIME;
     owner = lock;
#elif defined(BIT_APART)
  :: waiters = 1;
     owner = lock;
#else
  :: owner = lock;
#endif
     if
     :: atomic { owner == 0 -> skip };
        TAKE(false, BIT_OF_TAKER)
     :: atomic { owner != 0 && dead[ID(owner)] -> skip };
#ifdef STEAL_BLINDLY
        atomic { GET(OWNER_DIED, BIT); break }
#else
        TAKE(OWNER_DIED, BIT)
#endif
     :: atomic { owner != 0 && !dead[ID(owner)] && MAY_LEAVE_WITHOUT_BIT -> break } /* E_TIMED_OUT without a sleep */
     :: atomic { owner != 0 && !dead[ID(owner)] -> skip };
        set_bit_and_sleep()
     fi
  od;
#ifdef BIT_APART
  waiters = 1
#endif
}

/* shareable_list_lock(). A process that does not get the lock at once sets `time` and `slices`. */
inline lock_list() {
  if
  :: atomic { op < OPS && lock == 0 -> op++; GET(false, 0) }
  :: atomic { op < OPS && lock != 0 -> op++; slices = SLICES; if :: time = ENDLESS :: time = SOME fi };
     wait_for();
     atomic { owner = 0; time = ENDLESS; slices = 0; has_slept = 0 }
  fi
}

#define UNLOCK assert(ID(lock) == me && holder == me); lock = 0; holder = 0

inline wake_one() {
  if
  :: atomic { asleep[1] -> asleep[1] = 0 }
  :: atomic { asleep[2] -> asleep[2] = 0 }
#if PROCS > 2
  :: atomic { asleep[3] -> asleep[3] = 0 }
#endif
#if PROCS > 3
  :: atomic { asleep[4] -> asleep[4] = 0 }
  :: atomic { !asleep[1] && !asleep[2] && !asleep[3] && !asleep[4] -> skip }
#elif PROCS > 2
  :: atomic { !asleep[1] && !asleep[2] && !asleep[3] -> skip }
#else
  :: atomic { !asleep[1] && !asleep[2] -> skip }
#endif
  fi
}

/* shareable_list_unlock() */
inline unlock_list() {
#if defined(BIT_APART)
  atomic { UNLOCK };
  if
  :: atomic { waiters -> skip };
     if
     :: atomic { waiters -> waiters = 0 }; wake_one()
     :: atomic { !waiters -> skip }
     fi
  :: atomic { !waiters -> skip }
  fi
#elif defined(WAKE_FIRST)
  if
  :: atomic { (lock & WAITERS) -> skip }; wake_one()
  :: atomic { !(lock & WAITERS) -> skip }
  fi;
  atomic { UNLOCK }
#elif defined(UNLOCK_BLINDLY)
  if
  :: atomic { (lock & WAITERS) -> skip };
     atomic { UNLOCK };
     wake_one()
  :: atomic { !(lock & WAITERS) -> skip };
     atomic { UNLOCK }
  fi
#else
  if
  :: atomic { (lock & WAITERS) -> UNLOCK }; wake_one()
  :: atomic { !(lock & WAITERS) -> UNLOCK }
  fi
#endif
}

#define FORGET op = 0; owner = 0; time = ENDLESS; slices = 0; has_slept = 0

proctype Handle(byte me) {
  byte op, owner, time, slices;
  bool has_slept;

  {
    do
    :: lock_list();
       if
       :: atomic { holder == me -> skip };
          unlock_list()
       :: atomic { holder != me -> skip }
       fi
    :: atomic { op == OPS -> done[me] = 1; op = 0; break }
    od
  } unless { atomic { dead[me] -> asleep[me] = 0; FORGET } }
}

/*
 * SIGKILL. The Reaper may kill fewer processes than DEATHS. Otherwise the kill of a process that
 * waits for ever would hide that it does.
 */
#define KILL(p) DEAD_COUNT < DEATHS && !dead[p] && !done[p] -> dead[p] = 1

proctype Reaper() {
end:
  do
  :: atomic { KILL(1) }
  :: atomic { KILL(2) }
#if PROCS > 2
  :: atomic { KILL(3) }
#endif
#if PROCS > 3
  :: atomic { KILL(4) }
#endif
  :: atomic { DEAD_COUNT < DEATHS -> break }
  od
}

init {
  byte p;

  atomic {
    run Reaper();
    p = 1;
    do
    :: p <= PROCS -> run Handle(p); p++
    :: else -> p = 0; break
    od
  };
  atomic { _nr_pr <= 2 -> assert(lock == 0 || dead[ID(lock)]) } /* the Reaper may still run */
}
