package shareable

import (
	"context"

	"shareable/internal/raw"
)

// Lock locks the list. The lock is advisory: reads and writes of items do not take it. It works
// between processes of any language, between goroutines and between handles. The handle holds the
// lock, not the goroutine that called Lock. The lock is not recursive: a second Lock through the
// handle waits for Unlock. All goroutines that wait through one handle use one system thread, and
// get the lock in about the order in which they called Lock.
//
// If the error is [ErrOwnerDied], this handle has the lock, but the previous holder died, or closed
// its handle, without unlocking: the data that the lock guards may be incomplete. After any other
// error the handle does not have the lock. If the context ends first, the error is ctx.Err(). A nil
// context never ends. If another goroutine closes the list, the error is [ErrClosed]. Lock notices
// either within 50 milliseconds. The other errors are [ErrReadOnly], [ErrNoSync] and [ErrSystem].
func (l *List) Lock(ctx context.Context) error {
	m := l.orClosed()
	status, err := m.waitPolling(ctx, m.queues.init().lock, func(timeout int64) int {
		return raw.List_lock(m.list, timeout)
	})
	if err == nil {
		err = m.listError(status)
	}
	return err
}

// TryLock locks the list if it is not locked, and reports whether it did. If the list is locked,
// also through this handle, it returns false and no error. If the previous holder died, it returns
// true and an error that is [ErrOwnerDied]. See [List.Lock].
func (l *List) TryLock() (bool, error) {
	m := l.orClosed()
	m.mu.RLock()
	status := raw.List_lock(m.list, 0)
	m.mu.RUnlock()
	if Status(status) == ErrTimedOut {
		return false, nil
	}
	return status == 0 || Status(status) == ErrOwnerDied, m.listError(status)
}

// Unlock unlocks the list. Any goroutine may call it. It fails with [ErrNotLocked] if this handle
// does not have the lock, or with [ErrClosed] or [ErrNoSync].
func (l *List) Unlock() error {
	m := l.orClosed()
	m.mu.RLock()
	status := raw.List_unlock(m.list)
	m.mu.RUnlock()
	return m.listError(status)
}

// listError returns the error for a status about the whole list, or nil for success.
func (m *Memory) listError(status int) error {
	if status == 0 {
		return nil
	}
	cerr := new(raw.Error)
	m.mu.RLock()
	raw.List_explain(m.list, status, cerr)
	m.mu.RUnlock()
	return goError(cerr)
}
