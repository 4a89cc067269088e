package shareable

import (
	"context"
	"time"
)

// Who waits in C keeps a thread of the system, of which Go ends a program that has 10,000, and whoever of them stops
// waiting for an item wakes the others to look. So of a handle's goroutines only that many are there at a time; the
// others stand in line, and look themselves where that takes long.
const (
	placesToWait = 4
	placesToLock = 1 // no more than one can get it
	patience     = 50 * time.Millisecond
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
