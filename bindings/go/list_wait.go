package shareable

import (
	"context"

	"shareable/internal/raw"
)

// Wait waits until an item is something else than old, which is of any type that [List.Set] takes, and returns what the
// item is when it is read after that, as [List.Get] does. They are compared as by [List.Count]: 1.0 is nothing else
// than 1, and a NaN is something else than itself. Where the item is something else already, that is no waiting; what
// changes and changes back between two looks has not changed. A []byte is not to be written to meanwhile.
//
// Every write by this library wakes it, by whichever process, goroutine or handle, and in whatever language; no
// processor is kept busy meanwhile. What is written past the library, by stock Python or to the block's memory, wakes
// nobody, and is found within 50 milliseconds. Through a handle that is [ReadOnly], and on a list without a sync area
// ([Plain], or stock Python's), nobody can be woken: there it looks again every 0.1 to 10 milliseconds.
//
// Any number of goroutines may wait. Of those that wait for one item through one handle, two at a time keep a thread of
// the system each, and are woken at once; each that finds what it waits for lets in the next, so that all are woken in a
// row. Items whose indexes are a multiple of 16 apart share these two places: who does not get one looks every 50
// milliseconds.
//
// An error is ctx.Err() as it is where the context ends first, or has ended before, which nil never does; [ErrClosed],
// also where the list is closed meanwhile; [ErrValueType] or [ErrOverflow], which are about old; or that of [List.Get].
// Either end is noticed within 50 milliseconds.
func (l *List) Wait(ctx context.Context, index int, old any) (any, error) {
	m := l.orNone()
	s, refused := scalarOf(old)
	if refused != 0 {
		return nil, m.explainWanted(refused, old)
	}
	var item raw.Item
	status, err := m.inSlices(ctx, m.lines.of(index), ErrUnchanged, func(slice int64) (status int) {
		item, status = raw.Wait(m.list, index, uint32(s.kind), s.bits, s.text, slice)
		return status
	})
	if err != nil {
		return nil, err
	}
	if status != 0 {
		return nil, m.explain(index, status)
	}
	return goValue(item), nil
}

// Digest returns a number for all that the list holds: another one as soon as any item is another, in type or worth. It
// is never 0, and the same through every handle and in every language. It proves nothing against who wants to deceive.
// It takes time as the list has bytes.
//
// It fails with [ErrClosed].
func (l *List) Digest() (uint64, error) {
	m := l.orNone()
	m.mu.RLock()
	digest, status := raw.Digest(m.list)
	m.mu.RUnlock()
	if status != 0 {
		return 0, m.explainList(status)
	}
	return digest, nil
}

// WaitAny waits, as [List.Wait], until the list's digest is another than the one given, and returns the new one: so
// until any item has changed since that one was returned, by WaitAny or by [List.Digest]. Nothing is missed between two
// calls, and a loop that begins with 0, which no digest is, begins with what there is:
//
//	for digest := uint64(0); ; {
//		var err error
//		if digest, err = list.WaitAny(ctx, digest); err != nil {
//			return err
//		}
//		show(list)
//	}
//
// It wakes by what wakes [List.Wait]. Each look takes the time of [List.Digest], and it looks some times in every 50
// milliseconds even where nothing changes: of a list of megabytes, rather wait for one item that says what is new.
//
// An error is ctx.Err() as it is where the context ends first, or has ended before, which nil never does, or
// [ErrClosed], also where the list is closed meanwhile. The digest then is the one given.
func (l *List) WaitAny(ctx context.Context, digest uint64) (uint64, error) {
	m := l.orNone()
	status, err := m.inSlices(ctx, m.lines.get().any, ErrUnchanged, func(slice int64) (status int) {
		digest, status = raw.WaitAny(m.list, digest, slice)
		return status
	})
	if err == nil {
		err = m.explainList(status)
	}
	return digest, err
}
