package shareable

import (
	"context"
	"time"
)

// How long to wait in C at a time: nobody who closes the list or ends the context has to wait for longer.
const (
	longestSlice  = 50 * time.Millisecond
	shortestSlice = time.Millisecond
)

// inSlices calls what waits in C for so many nanoseconds, again and again, until it answers something else than that
// the time is over: that is the status. Or the context ends: that is the error.
func (m *Memory) inSlices(ctx context.Context, p places, over Status, wait func(slice int64) int) (int, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	status := m.inC(0, wait)
	for Status(status) == over {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		status = m.inTurn(ctx, p, wait)
	}
	return status, nil
}

// inTurn waits where there is a place, and looks where there is none.
func (m *Memory) inTurn(ctx context.Context, p places, wait func(slice int64) int) int {
	if !p.enter(ctx) {
		return m.inC(0, wait)
	}
	defer p.leave()
	return m.inC(sliceOf(ctx), wait)
}

func (m *Memory) inC(slice time.Duration, wait func(slice int64) int) int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return wait(int64(slice))
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
