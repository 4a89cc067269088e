package shareable

import (
	"context"

	"shareable/internal/raw"
)

// Wait waits until an item differs from old, then reads the item and returns it as [List.Get] does.
// Old may have any type that [List.Set] takes. Values compare as in [List.Count]: 1.0 does not
// differ from 1, and a NaN differs from itself. If the item already differs, Wait returns at once.
// If an item changes and changes back between two checks, Wait does not notice. The caller must not
// change a []byte that it passed until Wait returns.
//
// Every write by this library wakes Wait, in any process, goroutine, handle and language. A write
// that bypasses the library, by stock Python or to the block's memory, wakes no waiter; Wait notices
// it within 50 milliseconds. A [ReadOnly] handle cannot be woken, and neither can a waiter on a list
// without a sync area ([NoSync], or made by stock Python). In these cases, Wait notices a write
// within 10 milliseconds.
//
// Any number of goroutines may wait, through any number of handles. At most two of them occupy a
// system thread, for the first 2 milliseconds of their wait. Then they share a few threads of the C
// library with all goroutines of the process that wait. These threads exist while goroutines wait,
// and for a second after that. They check each item that is waited for every 50 milliseconds,
// however many goroutines wait for it. If the system refuses a thread or a descriptor, the
// goroutines check every 10 milliseconds.
//
// If the context ends first, or has ended before, the error is ctx.Err(). A nil context never ends.
// If another goroutine closes the list, the error is [ErrClosed]. Wait notices either at once, or
// within 2 milliseconds after it was called. It also fails with [ErrValueType] or [ErrOverflow] if
// no item can have the value old, or with the errors of [List.Get]. If another process has
// truncated the block, the call raises SIGBUS.
func (l *List) Wait(ctx context.Context, index int, old any) (any, error) {
	m := l.orClosed()
	s, invalid := scalarOf(old)
	if invalid != 0 {
		return nil, m.searchError(invalid, old)
	}
	var item raw.Item
	status, err := m.wait(ctx, m.keyOf(index), 0, func(timeout int64) (status int) {
		item, status = raw.Wait(m.list, index, uint32(s.kind), s.bits, s.text, timeout)
		return status
	}, nil)
	if err != nil {
		return nil, err
	}
	if status != 0 {
		return nil, m.itemError(index, status)
	}
	return goValue(item), nil
}

// keyOf returns the key of an item. The index may count from the end, and may be out of range.
func (m *Memory) keyOf(index int) waitKey {
	if index < 0 {
		return waitKey{item: index + m.length}
	}
	return waitKey{item: index}
}

// Hash returns a hash of all items of the list. The hash changes when any item changes its type
// or value. It is never 0, and it is the same through every handle and in every language. It is not
// a cryptographic hash. The time that Hash takes is proportional to the size of the list.
//
// It fails with [ErrClosed] or [ErrNotReady]. If another process has truncated the block, the call
// raises SIGBUS.
func (l *List) Hash() (uint64, error) {
	m := l.orClosed()
	var hash uint64
	status := m.call(func(list uintptr) (status int) {
		hash, status = raw.Hash(list)
		return status
	})
	return hash, m.listError(status)
}

// WaitAny waits until the list's hash differs from the given hash, and returns the new hash.
// That is, it waits until any item has changed since WaitAny or [List.Hash] returned the given
// hash. No change between two calls is missed. A hash is never 0, so in a loop that begins with
// 0, the first call returns at once:
//
//	for hash := uint64(0); ; {
//		var err error
//		if hash, err = list.WaitAny(ctx, hash); err != nil {
//			return err
//		}
//		show(list)
//	}
//
// The same writes wake WaitAny and [List.Wait]. Each check takes as long as [List.Hash]. For writes
// that wake no waiter, one thread checks the lists that goroutines wait for, and uses at most 0.5 %
// of a processor for that. So WaitAny may notice such a write of a list of megabytes only after more
// than 50 milliseconds. For such a list, use [List.Wait] for one item that counts the changes.
// The end of the context, or Close, ends WaitAny only after the check in progress.
//
// If the context ends first, or has ended before, the error is ctx.Err(). A nil context never ends.
// If another goroutine closes the list, the error is [ErrClosed]. On failure, WaitAny returns the
// given hash. If another process has truncated the block, the call raises SIGBUS.
func (l *List) WaitAny(ctx context.Context, hash uint64) (uint64, error) {
	m := l.orClosed()
	status, err := m.wait(ctx, waitKey{item: anyItem}, hash, func(timeout int64) (status int) {
		hash, status = raw.WaitAny(m.list, hash, timeout)
		return status
	}, nil)
	if err == nil {
		err = m.listError(status)
	}
	return hash, err
}
