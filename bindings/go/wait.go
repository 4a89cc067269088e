package shareable

import (
	"context"
	"sync"
	"syscall"
	"time"
)

// A goroutine first waits in C for a short time, because that is the fastest way to be woken. It
// occupies a system thread, and notices neither Close nor the end of its context, so only a few
// goroutines of the process do that at a time. Then it joins the others, which the watcher wakes.
const (
	briefWait  = 2 * time.Millisecond
	briefWaits = 2

	// If the system refuses a thread or a descriptor, pollInterval is the time between two checks,
	// and retryInterval the time between two attempts to create the watch.
	pollInterval  = 10 * time.Millisecond
	retryInterval = 100 * time.Millisecond
)

var waitingInC = make(chan struct{}, briefWaits)

// check checks once whether a wait has ended, or waits for that in C for a time in nanoseconds. It
// returns ErrTimedOut if the wait has not ended.
type check func(timeout int64) int

// left returns the time after which a wait must check again. 0 or nil is no limit.
type left func() time.Duration

// wait repeats the check until it no longer returns ErrTimedOut: what the key is has changed, or
// the handle has the lock. It returns the status of that check, or the context's error if the
// context ends first. The hash is that of the list, and is used only for a list.
func (m *Memory) wait(ctx context.Context, key waitKey, hash uint64, check check, left left) (int, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	status := m.callC(0, check)
	if Status(status) == ErrTimedOut {
		status = m.waitBriefly(ctx, check)
	}
	if Status(status) != ErrTimedOut {
		return status, nil
	}
	return m.waitJoined(ctx, key, hash, check, left)
}

// waitBriefly waits in C, unless too many goroutines do.
func (m *Memory) waitBriefly(ctx context.Context, check check) int {
	timeout := briefWait
	if deadline, ok := ctx.Deadline(); ok {
		if left := time.Until(deadline); left < timeout {
			timeout = left
		}
	}
	if timeout <= 0 {
		return int(ErrTimedOut)
	}
	select {
	case waitingInC <- struct{}{}:
	default:
		return int(ErrTimedOut)
	}
	status := m.callC(timeout, check)
	<-waitingInC
	return status
}

// waitJoined sleeps between the checks until the watcher wakes it.
func (m *Memory) waitJoined(ctx context.Context, key waitKey, hash uint64, check check, left left) (int, error) {
	w := newWaiter()
	defer m.dequeue(w)
	for {
		joined := m.enqueue(w, key, hash)
		if status := m.callC(0, check); Status(status) != ErrTimedOut {
			return status, nil
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		var limit time.Duration
		if left != nil {
			limit = left()
		}
		w.sleep(ctx, joined, limit)
		if status := m.callC(0, check); Status(status) != ErrTimedOut {
			return status, nil
		}
	}
}

// sleep sleeps until the goroutine must check again or the context ends. If the limit is not 0, it
// sleeps no longer than that.
func (w *waiter) sleep(ctx context.Context, joined bool, limit time.Duration) {
	var interval <-chan struct{}
	var expired <-chan time.Time
	if !joined {
		interval = polling.next()
	} else if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-w.ready:
	case <-ctx.Done():
	case <-interval:
	case <-expired:
	}
}

// pause ends the sleep of all goroutines that poll at the same time. One goroutine sleeps for them
// in a system call: the Go runtime ends the program if it starts its first timer without a
// descriptor.
type pause struct {
	mu    sync.Mutex
	ended chan struct{} // nil if no goroutine polls
}

var polling pause

// next returns a channel that is closed within pollInterval.
func (p *pause) next() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended == nil {
		p.ended = make(chan struct{})
		go p.sleep()
	}
	return p.ended
}

func (p *pause) sleep() {
	interval := syscall.NsecToTimespec(int64(pollInterval))
	syscall.Nanosleep(&interval, nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.ended)
	p.ended = nil
}

func (m *Memory) callC(timeout time.Duration, check check) int {
	return m.call(func(uintptr) int { return check(int64(timeout)) })
}
