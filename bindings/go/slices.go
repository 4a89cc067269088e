package shareable

import (
	"context"
	"time"
)

// How long to wait in C at a time: nobody who closes the list or ends the context has to wait for longer.
const (
	longestSlice  = 20 * time.Millisecond
	shortestSlice = time.Millisecond
)

// inSlices calls what waits in C for so many nanoseconds, again and again, until it answers something else than that
// the time is over: that is the status. Or the context ends: that is the error.
func (m *Memory) inSlices(ctx context.Context, over Status, wait func(slice int64) int) (int, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		slice := int64(sliceOf(ctx))
		m.mu.RLock()
		status := wait(slice)
		m.mu.RUnlock()
		if Status(status) != over {
			return status, nil
		}
	}
}

// sliceOf is how long to wait at once: not much past the context's deadline.
func sliceOf(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return longestSlice
	}
	switch left := time.Until(deadline); {
	case left > longestSlice:
		return longestSlice
	case left < shortestSlice:
		return shortestSlice
	default:
		return left
	}
}
