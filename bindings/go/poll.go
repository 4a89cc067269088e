package shareable

import (
	"context"
	"time"
)

// Limits of the time that one call waits in C. A call in C notices neither Close nor the end of a
// context, so both may take effect this much later.
const (
	maxTimeout = 50 * time.Millisecond
	minTimeout = time.Millisecond
)

// waitPolling calls wait with a timeout in nanoseconds until wait returns a status other than
// ErrTimedOut. It returns that status, or the context's error if the context ends first.
func (m *Memory) waitPolling(ctx context.Context, s semaphore, wait func(timeout int64) int) (int, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	status := m.callC(0, wait)
	for Status(status) == ErrTimedOut {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		status = m.waitQueued(ctx, s, wait)
	}
	return status, nil
}

// waitQueued waits in C if it acquires the semaphore in time. Otherwise it checks once, without
// waiting.
func (m *Memory) waitQueued(ctx context.Context, s semaphore, wait func(timeout int64) int) int {
	if !s.acquire(ctx) {
		return m.callC(0, wait)
	}
	defer s.release()
	return m.callC(timeoutOf(ctx), wait)
}

func (m *Memory) callC(timeout time.Duration, wait func(timeout int64) int) int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return wait(int64(timeout))
}

// timeoutOf returns how long one call may wait: until about the context's deadline, within the
// limits.
func timeoutOf(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return maxTimeout
	}
	switch left := time.Until(deadline); {
	case left > maxTimeout:
		return maxTimeout
	case left < minTimeout:
		return minTimeout
	default:
		return left
	}
}
