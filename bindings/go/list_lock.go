package shareable

import (
	"context"
	"runtime"

	"shareable/internal/raw"
)

// Lock locks the list. The lock is advisory: reads and writes of items do not take it. It works
// between processes of any language, between goroutines and between handles. The handle holds the
// lock, not the goroutine that called Lock. The lock is not recursive: a second Lock through the
// handle waits for Unlock. Goroutines wait as in [List.Wait], and those that wait through one handle
// get the lock in about the order in which they called Lock.
//
// If the error is nil, this handle has the lock. Then ownerDied reports whether the previous
// holder died, or closed its handle, without unlocking: the data that the lock guards may be
// incomplete. After an error the handle does not have the lock. If the context ends first, the
// error is ctx.Err(). A nil context never ends. If another goroutine closes the list, the error is
// [ErrClosed]. Lock notices either at once, or within 2 milliseconds after it was called. The
// other errors are [ErrReadOnly], [ErrNoSync] and [ErrSystem]. If another process has truncated
// the block, the call raises SIGBUS.
func (l *List) Lock(ctx context.Context) (ownerDied bool, err error) {
	m := l.orClosed()
	status, err := m.wait(ctx, waitKey{item: listLock}, 0, m.lock, nil)
	if err != nil {
		return false, err
	}
	return m.lockResult(status)
}

// TryLock locks the list if it is not locked, and returns whether it did, and whether the previous
// holder died. If the list is locked, also through this handle, it returns false and no error.
// After an error the handle does not have the lock. See [List.Lock]. If another process has
// truncated the block, the call raises SIGBUS.
func (l *List) TryLock() (locked, ownerDied bool, err error) {
	m := l.orClosed()
	status := m.callC(0, m.lock)
	if Status(status) == ErrTimedOut {
		return false, false, nil
	}
	ownerDied, err = m.lockResult(status)
	return err == nil, ownerDied, err
}

// The first call through a handle may make it a writer, which takes a lock of this process. If many
// goroutines waited for that lock in C, each would occupy a system thread.
var firstLocks = make(chan struct{}, 2)

// lock tries to lock the list in C. The caller has acquired the handle.
func (m *Memory) lock(timeout int64) int {
	if m.locked.Load() {
		return raw.List_lock(m.list, timeout)
	}
	firstLocks <- struct{}{}
	defer func() { <-firstLocks }()
	status := raw.List_lock(m.list, timeout)
	m.locked.Store(true)
	return status
}

// lockResult returns the result of an attempt that has ended.
func (m *Memory) lockResult(status int) (ownerDied bool, err error) {
	if Status(status) == ErrOwnerDied {
		return true, nil
	}
	return false, m.listError(status)
}

// Unlock unlocks the list. Any goroutine may call it. It fails with [ErrNotLocked] if this handle
// does not have the lock, or with [ErrClosed] or [ErrNoSync]. If another process has truncated the
// block, the call raises SIGBUS.
func (l *List) Unlock() error {
	m := l.orClosed()
	return m.listError(m.call(raw.List_unlock))
}

// listError returns the error for a status about the whole list, or nil for success.
func (m *Memory) listError(status int) error {
	if status == 0 {
		return nil
	}
	cerr := new(raw.Error)
	if m.acquire() {
		defer m.release()
	} else {
		status = int(ErrClosed) // this message needs no access to the list
	}
	raw.List_explain(m.list, status, cerr)
	runtime.KeepAlive(m)
	return goError(cerr)
}
