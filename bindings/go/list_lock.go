package shareable

import (
	"context"
	"time"

	"shareable/internal/raw"
)

// How long to wait in C at a time: nobody who closes the list or ends the context has to wait for longer.
const (
	longestSlice  = 20 * time.Millisecond
	shortestSlice = time.Millisecond
)

// Lock locks the list for whatever its users agree that the lock guards: reads and writes of items do not ask for it.
// It works among processes of any language, goroutines and handles. It belongs to the handle, whichever goroutine took
// it, and is not recursive: to take it twice is to wait for oneself. A goroutine that waits keeps a thread of the
// system.
//
// An error that is [ErrOwnerDied] says that the lock is taken all the same, but that the one before died, or closed its
// handle, without unlocking: what the lock guards may be half done. Any other says that it is not taken: ctx.Err()
// as it is where the context ends first, which nil never does; [ErrClosed], also where the list is closed meanwhile;
// [ErrReadOnly], [ErrNoSync] or [ErrSystem].
func (l *List) Lock(ctx context.Context) error {
	if ctx == nil {
		ctx = context.Background()
	}
	m := l.orNone()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		status := m.lock(sliceOf(ctx))
		if Status(status) != ErrTimedOut {
			return m.explainList(status)
		}
	}
}

// TryLock locks the list, as [List.Lock], if nobody has it, and reports whether it did: false without an error where
// somebody has it, this handle included; true with an error that is [ErrOwnerDied] where the one before died.
func (l *List) TryLock() (bool, error) {
	m := l.orNone()
	status := m.lock(0)
	if Status(status) == ErrTimedOut {
		return false, nil
	}
	return status == 0 || Status(status) == ErrOwnerDied, m.explainList(status)
}

// Unlock unlocks the list, from any goroutine. It fails with [ErrNotLocked] where this handle does not have the lock,
// [ErrClosed] or [ErrNoSync].
func (l *List) Unlock() error {
	m := l.orNone()
	m.mu.RLock()
	status := raw.List_unlock(m.list)
	m.mu.RUnlock()
	return m.explainList(status)
}

func (m *Memory) lock(timeout time.Duration) int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return raw.List_lock(m.list, int64(timeout))
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

// explainList makes the error of a status about the list, nil where it is none.
func (m *Memory) explainList(status int) error {
	if status == 0 {
		return nil
	}
	return m.explain(0, status)
}
