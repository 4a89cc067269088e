package shareable

import (
	"context"
	"sync"
	"time"
)

// Who waits in C keeps a thread of the system, of which Go ends a program that has 10,000, and whoever of them stops
// waiting for an item wakes the others that wait for it, to look. So of a handle's goroutines only so many are there at
// a time; the others stand in line, and look themselves where that takes long.
const (
	placesToWait = 2
	placesToLock = 1 // no more than one can get it
	patience     = 50 * time.Millisecond

	linesOfItems = 16 // who waits for different items rarely stands in the same
)

// places is one send for each place that is taken.
type places chan struct{}

// enter takes a place, and reports whether one came free in time.
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

// lines are the places of a list's handle.
type lines struct {
	made  sync.Once
	items [linesOfItems]places // for those who wait for an item
	any   places               // for those who wait for anything
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
