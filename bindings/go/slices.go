package shareable

import (
	"context"
	"time"
)

// The times to wait in C in one call. They limit how long Close and the end of a context take
// effect late.
const (
	longestSlice  = 50 * time.Millisecond
	shortestSlice = time.Millisecond
)

// inSlices calls wait repeatedly, each time with a number of nanoseconds to wait in C, until wait
// returns another status than over. It returns that status, or the error of the context if the
// context ends first.
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

// inTurn waits in C if it gets a place, and otherwise only checks.
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

// sliceOf returns how long to wait in one call: until about the context's deadline, within the
// limits.
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
