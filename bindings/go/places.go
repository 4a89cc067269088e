package shareable

import (
	"context"
	"sync"
	"time"
)

// A goroutine that waits in C keeps a system thread, and Go ends a program that has 10,000. Also,
// each one that stops waiting for an item wakes the others that wait for it, to check. So only a
// few goroutines of a handle wait in C at a time. The others queue for a place, and check by
// themselves if that takes long.
const (
	placesToWait = 2
	placesToLock = 1 // only one can get the lock
	patience     = 50 * time.Millisecond

	linesOfItems = 16 // waiters for different items rarely share one
)

// places is a semaphore. It contains one value for each place that is taken.
type places chan struct{}

// enter takes a place and reports whether one became free in time.
func (p places) enter(ctx context.Context) bool {
	select {
	case p <- struct{}{}:
		return true
	default:
		return p.standInLine(ctx)
	}
}

func (p places) standInLine(ctx context.Context) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case p <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (p places) leave() { <-p }

// lines contains the semaphores of a list's handle.
type lines struct {
	made  sync.Once
	items [linesOfItems]places // for Wait, by the item's index
	any   places               // for WaitAny
	lock  places
}

func (l *lines) get() *lines {
	l.made.Do(func() {
		for i := range l.items {
			l.items[i] = make(places, placesToWait)
		}
		l.any = make(places, placesToWait)
		l.lock = make(places, placesToLock)
	})
	return l
}

func (l *lines) of(index int) places {
	return l.get().items[uint(index)%linesOfItems]
}
