package shareable

import (
	"context"

	"shareable/internal/raw"
)

// Lock locks the list for whatever its users agree that the lock guards: reads and writes of items do not ask for it.
// It works among processes of any language, goroutines and handles. It belongs to the handle, whichever goroutine took
// it, and is not recursive: to take it twice is to wait for oneself. Goroutines that wait through one handle keep one
// thread of the system, however many they are, and get the lock in about the order in which they came.
//
// An error that is [ErrOwnerDied] says that the lock is taken all the same, but that the one before died, or closed its
// handle, without unlocking: what the lock guards may be half done. Any other says that it is not taken: ctx.Err()
// as it is where the context ends first, which nil never does; [ErrClosed], also where the list is closed meanwhile;
// [ErrReadOnly], [ErrNoSync] or [ErrSystem]. That either ends is noticed within 50 milliseconds.
func (l *List) Lock(ctx context.Context) error {
	m := l.orNone()
	status, err := m.inSlices(ctx, m.lines.get().lock, ErrTimedOut, func(slice int64) int {
		return raw.List_lock(m.list, slice)
	})
	if err == nil {
		err = m.explainList(status)
	}
	return err
}

// TryLock locks the list, as [List.Lock], if nobody has it, and reports whether it did: false without an error where
// somebody has it, this handle included; true with an error that is [ErrOwnerDied] where the one before died.
func (l *List) TryLock() (bool, error) {
	m := l.orNone()
	m.mu.RLock()
	status := raw.List_lock(m.list, 0)
	m.mu.RUnlock()
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

// explainList makes the error of a status about the list, nil where it is none.
func (m *Memory) explainList(status int) error {
	if status == 0 {
		return nil
	}
	answer := new(raw.Error)
	m.mu.RLock()
	raw.List_explain_whole(m.list, status, answer)
	m.mu.RUnlock()
	return told(answer)
}
